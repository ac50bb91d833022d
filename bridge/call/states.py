"""The call as one table: `transition(state, event) -> (state, effects)`, pure.

What is not in the table is illegal: it raises IllegalEvent and changes nothing. An end in a call that has
already ended is legal and does nothing, so that the first end reason wins.
"""

from __future__ import annotations

import enum
from types import MappingProxyType

from bridge.errors import BridgeError


class State(enum.Enum):
    """Where a call stands; the values are the contract's."""

    BOT = "bot"
    HANDOFF = "handoff"
    CONNECTING = "connecting"
    BRIDGED = "bridged"
    HELD = "held"
    ENDED = "ended"


class Event(enum.Enum):
    """What can happen to a call."""

    HANDOFF_REQUESTED = "handoff_requested"
    CLAIMED = "claimed"
    OPERATOR_AUDIO = "operator_audio"
    CLAIM_LAPSED = "claim_lapsed"
    RING_TIMEOUT = "ring_timeout"
    HOLD = "hold"
    UNHOLD = "unhold"
    OPERATOR_LOST = "operator_lost"
    RELEASED = "released"
    CALLER_HUNG_UP = "caller_hung_up"
    OPERATOR_HUNG_UP = "operator_hung_up"
    BOT_HUNG_UP = "bot_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    LINE_LOST = "line_lost"
    FAILED = "failed"
    SHUTDOWN = "shutdown"


class Effect(enum.Enum):
    """What the call does about it, in the order given."""

    STOP_BOT = "stop the bot's answering"
    ANNOUNCE_HANDOFF = "say that a person is being fetched, then play hold audio"
    OFFER = "offer the call to the operators and start the ring timer"
    WITHDRAW_TIMED_OUT = "withdraw the offer: nobody took it"
    WITHDRAW_CANCELLED = "withdraw the offer: it is not wanted any more"
    WITHDRAW_HUNG_UP = "withdraw the offer: the caller is gone"
    ATTACH_OPERATOR = "tell who has the call and listen for the operator's audio"
    AWAIT_AUDIO = "let the claim lapse if the operator's audio does not come"
    SWAP = "flush what the caller hears and patch both sides together"
    UNSWAP_ON_AUDIO = "end the hold audio in the slot of the operator's next frame"
    PLAY_HOLD = "play hold audio to the caller at once"
    DETACH_OPERATOR = "end the claim and the operator's part in the call"
    STOP_HOLD = "end the hold audio"
    RESUME_BOT = "let the bot carry on"
    RESUME_BOT_UNANSWERED = "let the bot say that nobody is free and carry on"
    CLOSE = "end both legs, finish the transcript, keep the record"


Outcome = tuple[State, tuple[Effect, ...]]

_ENDS: dict[Event, str] = {
    Event.CALLER_HUNG_UP: "caller",
    Event.OPERATOR_HUNG_UP: "operator",
    Event.BOT_HUNG_UP: "bot",
    Event.AGENT_HUNG_UP: "agent",
    Event.LINE_LOST: "provider",
    Event.FAILED: "us",
    Event.SHUTDOWN: "us",
}
"""The events that end a call, and who ended it."""

_TABLE: dict[tuple[State, Event], Outcome] = {
    (State.BOT, Event.HANDOFF_REQUESTED): (
        State.HANDOFF,
        (Effect.STOP_BOT, Effect.ANNOUNCE_HANDOFF, Effect.OFFER),
    ),
    (State.HANDOFF, Event.CLAIMED): (State.CONNECTING, (Effect.ATTACH_OPERATOR, Effect.AWAIT_AUDIO)),
    (State.HANDOFF, Event.RING_TIMEOUT): (
        State.BOT,
        (Effect.WITHDRAW_TIMED_OUT, Effect.STOP_HOLD, Effect.RESUME_BOT_UNANSWERED),
    ),
    (State.CONNECTING, Event.OPERATOR_AUDIO): (State.BRIDGED, (Effect.SWAP,)),
    (State.CONNECTING, Event.CLAIM_LAPSED): (State.HANDOFF, (Effect.DETACH_OPERATOR, Effect.OFFER)),
    # The time to be heard in runs already.
    (State.CONNECTING, Event.OPERATOR_LOST): (State.CONNECTING, ()),
    (State.CONNECTING, Event.RELEASED): (
        State.BOT,
        (Effect.DETACH_OPERATOR, Effect.STOP_HOLD, Effect.RESUME_BOT),
    ),
    (State.BRIDGED, Event.HOLD): (State.HELD, (Effect.PLAY_HOLD,)),
    (State.BRIDGED, Event.UNHOLD): (State.BRIDGED, ()),
    (State.BRIDGED, Event.OPERATOR_LOST): (State.CONNECTING, (Effect.PLAY_HOLD, Effect.AWAIT_AUDIO)),
    # Hold audio may still run: a call is bridged again as soon as the operator wants it, and sounds later.
    (State.BRIDGED, Event.RELEASED): (
        State.BOT,
        (Effect.DETACH_OPERATOR, Effect.STOP_HOLD, Effect.RESUME_BOT),
    ),
    (State.HELD, Event.HOLD): (State.HELD, ()),
    (State.HELD, Event.UNHOLD): (State.BRIDGED, (Effect.UNSWAP_ON_AUDIO,)),
    (State.HELD, Event.OPERATOR_LOST): (State.CONNECTING, (Effect.PLAY_HOLD, Effect.AWAIT_AUDIO)),
    (State.HELD, Event.RELEASED): (
        State.BOT,
        (Effect.DETACH_OPERATOR, Effect.STOP_HOLD, Effect.RESUME_BOT),
    ),
    **{(State.BOT, end): (State.ENDED, (Effect.STOP_BOT, Effect.CLOSE)) for end in _ENDS},
    **{
        (State.HANDOFF, end): (
            State.ENDED,
            (
                Effect.WITHDRAW_HUNG_UP if by in ("caller", "provider") else Effect.WITHDRAW_CANCELLED,
                Effect.CLOSE,
            ),
        )
        for end, by in _ENDS.items()
    },
    **{
        (state, end): (State.ENDED, (Effect.DETACH_OPERATOR, Effect.CLOSE))
        for state in (State.CONNECTING, State.BRIDGED, State.HELD)
        for end in _ENDS
    },
    **{(State.ENDED, end): (State.ENDED, ()) for end in _ENDS},
}

TABLE = MappingProxyType(_TABLE)


class IllegalEvent(BridgeError):
    """The event means nothing in this state; nothing was changed."""

    code = "illegal_event"


def transition(state: State, event: Event) -> Outcome:
    """The next state and what to do, in order; raises IllegalEvent."""
    try:
        return _TABLE[state, event]
    except KeyError:
        raise IllegalEvent(f"A call in state {state.value} cannot take {event.value}.") from None


def ends(event: Event) -> bool:
    """True for the events that end a call."""
    return event in _ENDS


def ended_by(event: Event) -> str:
    """Who ended it: caller, operator, bot, agent, provider or us."""
    return _ENDS[event]


def draw() -> str:
    """The table as a Mermaid state diagram, for docs/protocol.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.BOT.value}"]
    for (state, event), (following, _) in _TABLE.items():
        if not ends(event) and (state, following) != (following, state):
            lines.append(f"    {state.value} --> {following.value}: {event.value}")
    live = [state for state in State if state is not State.ENDED]
    lines += [f"    {state.value} --> {State.ENDED.value}: any hang-up" for state in live]
    lines.append(f"    {State.ENDED.value} --> [*]")
    return "\n".join(lines)
