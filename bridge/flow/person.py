"""Whether a caller asks for a human."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bridge.flow.vocabulary import word_set
from bridge.flow.words import PAUSE, bare, tokens, words

_ADJECTIVES = (
    r"(?:(?:a|an|the|your|any|some|another|one of your|of your|actual|real|live|human|living|breathing|"
    r"proper|different|nice|senior|customer|service|support|sales|store|shop|duty|phone|company|call|"
    r"cent(?:re|er)) )*"
)
_ROLE = (
    r"(?:human being|humans?|agents?|representatives?|rep|operators?|manager|supervisor|advis[eo]r|"
    r"receptionist|attendant|assistant|owner|boss|colleague|persons?|(?:team|staff) member|"
    r"member of (?:the |your )?(?:staff|team)|customer (?:service|support|care))"
)
_ANYBODY = r"(?:someone|somebody|anyone|anybody|people|staff|real people|the staff)"
_DESK = (
    r"(?:sales|support|billing|reception|the \w+ (?:department|team|desk)|"
    r"the (?:office|shop|store|front desk))"
)
_WHO = rf"(?:{_ADJECTIVES}{_ROLE}|{_ADJECTIVES}{_ANYBODY})\b(?! (?:else )?is )"
_ROLE_ONLY = rf"{_ADJECTIVES}{_ROLE}\b"

_TALK = r"(?:speak|talk|chat|converse)"
_HAND = (
    r"(?:connect|transfer|put|pass|patch|switch|hand|direct|redirect|forward|move|send|"
    r"(?:connect|transferr|putt|pass|patch|switch|hand|direct|forward|mov|send)ing)"
)
_CALL = r"(?:this call|my call|the call)"
_WANT = (
    r"(?:want|need|would like|would love|prefer|would rather have|require|request|demand|"
    r"am asking for|asked for)"
)
_ONLY_WITH = (
    r"(?=$| (?:please|now|right|to (?:help|talk|speak|assist|answer)|on the|who|instead|not|in|here|"
    r"for|about|with)\b)"
)
_HELPING = r"(?= (?:to (?:help|talk|speak|assist)|who|on the)\b|$)"
_THERE = r"(?= (?:i|we|who|that|to|available|around|else|there|free)\b|$)"
_MAY_I = r"(?:can|could|may|will|would) (?:i|we) (?:please )?"

_WISHES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_TALK} (?:to|with) (?:{_WHO}|{_DESK}\b)",
        # Recognisers lose the short unstressed word between the two.
        rf"\b(?:speak|talk) (?:a|an|your) {_ROLE_ONLY}",
        rf"(?:^|\b(?:like|prefer|mind|about|want|be) (?:\w+ )?){_TALK}ing (?:to|with) {_WHO}",
        rf"\b{_HAND} (?:me|us|{_CALL}|this)(?: \w+)? (?:through |over |on |back )?(?:to|with) {_WHO}",
        rf"\b{_HAND} (?:me|us) (?:through|over)(?: now| please)*$",
        rf"\btransfer (?:me|us|{_CALL})(?: now| please)*$",
        rf"\b(?:get|give|find|fetch|bring|call|grab) (?:me |us )?{_ROLE_ONLY}{_ONLY_WITH}",
        rf"\b(?:get|give|find|fetch|bring) (?:me |us )?{_ADJECTIVES}{_ANYBODY}{_ONLY_WITH}",
        rf"\b{_WANT} {_ROLE_ONLY}{_ONLY_WITH}",
        rf"\b{_WANT} {_ANYBODY}{_HELPING}",
        rf"\b(?:is|are) there {_WHO}{_THERE}",
        rf"\bis {_WHO} (?:available|free|around)\b",
        rf"\b{_MAY_I}(?:have|get|reach|see) {_ROLE_ONLY}{_ONLY_WITH}",
        rf"\b(?:can|could|will|would) {_WHO} (?:please )?(?:help|speak|talk|assist|call|take over)\b",
        rf"\b(?:have|let|make|ask) {_WHO} (?:call|ring|help|talk to|speak to)\b",
    )
)
_TIRED_OF_BOT = re.compile(
    r"\b(?:not (?:want|like|wish)(?: to)?|hate|stop|sick of|tired of|rather not|no more|fed up with|"
    r"refuse to)"
    rf" (?:\w+ )?{_TALK}(?:ing)? (?:to|with) (?:a |an |the |this |your |some )?"
    r"(?:bot|robot|machine|computer|recording|ai|automated \w+|voice bot|chatbot)\b"
)
_WHOLE = re.compile(rf"(?:{_ROLE_ONLY} ?)+")
_DENIED = re.compile(
    r"(?:\b(?:not|never|without|rather not|no need(?: to)?|instead of|no)"
    r" (?:(?!i\b|we\b|let\b|get\b|but\b)\w+ ){0,3}"
    r"|\bnot (?:think|believe|suppose) (?:that )?(?:i|we) (?:\w+ ){0,3})$"
)
_ABOUT_TALKING = re.compile(
    r"\b(?:am i|are we|was|were|been|did i|do i (?:have|need) to|who|used to|they|he|she|never|"
    r"(?:did|do|have|had|are|were|if|when) you) (?:(?!want|need|like|to)\w+ )?$"
)
_CAN_NOT = re.compile(
    r"^(?:but |so |and )?(?:why )?(?:can|could|may|would) not ?(?:i|we|you)?\b|^why (?:can|do) i not\b"
)
_MENTION = re.compile(rf"\b(?:{_ROLE}|someone|somebody|anyone|anybody)\b")
_TAKEN_BACK = re.compile(r"\b(?:never mind|nevermind|forget it|scratch that)\b")
_FILLER = word_set("hi hello hey please yes yeah ok okay just now right so well sorry sir again said i get a")


@lru_cache(maxsize=256)
def wants_person(text: str) -> bool:
    """True where the caller asks for a human; not where one is only mentioned, or asked not to come."""
    clauses = _clauses(tokens(text))
    wish = False
    for index, clause in enumerate(clauses):
        if _TAKEN_BACK.search(clause):
            wish = False
        elif _asks(clause) or (_names_only(clause) and not _thanks(clauses[:index])):
            wish = True
    return wish


def names_person(phrase: str) -> bool:
    """True where an intent's phrase stands for a person ("agent", "speak to someone")."""
    return wants_person(phrase) or re.fullmatch(_WHO, " ".join(words(phrase))) is not None


