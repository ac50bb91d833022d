"""Who holds which call."""

from __future__ import annotations

import asyncio

import pytest

from bridge.directory import AlreadyClaimed, Holder, MemoryDirectory

SAM, KIM = Holder("op_sam", "sam"), Holder("op_kim", "kim")


async def test_the_first_claim_wins_and_the_other_is_told_who() -> None:
    directory = MemoryDirectory()
    claim = await directory.claim("call", SAM)
    with pytest.raises(AlreadyClaimed) as refused:
        await directory.claim("call", KIM)
    assert refused.value.holder == SAM
    assert refused.value.code == "already_claimed"
    assert await directory.claim("call", SAM) == claim


async def test_of_many_at_once_exactly_one_wins() -> None:
    directory = MemoryDirectory()
    holders = [Holder(f"op_{n}", str(n)) for n in range(50)]
    results = await asyncio.gather(
        *(directory.claim("call", holder) for holder in holders), return_exceptions=True
    )
    won = [result for result in results if not isinstance(result, BaseException)]
    lost = [result for result in results if isinstance(result, AlreadyClaimed)]
    assert (len(won), len(lost)) == (1, 49)
    assert {error.holder for error in lost} == {won[0].holder}


async def test_a_dropped_claim_can_be_had_by_another_with_a_higher_fence() -> None:
    directory = MemoryDirectory()
    old = await directory.claim("call", SAM)
    await directory.drop_claim(old)
    new = await directory.claim("call", KIM)
    assert new.fence > old.fence


async def test_an_old_claim_cannot_drop_a_newer_one() -> None:
    directory = MemoryDirectory()
    old = await directory.claim("call", SAM)
    await directory.drop_claim(old)
    await directory.claim("call", KIM)
    await directory.drop_claim(old)
    with pytest.raises(AlreadyClaimed):
        await directory.claim("call", SAM)


async def test_claims_on_different_calls_do_not_meet() -> None:
    directory = MemoryDirectory()
    assert (await directory.claim("one", SAM)).call_id == "one"
    assert (await directory.claim("two", KIM)).call_id == "two"


async def test_presence_is_what_was_noted_last_and_available_where_nothing_was() -> None:
    directory = MemoryDirectory()
    assert await directory.presence(SAM.id) == "available"
    for status in ("away", "away", "available", "available", "away"):
        await directory.set_presence(SAM, status)
        assert await directory.presence(SAM.id) == status
    assert await directory.presence(KIM.id) == "available"
