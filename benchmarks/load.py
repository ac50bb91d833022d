"""Load from a process of its own: bridged calls in which both sides send a tone.

`python -m benchmarks.load PORT CALLS` prints `bridged` when all calls are, sends until its standard input
ends, prints how many callers and operators heard each other last, as JSON, and hangs up.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import numpy as np

from benchmarks.parties import PeerOperator, Phone
from bridge.media.g711 import ulaw_decode
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
SPEECH_S = 300
_LAST_FRAMES = 50


def accounts(count: int) -> dict[str, str]:
    """Names and passwords of as many operators."""
    return {f"operator-{number}": f"secret-{number}" for number in range(count)}


async def bridge(
    stack: AsyncExitStack, server: ServerProcess, http: aiohttp.ClientSession, number: int
) -> tuple[Phone, PeerOperator]:
    """One bridged call, until `stack` ends it."""
    name, secret = list(accounts(number + 1).items())[number]
    async with http.post("/api/login", json={"username": name, "password": secret}) as answer:
        token = (await answer.json())["token"]
    operator = PeerOperator(server, name, idle=tone(OPERATOR_HZ, 1.0))
    stack.push_async_callback(operator.leave)
    await operator.connect(token)
    await operator.open_audio()
    thread_id = f"load-{number}"
    parameters = {"number": f"+1555020{number:04}", "threadId": thread_id}
    phone = await stack.enter_async_context(Phone(server.stream_url, parameters=parameters))
    call_id = (await operator.wait("call_state", state="bot", threadId=thread_id))["callId"]
    async with http.post(f"/api/calls/{call_id}/handoff", json={"reason": "benchmark"}) as answer:
        answer.raise_for_status()
    await operator.wait("incoming_call", callId=call_id)
    ack = await operator.command("accept_call", callId=call_id)
    assert ack["ok"], ack
    await operator.wait("call_state", callId=call_id, state="bridged")
    phone.speak_pcm(tone(CALLER_HZ, SPEECH_S))
    return phone, operator


def _heard(phone: Phone, operator: PeerOperator) -> tuple[bool, bool]:
    """Whether the caller has heard the operator's tone in the last second, and the other way round."""
    on_phone = b"".join(slot.payload for slot in list(phone.heard)[-_LAST_FRAMES:])
    at_operator = np.concatenate([samples for _, samples in operator.heard[-_LAST_FRAMES:]])
    return (
        share(np.frombuffer(ulaw_decode(on_phone), np.int16), OPERATOR_HZ) > 0.9,
        share(at_operator, CALLER_HZ) > 0.9,
    )


async def main(port: int, calls: int) -> None:
    """Bridge, wait for the end of standard input, and say what was heard."""
    server = ServerProcess(Path())  # started elsewhere: only its address is needed
    server.port = port
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(server.url))
        pairs = [await bridge(stack, server, http, number) for number in range(calls)]
        print("bridged", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        heard = [_heard(*pair) for pair in pairs]
        callers, operators = (sum(side) for side in zip(*heard, strict=True))
        print(json.dumps({"callers": callers, "operators": operators}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
