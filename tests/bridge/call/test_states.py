"""The state table, for every state and every event."""

from __future__ import annotations

import itertools

import pytest

from bridge.call import states
from bridge.call.states import Effect, Event, IllegalEvent, State, transition

NEXT: dict[State, dict[Event, State]] = {
    State.BOT: {Event.HANDOFF_REQUESTED: State.HANDOFF},
    State.HANDOFF: {
        Event.CLAIMED: State.CONNECTING,
        Event.RING_TIMEOUT: State.BOT,
    },
    State.CONNECTING: {
        Event.OPERATOR_AUDIO: State.BRIDGED,
        Event.CLAIM_LAPSED: State.HANDOFF,
        Event.OPERATOR_LOST: State.CONNECTING,
        Event.RELEASED: State.BOT,
    },
    State.BRIDGED: {
        Event.HOLD: State.HELD,
        Event.UNHOLD: State.BRIDGED,
        Event.OPERATOR_LOST: State.CONNECTING,
        Event.RELEASED: State.BOT,
    },
    State.HELD: {
        Event.HOLD: State.HELD,
        Event.UNHOLD: State.BRIDGED,
        Event.OPERATOR_LOST: State.CONNECTING,
        Event.RELEASED: State.BOT,
    },
    State.ENDED: {},
}
"""Written down a second time, from what users are promised: every way that does not end the call."""

ENDINGS = {
    Event.CALLER_HUNG_UP: "caller",
    Event.OPERATOR_HUNG_UP: "operator",
    Event.BOT_HUNG_UP: "bot",
    Event.AGENT_HUNG_UP: "agent",
    Event.LINE_LOST: "provider",
    Event.FAILED: "us",
    Event.SHUTDOWN: "us",
}
LIVE = [state for state in State if state is not State.ENDED]
WITH_OPERATOR = (State.CONNECTING, State.BRIDGED, State.HELD)


@pytest.mark.parametrize(("state", "event"), [*itertools.product(State, Event)])
def test_every_state_takes_every_event_as_promised_or_refuses_it(state: State, event: Event) -> None:
    if event in ENDINGS:
        assert transition(state, event)[0] is State.ENDED
    elif event in NEXT[state]:
        assert transition(state, event)[0] is NEXT[state][event]
    else:
        with pytest.raises(IllegalEvent) as refused:
            transition(state, event)
        assert refused.value.code == "illegal_event"
        assert state.value in refused.value.message
        assert event.value in refused.value.message


@pytest.mark.parametrize("event", ENDINGS)
def test_ending_what_has_ended_does_nothing(event: Event) -> None:
    assert transition(State.ENDED, event) == (State.ENDED, ())


@pytest.mark.parametrize("event", Event)
def test_who_ended_the_call(event: Event) -> None:
    assert states.ends(event) is (event in ENDINGS)
    if event in ENDINGS:
        assert states.ended_by(event) == ENDINGS[event]


@pytest.mark.parametrize(("state", "event"), [*itertools.product(LIVE, ENDINGS)])
def test_an_end_lets_go_of_everything_that_the_state_holds(state: State, event: Event) -> None:
    effects = transition(state, event)[1]
    assert effects[-1] is Effect.CLOSE
    assert (Effect.DETACH_OPERATOR in effects) is (state in WITH_OPERATOR)
    assert (Effect.STOP_BOT in effects) is (state is State.BOT)
    withdrawn = {Effect.WITHDRAW_HUNG_UP, Effect.WITHDRAW_CANCELLED} & set(effects)
    if state is State.HANDOFF:
        by_caller = event in (Event.CALLER_HUNG_UP, Event.LINE_LOST)
        assert withdrawn == {Effect.WITHDRAW_HUNG_UP if by_caller else Effect.WITHDRAW_CANCELLED}
    else:
        assert not withdrawn


@pytest.mark.parametrize(
    ("state", "event"), [(state, event) for state, ways in NEXT.items() for event in ways]
)
def test_the_caller_is_never_left_in_silence_or_with_two_sounds(state: State, event: Event) -> None:
    following, effects = transition(state, event)
    if following is State.BOT:
        resumes = {Effect.RESUME_BOT, Effect.RESUME_BOT_UNANSWERED} & set(effects)
        (resume,) = resumes
        assert Effect.STOP_HOLD in effects, "hold audio must not run under the bot's voice"
        assert effects.index(Effect.STOP_HOLD) < effects.index(resume)
    if following is State.CONNECTING and state in (State.BRIDGED, State.HELD):
        assert Effect.PLAY_HOLD in effects, "and the operator's sound must be waited for again"
    if following is State.HELD and state is not State.HELD:
        assert effects == (Effect.PLAY_HOLD,)
    if following is State.BRIDGED and state is State.CONNECTING:
        assert effects == (Effect.SWAP,)
    if state in WITH_OPERATOR and following not in WITH_OPERATOR:
        assert effects[0] is Effect.DETACH_OPERATOR
    if following is State.HANDOFF:
        assert effects[-1] is Effect.OFFER
    if state is State.HANDOFF and following is State.BOT:
        assert effects[0] is Effect.WITHDRAW_TIMED_OUT


def test_asking_for_what_already_is_changes_nothing() -> None:
    assert transition(State.HELD, Event.HOLD) == (State.HELD, ())
    assert transition(State.BRIDGED, Event.UNHOLD) == (State.BRIDGED, ())


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        states.TABLE[State.BOT, Event.CLAIMED] = (State.BRIDGED, ())  # type: ignore[index]


def test_the_drawing_shows_every_way_and_no_other() -> None:
    lines = [line.strip() for line in states.draw().splitlines()]
    drawn = {line for line in lines if " --> " in line}
    ways = {
        f"{state.value} --> {following.value}: {event.value}"
        for state, events in NEXT.items()
        for event, following in events.items()
        if following is not state
    }
    hang_ups = {f"{state.value} --> ended: any hang-up" for state in LIVE}
    assert drawn == ways | hang_ups | {"[*] --> bot", "ended --> [*]"}
    assert lines[0] == "stateDiagram-v2"
    assert len(drawn) == len([line for line in lines if " --> " in line]), "nothing twice"
