"""A caller in a browser as an outsider would write it: python-socketio and stock aiortc."""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription

from bridge.peer.peer import State
from tests.harness.console import Console
from tests.harness.peer_console import PeerConsole

NAMESPACE = "/softphone"


class Softphone(Console):
    """One tab of a caller; `async with` opens its socket, `call` calls in. Otherwise as Console."""

    call_id = thread_id = secret = ""
    _said_goodbye = False

    async def connect(self, token: str | None = None) -> None:
        """Open the namespace, with a token where one is given."""

        async def keep(event: str, data: Any = None) -> None:
            self.events.append((event, data))
            self._wake()

        self.socket.on("*", keep, namespace=NAMESPACE)
        auth = {"token": token} if token else {}
        await self.socket.connect(self.server.url, auth=auth, namespaces=[NAMESPACE])

    async def command(self, event: str, **payload: Any) -> Any:
        """Send an event and return its ack."""
        return await self.socket.call(event, payload, namespace=NAMESPACE, timeout=5)

    async def leave(self) -> None:
        """Hang up where that is still to be done, and close the tab."""
        if self.socket.connected and not self._said_goodbye:
            await self.command("hangup")
        await super().leave()

    async def call(self, **identity: str) -> str:
        """Call in and wait until the call has begun; its id."""
        ack = await self._dial("call", **identity)
        self.call_id, self.thread_id, self.secret = ack["callId"], ack["threadId"], ack["secret"]
        await self.wait("call_state", callId=self.call_id)
        return self.call_id

    async def renew(self, **call: str) -> None:
        """Carry the call on on a new connection; `callId` where this socket is not the one it began on."""
        await self.hang_up_audio()
        await self._dial("offer", **call)

    async def vanish(self) -> None:
        """Lose socket and audio as a laptop does whose lid is closed: nothing is said."""
        assert self.socket.eio.ws is not None
        await self.socket.eio.ws.close()
        await self.hang_up_audio()

    async def say_goodbye(self) -> None:
        """Disconnect from the namespace as a browser does; python-socketio cuts its own goodbye off."""
        self._said_goodbye = True
        await self.socket.eio.send(f"1{NAMESPACE},")

    async def offer_sdp(self) -> str:
        """A new connection's offer."""
        self.peer = RTCPeerConnection()
        self.peer.addTrack(self.microphone)
        self.peer.on("track", self._pull)
        self.peer.on("connectionstatechange", self._wake)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def _dial(self, event: str, **payload: str) -> Any:
        ack = await self.command(event, sdp=await self.offer_sdp(), **payload)
        assert ack["ok"], ack
        assert self.peer is not None
        await self.peer.setRemoteDescription(RTCSessionDescription(ack["sdp"], "answer"))
        async with asyncio.timeout(10):
            while self.peer.connectionState != "connected":
                await self._changed.wait()
        return ack


class PeerSoftphone(Softphone, PeerConsole):
    """The same with our own peer; `open_audio` renews the connection."""

    async def call(self, **identity: str) -> str:
        """Call in and wait until the call has begun; its id."""
        assert not identity, "this one is anonymous"
        self.call_id = ""
        await self.open_audio()
        await self.wait("call_state", callId=self.call_id)
        return self.call_id

    async def command(self, event: str, **payload: Any) -> Any:
        """Send an event and return its ack; the first offer is the call itself."""
        if event != "offer" or self.call_id:
            return await super().command(event, **payload)
        ack = await super().command("call", **payload)
        if ack["ok"]:
            self.call_id, self.thread_id, self.secret = ack["callId"], ack["threadId"], ack["secret"]
        return ack

    def _state(self, state: State) -> None:
        super()._state(state)
        self._wake()
