"""Facts that cross calls: who is on shift and who holds which claim.

One process keeps them in memory; many would keep them in Redis behind the same protocol. Nothing else
may hold such a fact.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal, Protocol

from bridge.errors import BridgeError

Presence = Literal["available", "away"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may hold a call."""

    id: str
    name: str
    kind: Literal["human", "agent"] = "human"


@dataclass(frozen=True, slots=True)
class Claim:
    """A fenced right to a call: of two claims on one call, the one with the higher `fence` is newer."""

    call_id: str
    holder: Holder
    fence: int


class AlreadyClaimed(BridgeError):
    """Somebody else was first; `holder` says who."""

    code = "already_claimed"

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder.name} has already taken this call.")
        self.holder = holder


class Directory(Protocol):
    """The shared facts. Every method is atomic."""

    async def claim(self, call_id: str, holder: Holder) -> Claim:
        """Give the call to `holder`, who may already have it; raises AlreadyClaimed.

        Whoever comes after a software agent supersedes it; nobody supersedes a person.
        """

    async def drop_claim(self, claim: Claim) -> None:
        """Give the call up; does nothing where `claim` is not the newest any more."""

    async def set_presence(self, holder: Holder, presence: Presence) -> None:
        """Note whether somebody takes calls."""

    async def presence(self, holder_id: str) -> Presence:
        """What was noted last, "available" where nothing was."""


class MemoryDirectory:
    """The directory of one process: without an await inside, each method is atomic on the event loop."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._away: set[str] = set()
        self._fences = itertools.count(1)

    async def claim(self, call_id: str, holder: Holder) -> Claim:
        """See Directory."""
        held = self._claims.get(call_id)
        if held is not None and held.holder.id == holder.id:
            return held
        if held is not None and held.holder.kind == "human":
            raise AlreadyClaimed(held.holder)
        claim = Claim(call_id, holder, next(self._fences))
        self._claims[call_id] = claim
        return claim

    async def drop_claim(self, claim: Claim) -> None:
        """See Directory."""
        held = self._claims.get(claim.call_id)
        if held is not None and held.fence == claim.fence:
            del self._claims[claim.call_id]

    async def set_presence(self, holder: Holder, presence: Presence) -> None:
        """See Directory."""
        if presence == "away":
            self._away.add(holder.id)
        else:
            self._away.discard(holder.id)

    async def presence(self, holder_id: str) -> Presence:
        """See Directory."""
        return "away" if holder_id in self._away else "available"
