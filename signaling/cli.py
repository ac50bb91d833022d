"""The command line: `patchbay serve` and the terminal's phone, operator and demo."""

from __future__ import annotations

import typer
import uvloop

from bridge.errors import BridgeError
from bridge.flow.errors import TemplateError
from signaling.errors import SignalingError
from signaling.log import setup_logging
from signaling.outbox_cli import outbox_app
from signaling.process import Stop, greeting, listen, only_one, say
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


async def _serve(settings: Settings) -> None:
    # Here and not above: it takes two seconds to import, which the other commands need not wait for.
    from signaling.app import make_runtime, serve

    settings.check_exposure()
    stop = Stop()
    stop.listen()
    with only_one(settings.prepare_data_dir()), listen(settings) as listener:
        passwords: list[str] = []
        runtime = await make_runtime(settings, lambda _, password: passwords.append(password))

        def greet(host: str, port: int) -> None:
            say(greeting(settings, (host, port), passwords[0] if passwords else None))

        await serve(runtime, listener, stop, on_listening=greet)


def _give_up(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


@app.command("version")
def version_command() -> None:
    """Print the version."""
    from importlib.metadata import version

    typer.echo(version("patchbay"))


register(app)
app.add_typer(outbox_app, name="outbox")


def main() -> None:
    """Entry point."""
    app(prog_name="patchbay")


if __name__ == "__main__":
    main()
