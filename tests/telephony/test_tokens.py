"""What may be used once."""

from __future__ import annotations

from telephony.tokens import SeenOnce, TokenStore


def test_a_token_is_good_once_for_its_call_within_its_life():
    store = TokenStore(life=60)
    token = store.mint("CA1", now=0)
    assert store.redeem(token, "CA1", now=59.9)
    assert not store.redeem(token, "CA1", now=59.9)
    assert not store.redeem(store.mint("CA1", now=0), "CA1", now=60)
    assert not store.redeem("", "", now=0)
    assert not store.redeem("guessed", "CA1", now=0)


def test_a_token_tried_for_another_call_is_spent():
    store = TokenStore()
    token = store.mint("CA1", now=0)
    assert not store.redeem(token, "CA2", now=1)
    assert not store.redeem(token, "CA1", now=1)


def test_tokens_are_forgotten_when_expired_or_too_many():
    store = TokenStore(life=60, limit=3)
    first, *rest = [store.mint("CA1", now=0) for _ in range(4)]
    assert not store.redeem(first, "CA1", now=1)
    assert all(store.redeem(token, "CA1", now=1) for token in rest)
    for _ in range(3):
        store.mint("CA1", now=0)
    store.mint("CA1", now=61)
    assert len(store) == 1


def test_what_was_seen_is_remembered_for_a_while():
    seen = SeenOnce(life=10, limit=2)
    assert seen.is_new("a", now=0)
    assert not seen.is_new("a", now=9.9)
    assert seen.is_new("a", now=10)
    assert seen.is_new("b", now=11)
    assert seen.is_new("c", now=12)
    assert not seen.is_new("c", now=12)
