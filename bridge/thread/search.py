"""Finding conversations by what was said in them, and by who spoke.

The words of a query are sought as they stand: no operator of the database's own query language gets
through, so that nothing that somebody types is an error. All words must be in one message; the last one
may be unfinished.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, false, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.ports import Speaker
from bridge.thread.database import Database
from bridge.thread.schema import UtcDateTime, messages, threads
from bridge.thread.views import iso_utc

MOST_THREADS: Final = 20
"""Conversations found by number or name that the first page begins with, at most."""

_MOST_WORDS: Final = 20
_BEGIN, _END = "\x02", "\x03"
"""Around a word that matches, in what the database marks. Never shown."""

_SNIPPET: Final = 200
_BEFORE: Final = 60

_SQLITE: Final = """
    SELECT t.id, t.thread_id, t.seq, m.started_at, m.speaker, m.name, c.number, c.name AS caller_name,
           highlight(search_index, 0, char(2), char(3)) AS marked
    FROM search_index
    JOIN search_texts t ON t.id = search_index.rowid
    JOIN messages m ON m.thread_id = t.thread_id AND m.seq = t.seq
    JOIN threads c ON c.thread_id = t.thread_id
    WHERE search_index MATCH :words AND search_index.rowid < :before
    ORDER BY search_index.rowid DESC LIMIT :limit"""

_POSTGRES: Final = """
    SELECT f.id, f.thread_id, f.seq, m.started_at, m.speaker, m.name, c.number, c.name AS caller_name,
           ts_headline('simple', f.words, to_tsquery('simple', CAST(:words AS text)), CAST(:marks AS text))
               AS marked
    FROM (
        SELECT id, thread_id, seq, left(text, 50000) AS words FROM search_texts
        WHERE to_tsvector('simple', left(text, 50000)) @@ to_tsquery('simple', CAST(:words AS text))
              AND id < :before
        ORDER BY id DESC LIMIT :limit
    ) f
    JOIN messages m ON m.thread_id = f.thread_id AND m.seq = f.seq
    JOIN threads c ON c.thread_id = f.thread_id
    ORDER BY f.id DESC"""

_NO_LIMIT: Final = 2**62


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snippet; `match`: one of the words sought."""

    text: str
    match: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found; `seq` 0: its thread was, by number, name or id.

    `number` and `caller_name`: whose conversation it is.
    """

    thread_id: str
    seq: int
    started_at: datetime
    speaker: Speaker
    name: str | None
    number: str
    caller_name: str | None
    snippet: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, newest first, and what to ask for the ones before them with; None where there are none."""

    hits: list[Hit]
    before: int | None


async def search(database: Database, query: str, *, limit: int, before: int | None = None) -> Page:
    """A page of at most `limit` hits for `query`; whatever it has in it, it is no error.

    `before`: the `before` of the page that came last. The first page begins with the conversations whose
    number, id or speakers' names have the query in them. Raises StoreUnavailable.
    """
    words = _words(query)
    async with database.read() as connection:
        hits = await _threads(connection, query.strip(), min(limit, MOST_THREADS)) if before is None else []
        room = limit - len(hits)
        if not words or not room:
            return Page(hits, _NO_LIMIT if words and not room else None)
        found = await _messages(connection, words, room + 1, before, sqlite=database.is_sqlite)
    more = len(found) > room
    return Page(hits + [_hit(row) for row in found[:room]], found[room - 1].id if more else None)


async def _messages(
    connection: AsyncConnection, words: list[str], limit: int, before: int | None, *, sqlite: bool
) -> list[Row[Any]]:
    statement = text(_SQLITE if sqlite else _POSTGRES).columns(started_at=UtcDateTime)
    values: dict[str, object] = {"before": before or _NO_LIMIT, "limit": limit}
    if sqlite:
        values["words"] = " AND ".join(f'"{word}"' for word in (w.replace('"', '""') for w in words)) + "*"
    else:
        quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
        values["words"] = " & ".join(f"'{word}'" for word in quoted) + ":*"
        values["marks"] = f"HighlightAll=true, StartSel={_BEGIN}, StopSel={_END}"
    return list((await connection.execute(statement, values)).all())


