"""Rings the operators for one call, round after round."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.call.deadline import Deadline
from bridge.call.handoff import Handoff, Offer
from bridge.call.services import Services, Withdrawal
from bridge.call.tasks import CallTasks

if TYPE_CHECKING:
    from bridge.call.call import Call


class Ringing:
    """Offers the call, withdraws it, and says when nobody has come."""

    def __init__(
        self, call: Call, services: Services, tasks: CallTasks, on_timeout: Callable[[], object]
    ) -> None:
        self._call, self._services, self._tasks = call, services, tasks
        self._on_timeout = on_timeout
        self._deadline = Deadline()

    def offer(self, handoff: Handoff) -> None:
        """Ring, unless so many claims have come to nothing that nobody will be heard."""
        if handoff.hopeless:
            self._deadline.set(0.0, self._on_timeout)
        else:
            self._tasks.spawn(self._send(handoff, handoff.ring_again()), "offer")

    def stop(self) -> None:
        """Ring no more."""
        self._deadline.cancel()

    def withdraw(self, reason: Withdrawal) -> None:
        """Ring no more, and tell the operators why."""
        self.stop()
        if reason == "timed_out":
            self._call.thread.system("Nobody took the call in time; the bot carries on.")
        self._services.events.call_withdrawn(self._call, reason)

    async def _send(self, handoff: Handoff, offer: Offer) -> None:
        call, services = self._call, self._services
        await handoff.prepare(call.thread, call.privacy.shareable, services.llm)
        if call.offer is offer:
            call.timeline.mark("incoming_call_sent")
            self._deadline.set(handoff.ring, self._on_timeout)
            handoff.sent(offer)
            services.events.call_offered(call)
