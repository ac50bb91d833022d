"""Finding what was said, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from bridge.thread.search import Hit, Piece, hit_view, search, snippet
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import caller, draft


async def found(store: SqlThreadStore, query: str) -> list[tuple[str, int]]:
    page = await search(store.database, query, limit=50)
    return [(hit.thread_id, hit.seq) for hit in page.hits]


async def test_messages_are_found_by_their_words_newest_first(either: SqlThreadStore) -> None:
    for thread_id, said in (
        ("a", "Two blueberry muffins, please."),
        ("b", "I want my refund"),
        ("a", "And a REFUND for the muffins"),
    ):
        await either.append(draft(said, thread_id=thread_id))
    assert await found(either, "refund") == [("a", 2), ("b", 1)]
    assert await found(either, "muffins refund") == [("a", 2)]
    assert await found(either, "blueb") == [("a", 1)], "the last word may be unfinished"
    assert await found(either, "blueb muffins") == [], "and only the last"
    assert await found(either, "scone") == []


async def test_each_place_tells_whose_conversation_it_is_in(either: SqlThreadStore) -> None:
    await either.open_thread(replace(caller("a"), name="Ann"))
    await either.append(draft("Muffins?", thread_id="a", speaker="bot"))
    await either.append(draft("Muffins!", thread_id="b", speaker="bot"))
    hits = (await search(either.database, "muffins", limit=50)).hits
    whose = [(hit.thread_id, hit_view(hit)["caller"]) for hit in hits]
    assert whose == [
        ("b", {"number": "", "name": None}),
        ("a", {"number": "+15550100", "name": "Ann"}),
    ]


async def test_other_scripts_are_found_by_the_beginning_of_a_word(either: SqlThreadStore) -> None:
    for said in ("Привет, мир", "καλημέρα σας", "مرحبا بكم"):
        await either.append(draft(said))
    assert await found(either, "прив") == [("t", 1)]
    assert await found(either, "καλημέρα") == [("t", 2)]
    assert await found(either, "مرح") == [("t", 3)]


@pytest.mark.parametrize(
    "query",
    [
        "", " ", '"', '""', "'", "\\", "a AND", "NOT", "a OR b", "NEAR(a b, 5)", "text:a", "a*", "*", "^a",
        "(a", "a)", "-a", "+", "a & b", "a | !b", "a <-> b", ":*", "a:*b", "🙂", "🙂 a", "%", "_", "--",
        ";", "{a}", "a\\'b", "x" * 100, "\u202e", "\ud7ff", "ａ", "é" * 50, "\x02a\x03", "$1", ":words", "@@",
    ],
)  # fmt: skip
async def test_no_query_is_an_error(either: SqlThreadStore, query: str) -> None:
    await either.append(draft("a message"))
    page = await search(either.database, query, limit=10)
    assert all(isinstance(hit, Hit) for hit in page.hits)


async def test_what_matches_is_marked(either: SqlThreadStore) -> None:
    await either.append(draft("One refund is <b>not</b> enough: two refunds!"))
    (hit,) = (await search(either.database, "refund", limit=10)).hits
    assert "".join(piece.text for piece in hit.snippet) == "One refund is <b>not</b> enough: two refunds!"
    assert [piece.text for piece in hit.snippet if piece.match] == ["refund", "refunds"]


async def test_a_long_message_is_cut_around_its_match(either: SqlThreadStore) -> None:
    await either.append(draft("word " * 200 + "needle " + "word " * 200))
    (hit,) = (await search(either.database, "needle", limit=10)).hits
    assert [piece.text for piece in hit.snippet if piece.match] == ["needle"]
    assert hit.snippet[0] == hit.snippet[-1] == Piece("…", False)
    assert len("".join(piece.text for piece in hit.snippet)) < 210


async def test_a_marked_text_that_is_damaged_is_shown_all_the_same() -> None:
    assert snippet("a \x02b") == (Piece("a \x02b", False),)
    assert snippet("") == ()


async def test_conversations_are_found_by_number_name_and_speaker(either: SqlThreadStore) -> None:
    await either.open_thread(replace(caller("a", number="+15551234567"), name="Ada Lovelace"))
    await either.append(draft("hello", thread_id="a"))
    await either.append(replace(draft("good day", thread_id="a", speaker="human"), name="sam"))
    for query in ("lovelace", "+1555", "(555) 123-4567", "sam"):
        assert await found(either, query) == [("a", 0)], query
    (hit,) = (await search(either.database, "ADA", limit=10)).hits
    assert hit.snippet == (Piece("Ada", True), Piece(" Lovelace · +15551234567", False))


async def test_pages_follow_each_other_without_a_gap_or_a_double(either: SqlThreadStore) -> None:
    await either.open_thread(replace(caller("other"), name="Common"))
    for n in range(25):
        await either.append(draft(f"common {n}"))
    hits, before = [], None
    for _ in range(10):
        page = await search(either.database, "common", limit=4, before=before)
        assert len(page.hits) <= 4
        hits += [(hit.thread_id, hit.seq) for hit in page.hits]
        before = page.before
        if before is None:
            break
    assert hits == [("other", 0), *(("t", seq) for seq in range(25, 0, -1))]


async def test_a_page_that_conversations_fill_leads_on_to_the_messages(either: SqlThreadStore) -> None:
    for n in range(3):
        await either.open_thread(replace(caller(f"t{n}"), name="Common"))
    await either.append(draft("common"))
    page = await search(either.database, "common", limit=3)
    assert {hit.seq for hit in page.hits} == {0}
    page = await search(either.database, "common", limit=3, before=page.before)
    assert [(hit.thread_id, hit.seq) for hit in page.hits] == [("t", 1)]
    assert page.before is None


@pytest.mark.parametrize(
    "said", ["x" * 3_000_000, "many different words " * 100_000, " ".join(map(str, range(300_000)))]
)
async def test_an_endless_message_is_stored_and_found(either: SqlThreadStore, said: str) -> None:
    await either.append(draft(said))
    await either.append(draft("after it"))
    assert await found(either, "after") == [("t", 2)]


async def test_the_index_holds_what_was_stored(either: SqlThreadStore) -> None:
    for n in range(10):
        await either.append(draft(f"number {n}"))
    async with either.database.read() as connection:
        count = (await connection.execute(text("SELECT count(*) FROM search_texts"))).scalar_one()
    assert count == 10


async def test_accents_do_not_matter_on_sqlite(store: SqlThreadStore) -> None:
    await store.append(draft("Crème brûlée à la carte"))
    assert await found(store, "creme brul") == await found(store, "CRÈME") == [("t", 1)]