async def _threads(connection: AsyncConnection, sought: str, limit: int) -> list[Hit]:
    """Conversations by their number, id or speakers, the newest first."""
    if not sought:
        return []
    spoke = select(messages.c.thread_id).where(messages.c.name.icontains(sought, autoescape=True))
    columns = (threads.c.thread_id, threads.c.number, threads.c.name)
    # Numbers are written with blanks, dashes and brackets, and kept without.
    digits = re.sub(r"[\s().+/-]", "", sought)
    number = threads.c.number.contains(digits) if re.fullmatch("[0-9]{3,}", digits) else false()
    query: Select[Any] = (
        select(threads)
        .where(
            or_(
                number,
                threads.c.thread_id.in_(spoke),
                *(column.icontains(sought, autoescape=True) for column in columns),
            )
        )
        .order_by(threads.c.last_at.desc(), threads.c.thread_id)
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return [
        Hit(
            thread_id=row.thread_id,
            seq=0,
            started_at=row.last_at,
            speaker="caller",
            name=row.name,
            number=row.number,
            caller_name=row.name,
            snippet=_marked(_title(row), sought, digits),
        )
        for row in rows
    ]


def _title(row: Row[Any]) -> str:
    return " · ".join(part for part in (row.name, row.number) if part) or str(row.thread_id)


def _marked(title: str, *sought: str) -> tuple[Piece, ...]:
    """`title` with the first of `sought` that is in it marked."""
    for words in sought:
        found = re.search(re.escape(words), title, re.IGNORECASE) if words else None
        if found:
            begin, end = found.span()
            parts = Piece(title[:begin], False), Piece(title[begin:end], True), Piece(title[end:], False)
            return tuple(part for part in parts if part.text)
    return (Piece(title, False),)


def _words(query: str) -> list[str]:
    """The words to seek; those without a letter or digit are in no index."""
    return [word for word in query.split() if any(map(str.isalnum, word))][:_MOST_WORDS]


def _hit(row: Row[Any]) -> Hit:
    return Hit(
        thread_id=row.thread_id,
        seq=row.seq,
        started_at=row.started_at,
        speaker=row.speaker,
        name=row.name,
        number=row.number,
        caller_name=row.caller_name,
        snippet=snippet(row.marked),
    )


def snippet(marked: str) -> tuple[Piece, ...]:
    """The part of a marked text around its first match, of some 200 characters, with … where it is cut."""
    pieces = [
        Piece(part, match)
        for outside in re.split(f"({_BEGIN}[^{_END}]*{_END})", marked)
        for part, match in ((outside.strip(_BEGIN + _END), outside.startswith(_BEGIN)),)
        if part
    ]
    position = first = 0
    for piece in pieces:
        if piece.match:
            first = position
            break
        position += len(piece.text)
    begin = max(0, first - _BEFORE) if first + _BEFORE > _SNIPPET else 0
    return tuple(_cut(pieces, begin, begin + _SNIPPET))


def _cut(pieces: list[Piece], begin: int, end: int) -> list[Piece]:
    """What of `pieces` lies between the two characters."""
    shown, position = [], 0
    for piece in pieces:
        part = piece.text[max(0, begin - position) : max(0, end - position)]
        position += len(piece.text)
        if part:
            shown.append(Piece(part, piece.match))
    if begin:
        shown.insert(0, Piece("…", False))
    if position > end:
        shown.append(Piece("…", False))
    return shown


def hit_view(hit: Hit) -> dict[str, object]:
    """A hit as JSON."""
    return {
        "threadId": hit.thread_id,
        "seq": hit.seq,
        "startedAt": iso_utc(hit.started_at),
        "speaker": hit.speaker,
        "name": hit.name,
        "caller": {"number": hit.number, "name": hit.caller_name},
        "snippet": [{"text": piece.text, "match": piece.match} for piece in hit.snippet],
    }
