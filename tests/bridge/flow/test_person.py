"""Asking for a human, and everything that only sounds like it."""

from __future__ import annotations

import pytest

from bridge.flow.person import names_person, wants_person

WISHES = """Can I speak to a person please?|Agent.|operator|Representative.|I want to talk to a real person.
Could you put me through to someone?|Let me talk to a human being.|I'd like to speak with a representative
human please|real person|customer service|Get me a manager.|I need an agent|Transfer me to an agent
Transfer me please|put me through|Is there anyone I can talk to?|is there a human there|Can somebody help me
can I have a person please|I'd rather talk to a person|I don't want to talk to a robot
I hate talking to a machine|Can't I just speak to a person?|No, I want a human|I don't understand. Agent.
I don't understand, get me an agent|you are not helping me I want an agent|Connect me with one of your agents
Would you mind connecting me to someone?|Are you a bot? I want to talk to a human
Why can't I speak to a person
Can you have someone call me|I need to speak to someone about my order|Could I speak to a member of staff
speak to the owner|Let me speak to your supervisor|a person|is anyone available to talk|operator, operator
Yes, can I talk to someone please?|could i get a real person on the line|I said agent
Um, can I, uh, speak to a person|I would like to speak a real person, please."""
NO_WISHES = """I am a person|how many people do you have|I don't want to talk to a person
I don't need to speak to anyone|I'm an agent|I spoke to an agent yesterday|I was talking to someone yesterday
Are you a real person?|Am I talking to a person?|Is this a real person|do I have to talk to a person
I'd rather not talk to anyone|my agent told me to call|I need a cake for twenty people|a gift for someone
someone told me you deliver|no agent please|I don't think I need to speak to a person|I'm a travel agent
can I speak to a person, actually never mind|do you have a person who decorates cakes|not a person
thank you, operator|don't put me through to anyone|please don't transfer me|who am I speaking to
transfer me to plus one nine hundred|the person who called me|without talking to an agent|I want a muffin
I never asked for an agent|instead of talking to a person|Twelve muffins please|"""


def _rows(table: str) -> list[str]:
    return [row for line in table.splitlines() for row in line.split("|")]


@pytest.mark.parametrize("text", _rows(WISHES))
def test_a_wish_for_a_person_is_heard(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", _rows(NO_WISHES))
def test_a_mention_of_a_person_is_no_wish(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize("phrase", ["agent", "Real person", "speak to someone", "operator", "someone"])
def test_an_intents_phrase_may_stand_for_a_person(phrase: str) -> None:
    assert names_person(phrase)


@pytest.mark.parametrize("phrase", ["cancel my order", "delivery", "travel agent"])
def test_other_phrases_stand_for_themselves(phrase: str) -> None:
    assert not names_person(phrase)
