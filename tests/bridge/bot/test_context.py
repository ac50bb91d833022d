"""Instructions and knowledge: which there are, how long they hold, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.bot.context import MOST_INSTRUCTIONS, MOST_KNOWLEDGE, BadContext, Context, GlobalInstructions


def test_global_instructions_hold_in_every_call_and_a_session_s_in_one() -> None:
    everywhere = GlobalInstructions()
    one, other = Context(everywhere), Context(everywhere)
    one.set_instructions("Be brief.", "global")
    one.set_instructions("  Speak of muffins.\n", "session")
    assert (everywhere.text, other.briefing().everywhere) == ("Be brief.", "Be brief.")
    assert (one.instructions, other.instructions) == ("Speak of muffins.", None)
    one.set_instructions("", "session")
    assert one.instructions is None


def test_a_turn_s_instructions_are_used_up_by_the_reply_that_followed_them() -> None:
    context = Context(GlobalInstructions())
    context.set_instructions("Ask for the name.", "turn")
    briefing = context.briefing()
    assert context.turn_instructions == briefing.turn == "Ask for the name."
    context.followed(briefing)
    assert context.turn_instructions is None
    context.set_instructions("Ask for the town.", "turn")
    context.followed(briefing)
    assert context.turn_instructions == "Ask for the town."


def test_knowledge_is_what_was_injected_last_until_it_is_cleared() -> None:
    context = Context(GlobalInstructions())
    assert context.knowledge is None
    context.inject("It opens at nine.")
    context.inject(" It opens at ten.\n")
    assert context.knowledge == context.briefing().knowledge == "It opens at ten."
    context.clear()
    assert context.knowledge is None
    assert context.briefing().knowledge == ""


@pytest.mark.parametrize("text", ["", " \n", "ü" * (MOST_KNOWLEDGE // 2 + 1), 7, None])
def test_knowledge_that_cannot_be_taken_changes_nothing(text: Any) -> None:
    context = Context(GlobalInstructions())
    context.inject("It opens at nine.")
    with pytest.raises(BadContext) as refused:
        context.inject(text)
    assert (refused.value.code, context.knowledge) == ("bad_context", "It opens at nine.")


@pytest.mark.parametrize(
    ("text", "scope"),
    [("x" * (MOST_INSTRUCTIONS + 1), "session"), ("Sing.", "forever"), ("Sing.", None), (["Sing."], "turn")],
)
def test_instructions_that_cannot_be_taken_change_nothing(text: Any, scope: Any) -> None:
    context = Context(GlobalInstructions())
    context.set_instructions("Be brief.", "session")
    before = context.briefing()
    with pytest.raises(BadContext):
        context.set_instructions(text, scope)
    assert context.briefing() == before


def test_what_cannot_be_sent_on_is_replaced() -> None:
    context = Context(GlobalInstructions())
    context.inject("half \ud83d a smile\0")
    assert context.knowledge == "half ? a smile"
