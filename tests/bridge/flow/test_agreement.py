"""Yes and no in their many forms, most of them as a recogniser wrote them down."""

from __future__ import annotations

import pytest

from bridge.flow.agreement import closes, opens, yes_no

YES = """yeah sure|Yes.|Get sure.|yep|yup|yes please|of course|absolutely|go ahead|that's right|sounds good
Uh huh.|mm-hmm|I think so|why not|okay|fine|sure, I don't mind|I do|yes, with no onions|yes I would|please
no problem|no, wait, yes|no I mean yes|Yes, deliver them, please.|that would be great|all right|definitely
yeah, please do|you bet|that's fine|um, yes"""
NO = """nope|No.|not really|I don't think so|no thanks|I'm good. Thanks.|No, that's all.|nah|not today
no thank you|I'd rather not|absolutely not|of course not|I don't|I don't want that|no, that's right|uh-uh
I have no allergies|not at all|No, I'll come and pick them up.|never|no need|that's not right|nothing
yes, no wait, no|I wouldn't|Not now|that won't be necessary|no don't do that|sorry, no|dont"""
NEITHER = """maybe|I don't know|I'm not sure|yes no|what|twelve|is that okay|what do you mean|perhaps
I don't understand|thank you|hello|no idea|yes or no|are you sure||...|I do wonder about the weather
I was told that the shop is fine but that it may open late on a Sunday in June"""


def _rows(table: str) -> list[str]:
    return [row for line in table.splitlines() for row in line.split("|")]


@pytest.mark.parametrize("text", _rows(YES))
def test_agreement_is_yes(text: str) -> None:
    assert yes_no(text) == "yes"


@pytest.mark.parametrize("text", _rows(NO))
def test_refusal_is_no(text: str) -> None:
    assert yes_no(text) == "no"


@pytest.mark.parametrize("text", _rows(NEITHER))
def test_what_is_unclear_is_neither(text: str) -> None:
    assert yes_no(text) is None


@pytest.mark.parametrize(
    "text",
    ["No, that's all.", "no thanks", "that's everything, thank you", "nothing else", "Bye.", "I'm good"],
)
def test_nothing_else_closes(text: str) -> None:
    assert closes(text)


@pytest.mark.parametrize("text", ["no, twelve bagels", "yes", "no, what time do you open?", "twelve", ""])
def test_anything_else_does_not_close(text: str) -> None:
    assert not closes(text)


@pytest.mark.parametrize("text", ["yes", "Yes, I do.", "I have another question", "sure, one question"])
def test_announcing_a_question_opens(text: str) -> None:
    assert opens(text)


@pytest.mark.parametrize("text", ["no", "yes, what time do you open", "bagels", ""])
def test_a_question_itself_is_no_announcement(text: str) -> None:
    assert not opens(text)
