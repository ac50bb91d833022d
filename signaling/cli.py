"""The command line: `patchbay serve` and the terminal's phone, operator and demo."""

from __future__ import annotations

import asyncio
import signal

import typer
import uvloop
from rich.console import Console
from rich.panel import Panel

from bridge.errors import BridgeError
from bridge.flow.errors import TemplateError
from signaling.errors import SignalingError
from signaling.log import setup_logging
from signaling.settings import Settings, SettingsError, load_settings
from signaling.terminal.commands import register

app = typer.Typer(
    name="patchbay",
    help="Lets a human step into an AI phone call and out again.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_BAD_SETTINGS = 2
_FAILED = 1


@app.command("serve")
def serve_command() -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    setup_logging()
    try:
        settings = load_settings()
        uvloop.run(_serve(settings))
    except SettingsError as error:
        _give_up(error.message, _BAD_SETTINGS)
    except TemplateError as error:
        _give_up(f"{settings.flow} cannot be used as a flow: {error.message}.", _BAD_SETTINGS)
    except (SignalingError, BridgeError) as error:
        _give_up(error.message, _FAILED)
    except OSError as error:
        _give_up(f"Cannot listen: {error.strerror or error}.", _FAILED)


async def _serve(settings: Settings) -> None:
    # Here and not above: it takes two seconds to import, which the other commands need not wait for.
    from signaling.app import make_runtime, serve

    demo: list[tuple[str, str]] = []
    runtime = await make_runtime(settings, lambda name, password: demo.append((name, password)))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(runtime, on_listening=lambda host, port: _greet(settings, host, port, demo), stop=stop)


def _greet(settings: Settings, host: str, port: int, demo: list[tuple[str, str]]) -> None:
    """What to do next, once the server listens."""
    shown = f"[{host}]" if ":" in host else host
    lines = [f"Listening on [bold]http://{shown}:{port}[/bold]", ""]
    if demo:
        name, password = demo[0]
        lines += [f"Operator account: [bold]{name}[/bold], password [bold]{password}[/bold]"]
        lines += [f"(made just now; kept in {settings.data_dir / 'demo-password'})", ""]
    lines += [
        "In another terminal:",
        "  [bold].venv/bin/patchbay demo[/bold]       a whole call, handed over and back, on real speech",
        "  [bold].venv/bin/patchbay operator[/bold]   take calls from the terminal",
        "  [bold].venv/bin/patchbay call[/bold]       call in as a customer",
    ]
    Console(stderr=True).print(Panel("\n".join(lines), title="Patchbay", expand=False, padding=(1, 2)))


def _give_up(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


@app.command("version")
def version_command() -> None:
    """Print the version."""
    from importlib.metadata import version

    typer.echo(version("patchbay"))


register(app)


def main() -> None:
    """Entry point."""
    app(prog_name="patchbay")


if __name__ == "__main__":
    main()
