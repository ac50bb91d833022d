"""What a caller wants, at any time: one of the flow's intents, or one of its answered questions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.flow.person import names_person
from bridge.flow.phrases import Fit, fit, telling
from bridge.flow.vocabulary import word_set
from bridge.flow.words import PAUSE, bare, tokens, words


def best_intent(
    text: str, intents: Sequence[Sequence[str]], *, echo: str = "", at_least: int = 1
) -> int | None:
    """Index of the one entry of `intents` (each a list of phrases) that `text` says, or None.

    All telling words of a phrase must be there, `at_least` that many; the phrase with most of them wins,
    a tie is nobody's.
    Phrases whose words `echo` (the open question) has just used itself do not count. Phrases that stand
    for a person are left to `wants_person`.
    """
    heard = tokens(text)
    echoed = words(echo)
    scored: list[tuple[int, int]] = []
    for index, phrases in enumerate(intents):
        counted = [phrase for phrase in phrases if not names_person(phrase) and not _echoes(phrase, echoed)]
        found = [fitting.matched for phrase in counted if (fitting := fit(heard, phrase)).covered == 1.0]
        if found and max(found) >= at_least:
            scored.append((max(found), index))
    return _single_best(scored)


def _echoes(phrase: str, echoed: tuple[str, ...]) -> bool:
    return bool(echoed) and all(fit(echoed, word).covered == 1.0 for word in telling(words(phrase)))


def best_question(text: str, questions: Sequence[Sequence[str]]) -> int | None:
    """Index of the one entry of `questions` (each a list of wordings) that `text` asks, or None.

    Most of a wording has to be there, or all of `text` among the telling words of one entry's wordings.
    """
    heard = tokens(text)
    scored: list[tuple[int, int]] = []
    for index, wordings in enumerate(questions):
        scores = [_closeness(fit(heard, wording)) for wording in wordings]
        pooled = fit(heard, " ".join(wordings))
        asked = len(telling(words(text)))
        scores.append(90 * asked if pooled.told == 1.0 and asked >= 2 else 0)
        if max(scores):
            scored.append((max(scores), index))
    return _single_best(scored)


def _closeness(found: Fit) -> int:
    enough = found.covered >= 0.6 and (found.told >= 0.5 or found.matched > 2)
    return round(100 * found.matched * found.covered * found.told) if enough else 0


def _single_best(scored: list[tuple[int, int]]) -> int | None:
    if not scored:
        return None
    most = max(score for score, _ in scored)
    best = [index for score, index in scored if score == most]
    return best[0] if len(best) == 1 else None


def split_asked(text: str) -> tuple[str, str]:
    """`text` as (what is stated, what is asked), sentence by sentence.

    A request in the form of a question ("can I have twelve?") is a statement.
    """
    stated: list[str] = []
    asked: list[str] = []
    for sentence in _SENTENCE.findall(text):
        (asked if _is_asking(sentence) else stated).append(sentence)
    return "".join(stated), "".join(asked)


def _is_asking(sentence: str) -> bool:
    spoken = bare(tokens(sentence))
    while spoken and spoken[0] in ("and", "but", PAUSE):
        spoken = spoken[1:]
    if not spoken or _REQUEST.match(" ".join(spoken)):
        return False
    return spoken[0] in _ASKING


_SENTENCE = re.compile(r"[^.!?]*[.!?]*\s*", re.DOTALL)
_REQUEST = re.compile(
    r"(?:can|could|may|would) (?:i|we|you) |(?:what|how) about |why not|is it ok(?:ay)? if "
)
_ASKING = word_set("what when where who whose why how which is are do does did can could will would has have")
