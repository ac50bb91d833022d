"""`patchbay outbox`: what waits for alive5, what failed, and putting it back or giving it up.

Works on the database, whether a server runs on it or not; one that runs notices within seconds.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer
import uvloop

from bridge.errors import BridgeError
from bridge.thread.views import iso_utc
from signaling.log import setup_logging
from signaling.settings import Settings, SettingsError, load_settings
from signaling.terminal.keyboard import at_terminal

if TYPE_CHECKING:
    from bridge.thread.outbox_desk import Entry, OutboxDesk
    from bridge.thread.outbox_store import OutboxState

outbox_app = typer.Typer(help="See what is to be delivered to alive5, and change it.", no_args_is_help=True)

_FAILED = 1
_BAD_SETTINGS = 2
_TEXT_SHOWN = 48
_LAST_ROW = 2**63 - 1
_UNDONE: Sequence[OutboxState] = ("pending", "sending", "failed", "uncertain")
_STATES: Sequence[OutboxState] = (*_UNDONE, "delivered", "dropped")

Ids = Annotated[
    list[int] | None,
    typer.Argument(help="Numbers of rows, as listed.", min=1, max=_LAST_ROW, show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@outbox_app.command("list")
def list_command(
    thread: Annotated[str | None, typer.Option(help="Only this conversation's.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Only rows in this state; may be given several times.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delivered and dropped ones, too.")] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=_LAST_ROW, help="At most so many, the oldest first.")
    ] = 200,
    as_json: Json = False,
) -> None:
    """List deliveries that are not done: waiting, failed, or uncertain (sent, but perhaps not arrived)."""
    for name in state or ():
        if name not in _STATES:
            _give_up(f"There is no state {name!r}: choose one of {', '.join(_STATES)}.", _BAD_SETTINGS)
    chosen = cast("list[OutboxState]", state) or ([] if everything else _UNDONE)

    async def read(desk: OutboxDesk) -> None:
        rows = await desk.rows(states=chosen, thread_id=thread, limit=limit)
        _print(rows, as_json=as_json)
        if len(rows) == limit:
            typer.echo(f"Only the oldest {limit} are listed; --limit shows more.", err=True)

    _at_desk(read)


@outbox_app.command("retry")
def retry_command(
    ids: Ids = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every row that alive5 refused.")] = False,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Every row that may have arrived.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about these.")] = False,
    as_json: Json = False,
) -> None:
    """Send rows again. They come before what waits, but after what their thread was sent since.

    A row that is uncertain may have arrived: sent again, it may stand in alive5 twice.
    """
    states: list[OutboxState] = [*_if(failed, "failed"), *_if(uncertain, "uncertain")]
    if not ids and not states:
        _give_up("Name the rows to retry, or give --failed or --uncertain.", _BAD_SETTINGS)

    async def retry(desk: OutboxDesk) -> None:
        rows = await desk.rows(states=states) if states else []
        wanted = sorted({*(ids or ()), *(row.id for row in rows)})
        known = await desk.rows(ids=wanted) if wanted else []
        _confirm([row for row in known if row.state == "uncertain"], yes=yes)
        if wanted:
            await desk.retry(wanted)
        await _report(desk, wanted, "put back", as_json=as_json)

    _at_desk(retry)


@outbox_app.command("drop")
def drop_command(
    ids: Annotated[list[int], typer.Argument(help="Numbers of rows.", min=1, max=_LAST_ROW)],
    as_json: Json = False,
) -> None:
    """Never send these rows. `retry` takes them back."""

    async def drop(desk: OutboxDesk) -> None:
        wanted = sorted(set(ids))
        await desk.drop(wanted)
        await _report(desk, wanted, "dropped", as_json=as_json)

    _at_desk(drop)


def _if(wanted: bool, state: OutboxState) -> list[OutboxState]:
    return [state] if wanted else []


def _confirm(uncertain: Sequence[Entry], *, yes: bool) -> None:
    """Ask about rows that may come twice; exits where the answer is no, or nobody is there to give it."""
    if not uncertain or yes:
        return
    numbers = ", ".join(str(row.id) for row in uncertain)
    sentence = f"Perhaps delivered already, so that it may stand in alive5 twice: {numbers}."
    if not at_terminal():
        _give_up(f"{sentence} Give --yes to send it all the same.", _FAILED)
    typer.echo(sentence)
    if not typer.confirm("Send again?"):
        _give_up("Nothing was changed.", _FAILED)


async def _report(desk: OutboxDesk, ids: Sequence[int], done: str, *, as_json: bool) -> None:
    if as_json:
        _print(await desk.rows(ids=ids) if ids else [], as_json=True)
    else:
        typer.echo(f"{len(ids)} {'row' if len(ids) == 1 else 'rows'} {done}.")


def _print(rows: Sequence[Entry], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_view(row) for row in rows], ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo("Nothing.")
        return
    head = ("ID", "STATE", "KIND", "THREAD", "SEQ", "TRIES", "SINCE", "TEXT")
    table = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    for line in table:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for row in rows:
        if row.error:
            typer.echo(f"{row.id}: {row.error}")


def _cells(row: Entry) -> tuple[str, ...]:
    text = " ".join(row.text.split())
    shown = text if len(text) <= _TEXT_SHOWN else text[: _TEXT_SHOWN - 1] + "…"
    seq = "" if row.seq is None else str(row.seq)
    since = datetime.now(UTC) - row.created_at
    age = f"{max(0, round(since.total_seconds()))} s"
    return (str(row.id), row.state, row.kind, row.thread_id, seq, str(row.attempts), age, shown)


def _view(row: Entry) -> dict[str, object]:
    return {
        "id": row.id,
        "state": row.state,
        "kind": row.kind,
        "threadId": row.thread_id,
        "seq": row.seq,
        "text": row.text,
        "attempts": row.attempts,
        "createdAt": iso_utc(row.created_at),
        "error": row.error,
    }


def _at_desk(work: Callable[[OutboxDesk], Awaitable[None]]) -> None:
    """Do `work` on the settings' database; an error becomes its sentence and exit 1."""
    setup_logging(level=logging.CRITICAL)
    try:
        settings = load_settings()
        uvloop.run(_open_and(work, settings))
    except SettingsError as error:
        _give_up(error.message, _BAD_SETTINGS)
    except BridgeError as error:
        _give_up(error.message, _FAILED)


async def _open_and(work: Callable[[OutboxDesk], Awaitable[None]], settings: Settings) -> None:
    # Here and not above: the other commands need not wait for it.
    from bridge.thread.outbox_desk import OutboxDesk

    desk = OutboxDesk(settings.database)
    await desk.start()
    try:
        await work(desk)
    finally:
        await desk.close()


def _give_up(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
