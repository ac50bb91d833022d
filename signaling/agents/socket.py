"""`WS /api/agent/ws`: one connection of an agent, from the handshake to its end."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import WSMsgType, web

from signaling.access import ProgramAccess
from signaling.agents.commands import Commands
from signaling.agents.hub import AgentHub
from signaling.agents.sessions import Sessions
from signaling.errors import error_body

log = structlog.get_logger()

_MOST_MESSAGE = 1024 * 1024
_HEARTBEAT = 15.0


class AgentSocket:
    """Serves agents. An agent is as good as gone when it answers no ping for half a minute."""

    def __init__(self, access: ProgramAccess, hub: AgentHub, sessions: Sessions) -> None:
        self._access, self._hub, self._sessions = access, hub, sessions

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection."""
        self._access.check_request(request)
        if self._hub.full:
            return web.json_response(error_body("busy", "Too many agents are connected."), status=503)
        socket = web.WebSocketResponse(max_msg_size=_MOST_MESSAGE, heartbeat=_HEARTBEAT, compress=False)
        await socket.prepare(request)
        transport = request.transport

        def abort() -> None:
            if transport is not None:
                transport.abort()

        client = self._hub.arrive(socket, abort)
        commands = Commands(client, self._hub, self._sessions)
        writing = asyncio.create_task(client.write(), name="agent-write")
        log.info("agent_connected", agent=client.id)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await commands.take(message.data)
                elif message.type is WSMsgType.BINARY:
                    client.send(
                        {"type": "error", "ok": False, "error": "bad_json", "detail": "Text, please."}
                    )
                # What has arrived in one piece is read without a pause: calls, other agents, and what this
                # one is to be answered come in between.
                await asyncio.sleep(0)
        finally:
            await self._hub.leave(client)
            writing.cancel()
            await asyncio.wait({writing})
            log.info("agent_gone", agent=client.id, code=socket.close_code)
        return socket
