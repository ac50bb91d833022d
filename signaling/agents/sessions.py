"""What programs may do with sessions, by whichever way they ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.bot.context import GlobalInstructions
from bridge.call.call import Call
from bridge.call.switchboard import Switchboard
from bridge.call.views import call_view
from bridge.errors import BridgeError
from bridge.thread.views import message_view
from signaling.agents.dialer import Dialer
from signaling.agents.hub import AgentHub
from signaling.texts import MOST, is_unicode
from telephony.clawfinger.phone_app import PhoneApp
from telephony.clawfinger.policy import PEOPLE_ONLY

ACTIVE = "_active"
"""Stands for the session that began last."""
_HISTORY = 200
_ROLES = {
    "caller": "user",
    "bot": "assistant",
    "human": "assistant",
    "agent": "assistant",
    "system": "system",
}


class Sessions:
    """Finds sessions and does what is asked. Refusals are BridgeErrors with a code and a sentence."""

    def __init__(
        self,
        hub: AgentHub,
        switchboard: Switchboard,
        dialer: Dialer,
        instructions: GlobalInstructions,
        phone_app: PhoneApp,
    ) -> None:
        self._hub, self._switchboard = hub, switchboard
        self._instructions, self._phone_app = instructions, phone_app
        self._call_config = phone_app.desk.config
        self.dialer = dialer

    @property
    def active(self) -> list[str]:
        """Ids of the live sessions, oldest first."""
        return [call.caller.call_id for call in self._switchboard.live]

    def find(self, session_id: object, *, ended: bool = False) -> Call:
        """The live call, with `ended` also one that is over. Raises BridgeError `gone`.

        "" and `_active` mean the newest one.
        """
        live = self._switchboard.live
        if session_id in (None, "", ACTIVE):
            if live:
                return live[-1]
            raise BridgeError("There is no active session.", code="gone")
        call = self._switchboard.find(session_id)
        if call is None or (call.ended and not ended):
            raise BridgeError("There is no such session, or it is over.", code="gone")
        return call

    async def dial(self, number: object) -> tuple[bool, str]:
        """Let the phone dial: whether it took the command, and a sentence. The outcome is an event."""
        if not isinstance(number, str) or not number.strip():
            raise BridgeError("`number` must be a telephone number.", code="bad_request")
        outcome = await self.dialer.dial(number.strip())
        return outcome.ok, outcome.detail

    def dialled(self, number: object) -> None:
        """The phone took the command, and whoever asked was told: tell everybody."""
        plain = str(number).strip()
        self._hub.publish("call.dial", {"number": plain})
        self._hub.dials.begin(plain)

    def inject(self, session_id: object, text: object, name: str | None = None) -> str:
        """Have `text` said to the caller; returns the session's id."""
        if not isinstance(text, str) or not text.strip() or len(text) > MOST or not is_unicode(text):
            raise BridgeError(f"`text` must be a text of 1 to {MOST} characters.", code="bad_request")
        call, said = self.find(session_id), " ".join(text.split())
        call.inject(said, name)
        shown = "" if call.privacy.paused else call.thread.clean(said)
        self._hub.publish("agent.inject", {"text": shown}, call.caller.call_id)
        return call.caller.call_id

    def end(self, session_id: str) -> str:
        """End a session; returns its id by now. Raises AlreadyClaimed where a person has the call."""
        session_id = self._phone_app.current(session_id)
        # A phone's session may wait for its first turn, or for the passphrase: there is no call yet.
        if self._phone_app.end_waiting(session_id):
            return session_id
        call = self.find(session_id)
        call.agent_hung_up()
        return call.caller.call_id

    async def hang_up(self, session_id: object) -> tuple[bool, str, str]:
        """Hang up and end the session: whether that was done, a sentence, and the session's id.

        Without an id it is the only session, or the only one of a phone on a cable; without any session
        the phone alone is told.
        """
        if session_id is not None and not isinstance(session_id, str):
            raise BridgeError("`session_id` must be a session's id.", code="bad_request")
        ended, on_cable = self._cut_off(session_id)
        ok, detail = True, "The call is ended."
        if on_cable:
            outcome = await self.dialer.hang_up()
            ok = outcome.ok or bool(ended)
            if not ended:
                detail = outcome.detail
            elif outcome.ok:
                detail = "The call is ended, and the phone was told to hang up."
            else:
                detail = f"The session is ended; the phone hangs up at its next turn. {outcome.detail}"
        if ok:
            self._hub.publish("call.hangup", {"ok": True, "detail": detail}, ended)
        return ok, detail, ended

    def _cut_off(self, session_id: object) -> tuple[str, bool]:
        """End the session that is meant: its id, "" for none, and whether a phone by cable is to hang up."""
        if isinstance(session_id, str) and self._phone_app.end_waiting(session_id):
            return session_id, True
        call = self.find(session_id) if session_id else self._only()
        if call is None:
            return "", True
        call.agent_hung_up()
        return call.caller.call_id, not call.patch.line.paced

    def _only(self) -> Call | None:
        live = self._switchboard.live
        if len(live) > 1:
            live = [call for call in live if not call.patch.line.paced]
            if len(live) != 1:
                raise BridgeError("Several sessions are active: name one by `session_id`.", code="ambiguous")
        return live[0] if live else None

    def set_context(self, session_id: object, text: object) -> str:
        """Give the model `text` to know, in place of what it had; returns the session's id."""
        if not isinstance(text, str):
            raise BridgeError("`context` must be a text.", code="bad_request")
        call = self.find(session_id)
        call.context.inject(text)
        self._hub.publish("agent.context_injected", {}, call.caller.call_id)
        return call.caller.call_id

    def clear_context(self, session_id: object) -> str:
        """Let the model forget what it was given; returns the session's id."""
        call = self.find(session_id)
        call.context.clear()
        self._hub.publish("agent.context_cleared", {}, call.caller.call_id)
        return call.caller.call_id

    def set_instructions(self, text: object, scope: object, session_id: object) -> str:
        """Tell the model how to behave; returns the session's id, "" for every session."""
        if not isinstance(text, str) or not isinstance(scope, str):
            raise BridgeError("`instructions` and `scope` must be texts.", code="bad_request")
        if scope == "global":
            self._instructions.text, named = text, ""
        else:
            call = self.find(session_id)
            call.context.set_instructions(text, scope)
            named = call.caller.call_id
        self._hub.publish("instructions.updated", {"scope": scope}, named)
        return named

    def set_call_config(self, changes: object) -> dict[str, object]:
        """Change how the phone app treats calls, but not who may call; returns the whole configuration."""
        if not isinstance(changes, Mapping) or not all(isinstance(key, str) for key in changes):
            raise BridgeError("`config` must be an object.", code="bad_request")
        for key in changes:
            if key in PEOPLE_ONLY:
                raise BridgeError(f"`{key}` cannot be set by an agent.", code="not_allowed")
        return self._call_config.update(changes)

    def call_config(self) -> dict[str, object]:
        """The phone app's configuration."""
        return self._call_config.view()

    def state(self, session_id: object) -> dict[str, Any]:
        """All that a program may know of a session, live or ended lately."""
        call = self.find(session_id, ended=True)
        messages = call.thread.recent(_HISTORY)
        agent = call.agent.link.holder.name if call.agent.link else None
        return {
            "session_id": call.caller.call_id,
            "active": not call.ended,
            "status": "ended" if call.ended else "active",
            "ended_at": call.times.ended.timestamp() if call.times.ended else None,
            "history": [{"role": _ROLES[m.speaker], "content": m.text} for m in messages if m.final],
            "messages": [message_view(m) for m in messages if m.final],
            "turn_count": call.turns.count,
            "instructions": {
                "base": self._instructions.text,
                "session": call.context.instructions or "",
                "pending_turn": call.context.turn_instructions or "",
            },
            "knowledge": call.context.knowledge or "",
            "agent_takeover": agent is not None,
            "agent": agent,
            "created_at": call.times.started.timestamp(),
            "call": call_view(call),
        }
