"""What an agent may ask for on its socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bridge.errors import BridgeError
from signaling.agents import wire
from signaling.agents.client import DEFAULT_NAME, AgentClient
from signaling.agents.hub import AgentHub
from signaling.agents.sessions import Sessions
from signaling.agents.wire import Command, Malformed, Reply
from signaling.texts import is_unicode

log = structlog.get_logger()

_MOST_NAME = 80
_ERRANDS_MOST = 8
_ACKS = {"ping": "pong", "get_call_state": "call_state"}
"""What answers a command where that is not its name and `.ack`."""

Fields = Mapping[str, Any]
Answer = dict[str, object]


class Commands:
    """Carries out one agent's messages, one after the other; dialling and hanging up go on beside.

    Every command but `ping`, `get_call_state` and a successful `inject` is answered by `<type>.ack` with
    `ok`; what is refused has `detail`, a sentence, and `error`, a code.
    """

    def __init__(self, client: AgentClient, hub: AgentHub, sessions: Sessions) -> None:
        self._client, self._hub, self._sessions = client, hub, sessions
        self._errands = 0
        self._handlers: dict[str, Callable[[Fields], Awaitable[Answer | None]]] = {
            "takeover": self._takeover,
            "release": self._release,
            "inject": self._inject,
            "end_session": self._end_session,
            "inject_context": self._inject_context,
            "clear_context": self._clear_context,
            "set_instructions": self._set_instructions,
            "set_call_config": self._set_call_config,
            "get_call_state": self._get_call_state,
            "ping": self._ping,
        }
        self._slow: dict[str, Callable[[Fields], Awaitable[Answer | None]]] = {
            "dial": self._dial,
            "hangup": self._hangup,
        }

    async def take(self, raw: str) -> None:
        """Do what a text message asks for, and answer it."""
        message = wire.parse(raw)
        if isinstance(message, Reply):
            self._reply(message)
        elif isinstance(message, Malformed):
            self._error(message.code, message.detail, message.request_id)
        elif message.type in self._slow:
            self._errand(message)
        elif message.type in self._handlers:
            await self._answer(message, self._handlers[message.type])
        else:
            self._error("unknown_command", f"There is no command {message.type[:80]!r}.")

    def _errand(self, command: Command) -> None:
        """A command that waits for a phone must not keep replies to turns waiting."""
        if self._errands >= _ERRANDS_MOST:
            busy = BridgeError("Too many commands are under way already.", code="busy")
            self._refuse(command, busy)
            return
        self._errands += 1

        async def run() -> None:
            try:
                await self._answer(command, self._slow[command.type])
            finally:
                self._errands -= 1

        if self._hub.tasks.start(run(), command.type) is None:
            self._errands -= 1

    async def _answer(self, command: Command, handler: Callable[[Fields], Awaitable[Answer | None]]) -> None:
        try:
            answer = await handler(command.fields)
        except BridgeError as error:
            self._refuse(command, error)
        except Exception:  # the boundary of one message: it must not end the agent's takeovers
            log.exception("agent_command_failed", command=command.type)
            self._refuse(command, BridgeError("The server failed at this.", code="internal"))
        else:
            if answer is not None:
                self._client.send({"type": _ACKS.get(command.type, f"{command.type}.ack"), **answer})

    def _refuse(self, command: Command, error: BridgeError) -> None:
        session_id = command.fields.get("session_id")
        named = {"session_id": session_id} if isinstance(session_id, str) else {}
        refusal = {"ok": False, **named, "error": error.code, "detail": error.message}
        self._client.send({"type": _ACKS.get(command.type, f"{command.type}.ack"), **refusal})

    def _error(self, code: str, detail: str, request_id: str = "") -> None:
        named = {"request_id": request_id} if request_id else {}
        self._client.send({"type": "error", "ok": False, "error": code, "detail": detail, **named})

    def _reply(self, reply: Reply) -> None:
        verdict, session_id = self._hub.requests.answer(self._client.id, reply.request_id, reply.text)
        if verdict == "late":
            detail = "This turn is over: it was answered, timed out, or is not yours any more."
            late = {"ok": False, "request_id": reply.request_id, "detail": detail, "error": "late"}
            self._client.tell("turn.late", late, session_id)
        elif verdict == "not_yours":
            self._error("not_yours", "Another agent was asked this.", reply.request_id)
        elif verdict == "unknown":
            self._error("unknown_request", "Nobody was asked this.", reply.request_id)

    # -- commands --

    async def _takeover(self, fields: Fields) -> Answer:
        session_id = _named(fields)
        name = fields.get("name", self._client.name)
        if not isinstance(name, str) or len(name) > _MOST_NAME or not is_unicode(name):
            raise BridgeError(
                f"`name` must be a text of at most {_MOST_NAME} characters.", code="bad_request"
            )
        partials = fields.get("partials", False)
        if not isinstance(partials, bool):
            raise BridgeError("`partials` must be true or false.", code="bad_request")
        self._client.name = " ".join(name.split()) or DEFAULT_NAME
        await self._hub.take_over(self._client, session_id)
        follow = self._client.partials.add if partials else self._client.partials.discard
        follow(session_id)
        # Engines that recognise whole utterances make no partials of those that a bot waits for.
        self._sessions.find(session_id).caller_side.hear_turns(not partials)
        return {"ok": True, "session_id": session_id}

    async def _release(self, fields: Fields) -> Answer:
        session_id = _named(fields)
        await self._hub.release(self._client, session_id)
        return {"ok": True, "session_id": session_id}

    async def _inject(self, fields: Fields) -> None:
        """Without an ack where it worked, as the guide has it: the event `agent.inject` says so."""
        self._sessions.inject(fields.get("session_id"), fields.get("text"), self._client.name)

    async def _end_session(self, fields: Fields) -> Answer:
        return {"ok": True, "session_id": self._sessions.end(_named(fields))}

    async def _inject_context(self, fields: Fields) -> Answer:
        return {"ok": True, "session_id": self._sessions.set_context(_named(fields), fields.get("context"))}

    async def _clear_context(self, fields: Fields) -> Answer:
        return {"ok": True, "session_id": self._sessions.clear_context(_named(fields))}

    async def _set_instructions(self, fields: Fields) -> Answer:
        scope = fields.get("scope", "turn")
        named = self._sessions.set_instructions(fields.get("instructions"), scope, fields.get("session_id"))
        return {"ok": True, "scope": scope, "session_id": named}

    async def _set_call_config(self, fields: Fields) -> Answer:
        return {"ok": True, "config": self._sessions.set_call_config(fields.get("config"))}

    async def _get_call_state(self, fields: Fields) -> Answer:
        return {"ok": True, **self._sessions.state(_named(fields))}

    async def _ping(self, fields: Fields) -> Answer:
        return {}

    async def _dial(self, fields: Fields) -> None:
        ok, detail = await self._sessions.dial(fields.get("number"))
        self._client.send({"type": "dial.ack", "ok": ok, "detail": detail})
        if ok:
            self._sessions.dialled(fields.get("number"))

    async def _hangup(self, fields: Fields) -> Answer:
        ok, detail, ended = await self._sessions.hang_up(fields.get("session_id"))
        return {"ok": ok, "detail": detail, "session_id": ended}


def _named(fields: Fields) -> str:
    """The session's id. Raises BridgeError `bad_request`."""
    session_id = fields.get("session_id")
    if not isinstance(session_id, str) or not session_id:
        raise BridgeError("`session_id` must be a session's id.", code="bad_request")
    return session_id