def _clauses(found: tuple[str, ...]) -> list[str]:
    clauses: list[list[str]] = [[]]
    for token in found:
        if token == PAUSE:
            clauses.append([])
        else:
            clauses[-1].append(token)
    return [" ".join(clause) for clause in clauses if clause]


def _asks(clause: str) -> bool:
    if _TIRED_OF_BOT.search(clause):
        return True
    clause = _CAN_NOT.sub("can i ", clause)
    for pattern in _WISHES:
        for found in pattern.finditer(clause):
            before = clause[: found.start()]
            if not _DENIED.search(before) and not _ABOUT_TALKING.search(before):
                return True
    return False


def _names_only(clause: str) -> bool:
    spoken = bare(tuple(clause.split()))
    while spoken and spoken[0] in _FILLER:
        spoken = spoken[1:]
    while spoken and spoken[-1] in _FILLER:
        spoken = spoken[:-1]
    return bool(spoken) and "the" not in spoken and _WHOLE.fullmatch(" ".join(spoken)) is not None


def _thanks(clauses: Sequence[str]) -> bool:
    """True where the clause before was a courtesy: "thank you, operator" asks for nothing."""
    return bool(clauses) and bool({"thank", "thanks", "bye", "goodbye"} & set(clauses[-1].split()))


def mentions_person(text: str) -> bool:
    """True where `text` speaks of a human at all, so that an answer to it may do so too."""
    return _MENTION.search(" ".join(words(text))) is not None
