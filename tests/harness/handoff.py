"""Steps that tests of whole calls have in common: ring in, hand off, take, listen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from bridge.call.hold import hold_frames
from bridge.media.g711 import ulaw_decode
from bridge.ports import Codec
from telephony.twilio.recording import Arrival
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.server import ServerProcess

HOLD = frozenset(hold_frames(Codec.PCMU))
"""Every frame of hold audio as it is on a Twilio wire."""


def phone_for(server: ServerProcess, **parameters: str) -> TwilioSimulator:
    """A phone that calls `server`, in a thread of its own unless `threadId` is given."""
    given = {"threadId": str(uuid.uuid4()), "number": "+15551234567", **parameters}
    return TwilioSimulator(server.stream_url, parameters=given)


async def call_of(console: Console, phone: TwilioSimulator) -> str:
    """Id of the phone's call, as soon as the console has heard of it."""
    thread_id = phone.parameters["threadId"]
    known = [view for welcome in console.all("welcome") for view in welcome["calls"]]
    for view in known:
        if view["threadId"] == thread_id:
            return str(view["callId"])
    return str((await console.wait("call_state", threadId=thread_id))["callId"])


async def hand_off(console: Console, phone: TwilioSimulator, **body: str) -> dict[str, Any]:
    """Hand the phone's call off by REST; what the console is offered."""
    call_id = await call_of(console, phone)
    before = len([offer for offer in console.all("incoming_call") if offer["callId"] == call_id])
    await console.server.post(f"/api/calls/{call_id}/handoff", body, status=202)
    return dict(await console.wait("incoming_call", before + 1, callId=call_id))


async def bridge(console: Console, phone: TwilioSimulator) -> str:
    """Hand the phone's call to the console, whose audio is open and sounds; its id once it is bridged."""
    call_id = str((await hand_off(console, phone))["callId"])
    before = len(states(console, call_id, "bridged"))
    ack = await console.command("accept_call", callId=call_id)
    assert ack["ok"], ack
    await console.wait("call_state", before + 1, callId=call_id, state="bridged")
    return call_id


def states(console: Console, call_id: str, state: str | None = None) -> list[dict[str, Any]]:
    """The call's views so far, as the console was told them; only those in `state` where given."""
    views = [view for view in console.all("call_state") if view["callId"] == call_id]
    return [view for view in views if state is None or view["state"] == state]


async def phone_hears(phone: TwilioSimulator, seconds: float) -> bytes:
    """The next `seconds` of what comes out of the receiver, as s16le mono at 8 kHz."""
    first, wanted = phone.slots, round(seconds * 50)
    await phone.until(lambda: phone.slots >= first + wanted, within=seconds + 10)
    later = phone.slots - first - wanted
    slots = list(phone.heard)[-wanted - later : len(phone.heard) - later]
    return ulaw_decode(b"".join(slot.payload for slot in slots))


async def hears_hold(phone: TwilioSimulator, frames: int = 5, *, within: float = 5) -> None:
    """Wait until that many more frames of hold audio have come."""
    before = hold_count(phone.received)
    await phone.until(lambda: hold_count(phone.received) >= before + frames, within)


def hold_count(arrivals: Iterable[Arrival]) -> int:
    """How many of these messages are hold audio."""
    return sum(arrival.payload in HOLD for arrival in arrivals)


def since_clear(phone: TwilioSimulator) -> tuple[list[bytes], list[bytes]]:
    """Media that came before, and after, the last `clear` on the phone's wire."""
    arrivals = list(phone.received)
    last = max(index for index, arrival in enumerate(arrivals) if arrival.event == "clear")
    before, after = arrivals[:last], arrivals[last:]
    return (
        [arrival.payload for arrival in before if arrival.event == "media"],
        [arrival.payload for arrival in after if arrival.event == "media"],
    )
