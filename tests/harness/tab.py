"""An operator's tab as a process that can be killed: signs in, takes the first call, sounds 1000 Hz.

`python -m tests.harness.tab PORT TOKEN` prints "standby", then "bridged", and goes on for ever.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import tone


async def main(port: int, token: str) -> None:
    """Take a call, and keep it."""
    server = ServerProcess(Path("unused"))
    server.port = port
    console = PeerConsole(server, idle=tone(1000.0, 1.0))
    await console.connect(token)
    await console.open_audio()
    print("standby", flush=True)
    offer = await console.wait("incoming_call", within=30)
    await console.command("accept_call", callId=offer["callId"])
    await console.wait("call_state", callId=offer["callId"], state="bridged")
    print("bridged", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
