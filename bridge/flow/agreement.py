"""Yes and no in their many forms."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from bridge.flow.vocabulary import phrase_list, word_set
from bridge.flow.words import PAUSE, bare, corrected, tokens

Agreement = Literal["yes", "no"]

_Sign = tuple[Agreement | None, bool]
"""What a phrase says, and whether it says so whatever stands around it."""

_STRONG_YES = phrase_list(
    "yes|yeah|yep|yup|yea|ya|yah|aye|uhhuh|sure|of course|absolutely|definitely|certainly|affirmative",
    "please do|by all means|go ahead|yes please|for sure|you bet|indeed|i think so|i guess so|i suppose so",
    "i believe so|i hope so|no problem|why not|sounds good|sounds great|sounds fine|do it|go for it",
    "correct|exactly|true",
)
_WEAK_YES = phrase_list(
    "ok|okay|right|all right|alright|fine|good|great|perfect|lovely|wonderful|that works|works for me",
    "i would|i do|we do|we would|i am|it is|i will|i have|i can|i would love|love to|i would like that",
    "i want that|that is right|that is fine|that is good|that is great|that is okay|that is ok",
    "that is correct|please|no worries|no doubt",
)
_STRONG_NO = phrase_list(
    "no|nope|nah|naw|uhuh|nay|negative|never|no thanks|no thank you|not really|not at all|not today|not now",
    "not this time|not right now|absolutely not|certainly not|definitely not|of course not|no way|not yet",
    "i do not think so|i do not think i do|i do not believe so|i think not|i guess not|i hope not",
    "rather not|i would rather not|i would prefer not|prefer not|i will pass|no need|not necessary",
    "not needed|none|neither|incorrect|false|please do not",
)
_WEAK_NO = phrase_list(
    "i am good|i am fine|i am okay|i am ok|i am all set|all set|all good|i am all good|we are good",
    "that is all|that is it|that is everything|that will be all|nothing|nothing else|wrong|that is wrong",
)
_NEITHER = phrase_list(
    "i do not know|do not know|i am not sure|not sure|not certain|not so sure|no idea|i have no idea",
    "do not mind|i do not mind|do not care|do not worry|i do not understand|not understand|no rush|no hurry",
    "no one|nobody|maybe|perhaps|depends|yes or no|no or yes|right now|thank you|good morning",
    "good afternoon|good evening|are you sure|i am sorry|i can not hear|can not hear|not hear",
    "good question|say that again",
)
_VOCABULARY: dict[tuple[str, ...], _Sign] = {
    **dict.fromkeys(_STRONG_YES, ("yes", True)),
    **dict.fromkeys(_WEAK_YES, ("yes", False)),
    **dict.fromkeys(_STRONG_NO, ("no", True)),
    **dict.fromkeys(_WEAK_NO, ("no", False)),
    **dict.fromkeys(_NEITHER, (None, False)),
}
_LONGEST = max(map(len, _VOCABULARY))
_CLOSED = frozenset({"i do", "i am", "it is", "i will", "i have", "i can", "i would", "we do", "we would"})
"""Agreement only at the end of what was said: "I do", not "I do wonder"."""

_NO_OF_SOMETHING = word_set("with have has had is are got need want there having")
_ASKING = word_set("what when where who how which is are do does can could will would did am should")
_SHORT = 10
"""Words up to which a weak sign ("fine", "I don't …") counts as an answer."""


@lru_cache(maxsize=512)
def yes_no(text: str) -> Agreement | None:
    """Whether `text` agrees, refuses, or neither says clearly one nor the other."""
    for part in corrected(tokens(text)):
        signs = _signs(part)
        if signs:
            return _verdict(signs, part)
    return None


def closes(text: str) -> bool:
    """True where a caller who was asked whether there is anything else says nothing but that there is not."""
    spoken = tuple(token for token in bare(tokens(text)) if token != PAUSE)
    if " ".join(spoken) in _FAREWELLS:
        return True
    said_all = any(" ".join(spoken).startswith(ending) for ending in _DONE)
    return (said_all or yes_no(text) == "no") and set(spoken) <= _CLOSING_WORDS


def opens(text: str) -> bool:
    """True where a caller who was asked whether there is a question says nothing but that there is one."""
    spoken = set(tokens(text)) - {PAUSE}
    if "question" in spoken and spoken <= _QUESTION_WORDS:
        return True
    return yes_no(text) == "yes" and spoken <= _OPENING_WORDS


_FAREWELLS = frozenset(
    {"bye", "goodbye", "bye bye", "good bye", "see you", "have a nice day", "thank you bye"}
)
_DONE = ("that is all", "that is it", "that is everything", "that will be all", "nothing else", "i am done")
_CLOSING_WORDS = word_set(
    "no nope nah not really at all thanks thank you that is was will be it everything nothing none else for",
    "now today i am we are good fine okay ok great done set have any anything more questions question do",
    "think so need want would like bye goodbye please very much lot a the and rest just perfect lovely thats",
)
_QUESTION_WORDS = word_set(
    "yes yeah yep sure actually i have got do one a another more quick just last final small question well",
)
_OPENING_WORDS = word_set(
    "yes yeah yep yup sure please i do have one there is actually ok okay of course just well uhhuh",
)


def _signs(part: tuple[str, ...]) -> list[tuple[Agreement, bool]]:
    spoken = tuple(token for token in part if token != PAUSE)
    signs: list[tuple[Agreement, bool]] = []
    position = 0
    while position < len(spoken):
        length, sign = _sign_at(spoken, position)
        if sign is not None:
            signs.append(sign)
        position += length
    return signs


def _sign_at(spoken: tuple[str, ...], position: int) -> tuple[int, tuple[Agreement, bool] | None]:
    for length in range(min(_LONGEST, len(spoken) - position), 0, -1):
        phrase = spoken[position : position + length]
        if phrase not in _VOCABULARY:
            continue
        if " ".join(phrase) in _CLOSED and position + length < len(bare(spoken)):
            continue
        meaning, strong = _VOCABULARY[phrase]
        if phrase == ("no",) and position and spoken[position - 1] in _NO_OF_SOMETHING:
            strong = False  # "with no onions"
        return length, None if meaning is None else (meaning, strong)
    if spoken[position] == "not":
        return 2, ("no", False)
    return 1, None


def _verdict(signs: list[tuple[Agreement, bool]], part: tuple[str, ...]) -> Agreement | None:
    strong = {meaning for meaning, certain in signs if certain}
    if strong:
        return strong.pop() if len(strong) == 1 else None
    spoken = [token for token in part if token != PAUSE]
    if len(spoken) > _SHORT or (spoken[0] in _ASKING and spoken[1:2] != ["not"]):
        return None
    weak = {meaning for meaning, _ in signs}
    return weak.pop() if len(weak) == 1 else None
