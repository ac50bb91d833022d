"""What goes wrong is told in one sentence, and the exit code is 1.

The commands of a test run side by side: each needs some seconds to start.
"""

from __future__ import annotations

from pathlib import Path

from tests.harness.server import ServerProcess
from tests.signaling.terminal.program import Start

NOBODY = "http://127.0.0.1:9"
NO_SERVER = (
    f"No Patchbay server answers at {NOBODY}: start one with `patchbay serve`, or name another with --url.\n"
)


async def test_what_cannot_work_without_a_server_is_told(patchbay: Start) -> None:
    expected = {
        ("call", "--say", "Hello.", "--url", NOBODY): NO_SERVER,
        ("operator", "--password", "secret", "--url", NOBODY): NO_SERVER,
        ("call", "--wav", "missing.wav"): "There is no sound file missing.wav.\n",
        ("call",): "There is nothing to say: give --say or --wav, or run it in a terminal.\n",
        ("call", "--say", "Hello.", "--url", "nowhere"): (
            "'nowhere' is not an address such as http://127.0.0.1:8996.\n"
        ),
        ("operator", "--password", "secret", "--release"): (
            "--release and --hangup follow the last line: give --say or --wav.\n"
        ),
    }
    programs = {arguments: await patchbay(*arguments) for arguments in expected}

    assert {program: await program.end() for program in programs.values()} == dict.fromkeys(
        programs.values(), 1
    )
    assert {arguments: program.output for arguments, program in programs.items()} == expected


async def test_what_is_missing_or_refused_is_told(
    patchbay: Start, server: ServerProcess, tmp_path: Path
) -> None:
    voice, model = tmp_path / "nobody.onnx", tmp_path / "no-model"
    at = ("--url", server.url)
    wrong = await patchbay("operator", "--user", "sam", "--password", "guessed", *at)
    unknown = await patchbay("operator", *at)
    voiceless = await patchbay("call", "--say", "Hello.", *at, piper_voice=voice)
    deaf = await patchbay("demo", whisper_model=model)

    assert [await program.end() for program in (wrong, unknown, voiceless, deaf)] == [1, 1, 1, 1]
    assert wrong.output == "This name and password do not belong together.\n"
    assert unknown.output == (
        "There is no password for demo: give --password or set PATCHBAY_OPERATOR_PASSWORD.\n"
    )
    assert str(voice) in voiceless.output.splitlines()[-1]
    assert deaf.output.splitlines()[-1] == (
        f"There is no Whisper model at {str(model)!r}: check PATCHBAY_WHISPER_MODEL."
    )
    assert not [p.output for p in (voiceless, deaf) if "Traceback" in p.output]
