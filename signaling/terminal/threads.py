"""`patchbay threads …`: conversations read, saved and deleted in the database, with or without a server.

A server that runs on the same database notices a deletion within some seconds, and tells its readers.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from bridge.errors import BridgeError
from signaling.errors import SignalingError
from signaling.log import setup_logging
from signaling.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from bridge.thread.store import SqlThreadStore

T = TypeVar("T")

_FAILED = 1
_FINISHING_S = 30.0
"""A server writes a call's last words for some 20 s after its end."""

_BAD_SETTINGS = 2
_SQLITE = "sqlite+aiosqlite:///"

Id = Annotated[str, typer.Argument(help="The conversation's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")]

threads = typer.Typer(help="Read, search, save and delete conversations.", no_args_is_help=True)


@threads.command("list")
def list_command(limit: Limit = 50, as_json: AsJson = False) -> None:
    """The conversations there are, the newest first."""
    from bridge.thread.views import summary_view

    rows = [summary_view(row) for row in _with_store(lambda store: store.threads(limit=limit))]
    _table(rows, ["threadId", "lastAt", "number", "name", "messageCount"], as_json=as_json)


@threads.command("show")
def show_command(thread_id: Id) -> None:
    """One conversation, to read."""
    typer.echo(_exported(thread_id, "text"), nl=False)


@threads.command("search")
def search_command(
    words: Annotated[list[str], typer.Argument(help="What was said, or a number or name.")],
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Messages with all of these words, the newest first."""
    from bridge.thread.search import hit_view, search

    page = _with_store(lambda store: search(store.database, " ".join(words), limit=limit))
    rows = [hit_view(hit) for hit in page.hits]
    if not as_json:
        for row, hit in zip(rows, page.hits, strict=True):
            row["text"] = "".join(f"[{p.text}]" if p.match else p.text for p in hit.snippet)
    _table(rows, ["threadId", "seq", "startedAt", "speaker", "text"], as_json=as_json)


@threads.command("export")
def export_command(
    thread_id: Id,
    form: Annotated[str, typer.Option("--format", help="json, text or vtt.")] = "json",
    output: Annotated[Path | None, typer.Option(help="Into this file, not to the screen.")] = None,
) -> None:
    """One conversation as JSON, text or WebVTT."""
    content = _exported(thread_id, form)
    if output is None:
        typer.echo(content, nl=False)
        return
    try:
        output.write_text(content, encoding="utf-8")
    except OSError as error:
        _give_up(f"{output} cannot be written: {error.strerror}.")


@threads.command("delete")
def delete_command(
    thread_id: Annotated[str | None, typer.Argument(help="The conversation's id.")] = None,
    number: Annotated[str | None, typer.Option(help="All conversations of this caller instead.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete one conversation, or all of a number, with everything that hangs on them."""
    from bridge.thread.erasure import Erasure

    # An empty one too: callers who withhold their number have it, and a script's unset variable is it.
    if bool(thread_id) == bool(number):
        _give_up("Name one conversation, or give --number.")
    if not yes:
        what = f"conversation {thread_id}" if thread_id else f"every conversation of {number}"
        typer.confirm(f"Delete {what} for good?", abort=True)

    async def delete(store: SqlThreadStore) -> tuple[int, bool]:
        erasure = Erasure(store.database, finishing_s=_FINISHING_S)
        who = f"command line ({getpass.getuser()})"
        if thread_id:
            deleted = int(await erasure.delete_thread(thread_id, who))
        else:
            deleted = await erasure.delete_caller(number or "", who)
        return deleted, await erasure.scrub()

    deleted, scrubbed = _with_store(delete)
    if not deleted:
        _give_up("There is no such conversation.")
    typer.echo(f"Deleted {deleted}.")
    if not scrubbed:
        typer.echo("Its words are overwritten in the file by the server, as soon as nobody reads.", err=True)


@threads.command("audit")
def audit_command(limit: Limit = 100, as_json: AsJson = False) -> None:
    """Who deleted what, the newest first."""
    from bridge.thread.erasure import Erasure, audit_view

    rows = [audit_view(line) for line in _with_store(lambda store: Erasure(store.database).audit(limit))]
    _table(rows, ["at", "who", "what", "target", "count"], as_json=as_json)


def _exported(thread_id: str, form: str) -> str:
    from bridge.thread.export import FORMATS, export

    if form not in FORMATS:
        _give_up(f"--format is one of {', '.join(FORMATS)}.")
    messages = _with_store(lambda store: store.messages(thread_id))
    if messages is None:
        _give_up("There is no such conversation.")
    return export(thread_id, messages, FORMATS[form]).body


def _with_store(work: Callable[[SqlThreadStore], Awaitable[T]]) -> T:
    """What `work` makes of the database of this folder's settings; an error becomes its sentence."""
    from bridge.thread.store import SqlThreadStore

    setup_logging(level=logging.CRITICAL)
    try:
        settings = load_settings()
    except SettingsError as error:
        _give_up(error.message, _BAD_SETTINGS)
    file = settings.database.removeprefix(_SQLITE)
    if file != settings.database and not Path(file.partition("?")[0]).exists():
        _give_up(f"There is no database at {file} yet.")

    async def run() -> T:
        store = SqlThreadStore(settings.database, outbox=settings.alive5_url is not None)
        await store.start()
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except (BridgeError, SignalingError) as error:
        _give_up(error.message)


def _table(rows: list[dict[str, object]], columns: list[str], *, as_json: bool) -> None:
    """Print rows as a table, or as they are."""
    from rich.table import Table
    from rich.text import Text

    from signaling.terminal.show import Screen

    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo("There are none.", err=True)
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row[column] is None else str(row[column])) for column in columns))
    screen = Screen()
    if not screen.console.is_terminal:
        screen.console.width = 200  # for programs that read a line at a time
    screen.console.print(table)


def _give_up(message: str, code: int = _FAILED) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
