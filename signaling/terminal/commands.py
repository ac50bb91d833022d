"""The terminal's commands as typer knows them: `call`, `operator`, `demo`, `threads …`.

What they need is imported when they run: `patchbay serve`, beside them, has no use for it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvloop

from bridge.errors import BridgeError
from signaling.auth import DEMO_NAME, read_demo_password
from signaling.errors import SignalingError
from signaling.log import setup_logging
from signaling.settings import Settings, SettingsError, load_settings
from signaling.terminal.keyboard import at_terminal
from signaling.terminal.show import Screen
from signaling.terminal.threads import threads
from telephony.errors import TelephonyError

_FAILED = 1
_BAD_SETTINGS = 2
_INTERRUPTED = 130
_TERMINATED = 143

Url = Annotated[
    str | None, typer.Option(help="The server's address; that of this folder's settings unless given.")
]
Say = Annotated[list[str] | None, typer.Option(help="Say this in turn; may be given several times.")]
Wav = Annotated[list[Path] | None, typer.Option(help="Play this sound file in turn, before any text.")]
User = Annotated[str, typer.Option(help="The operator's name.")]
Password = Annotated[
    str | None,
    typer.Option(
        envvar="PATCHBAY_OPERATOR_PASSWORD", help="The password; else the demo account's, or asked for."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the log as well.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("call")(call_command)
    app.command("operator")(operator_command)
    app.command("demo")(demo_command)
    app.add_typer(threads, name="threads")


def call_command(
    say: Say = None,
    wav: Wav = None,
    url: Url = None,
    name: Annotated[str | None, typer.Option(help="The caller's name.")] = None,
    number: Annotated[str, typer.Option(help="The caller's number.")] = "+15550100",
    thread_id: Annotated[str | None, typer.Option(help="Go on with this conversation.")] = None,
    verbose: Verbose = False,
) -> None:
    """Call in as a customer: speaks with a real voice, and prints what it hears.

    Without --say and --wav it asks for lines to say.
    """
    from signaling.terminal.caller import CallPlan, call

    settings = _settings(verbose=verbose)
    given = {"thread_id": thread_id} if thread_id else {}
    plan = CallPlan(
        url or _own_url(settings), number, name, texts=tuple(say or ()), sounds=tuple(wav or ()), **given
    )
    _run(call(plan, settings, Screen()))


def operator_command(
    say: Say = None,
    wav: Wav = None,
    url: Url = None,
    user: User = DEMO_NAME,
    password: Password = None,
    echo: Annotated[bool, typer.Option("--echo", help="Repeat the caller, half a second later.")] = False,
    auto: Annotated[bool, typer.Option("--auto", help="Take every call without asking.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Leave after one call.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Back to the bot after the last line.")] = False,
    hangup: Annotated[bool, typer.Option("--hangup", help="Hang up after the last line.")] = False,
    verbose: Verbose = False,
) -> None:
    """Take calls as an operator: shows who waits and why, then talks with the caller.

    Asks before it takes a call, unless it is told what to say or to do. While connected, type help.
    """
    from signaling.terminal.operator import DeskPlan, operate

    settings = _settings(verbose=verbose)
    if release and hangup:
        _give_up("Choose one of --release and --hangup.", _FAILED)
    if (release or hangup) and not (say or wav):
        _give_up("--release and --hangup follow the last line: give --say or --wav.", _FAILED)
    plan = DeskPlan(
        url or _own_url(settings),
        user,
        _password(password, user, settings),
        tuple(say or ()),
        tuple(wav or ()),
        echo,
        once,
        auto,
        "release" if release else "hangup" if hangup else None,
    )
    _run(operate(plan, settings, Screen()))


def demo_command(
    url: Annotated[
        str | None, typer.Option(help="Play it at this server, which must run the demo flow.")
    ] = None,
    user: User = DEMO_NAME,
    password: Password = None,
    verbose: Verbose = False,
) -> None:
    """Watch a whole call: a caller, the bot, a handoff to an operator, and the way back. On real speech.

    Starts a server of its own, unless one is named, and leaves nothing behind.
    """
    from signaling.terminal.demo import DemoPlan, demo

    settings = _settings(verbose=verbose)
    plan = DemoPlan(on_log=_show_log if verbose else lambda line: None)
    if url is not None:
        plan = DemoPlan(url, user, _password(password, user, settings))
    _run(demo(plan, settings, Screen()))


def _show_log(line: str) -> None:
    typer.echo(line, err=True)


def _password(given: str | None, user: str, settings: Settings) -> str:
    """The password that was given, the demo account's on this machine, or what is typed."""
    known = read_demo_password(settings.data_dir) if user == DEMO_NAME else None
    if given or known:
        return given or known or ""
    if not at_terminal():
        _give_up(
            f"There is no password for {user}: give --password or set PATCHBAY_OPERATOR_PASSWORD.", _FAILED
        )
    return str(typer.prompt(f"Password of {user}", hide_input=True))


def _settings(*, verbose: bool) -> Settings:
    """This folder's settings. What goes wrong is told on the screen; the log would only garble it."""
    setup_logging(level=logging.INFO if verbose else logging.CRITICAL)
    try:
        return load_settings()
    except SettingsError as error:
        _give_up(error.message, _BAD_SETTINGS)


def _own_url(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}"


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end; an error becomes its sentence and exit 1, Ctrl-C exit 130."""
    try:
        uvloop.run(_stoppable(work))
    except (SignalingError, TelephonyError, BridgeError) as error:
        _give_up(error.message, _FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    except asyncio.CancelledError:
        raise typer.Exit(_TERMINATED) from None


async def _stoppable(work: Coroutine[Any, Any, None]) -> None:
    """Let SIGTERM end `work` as tidily as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


def _give_up(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
