"""Rules of the source tree that no single module can keep by itself. Read from the syntax, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A package may import those that stand before it.
LAYERS = ("bridge", "telephony", "signaling")
SANS_IO = (
    "bridge/call/states.py",
    "bridge/flow/*.py",
    "bridge/media/conceal.py",
    "bridge/media/dtmf.py",
    "bridge/media/frame.py",
    "bridge/media/g711.py",
    "bridge/media/jitter.py",
    "bridge/media/lateness.py",
    "bridge/media/rtp.py",
    "bridge/media/timeline.py",
    "bridge/peer/codec_policy.py",
    "bridge/peer/sdp.py",
    "bridge/ports.py",
    "bridge/speech/activity.py",
    "bridge/speech/deepgram_ledger.py",
    "bridge/speech/deepgram_results.py",
    "bridge/speech/language.py",
    "bridge/speech/segmenter.py",
    "bridge/speech/wire.py",
    "bridge/thread/card_guard.py",
    "bridge/thread/cards.py",
    "bridge/thread/digits.py",
    "bridge/thread/masking.py",
    "bridge/thread/sequencer.py",
    "bridge/thread/views.py",
    "signaling/accounts.py",
    "signaling/ice.py",
    "signaling/ratelimit.py",
    "signaling/tokens.py",
    "telephony/*/gate.py",
    "telephony/*/pacing.py",
    "telephony/*/policy.py",
    "telephony/*/replies.py",
    "telephony/*/signature.py",
    "telephony/*/twiml.py",
    "telephony/*/wav.py",
    "telephony/*/wire.py",
    "telephony/framer.py",
    "telephony/identity.py",
    "telephony/tokens.py",
)
FEWEST_SANS_IO = 25
# aiortc's SDP parser and the values it makes: text in, dataclasses out.
ALLOWED = {"bridge/peer/sdp.py": {"aiortc"}}
# `time` because `now` is passed in.
IO_MODULES = frozenset(
    {
        "aiohttp",
        "aioice",
        "aiortc",
        "asyncio",
        "multiprocessing",
        "select",
        "selectors",
        "socket",
        "socketio",
        "sqlalchemy",
        "subprocess",
        "threading",
        "time",
        "websockets",
    }
)
PIPER_FILE = "bridge/speech/piper_worker.py"
ORTC_FILE = "bridge/peer/ortc.py"


def sources() -> list[str]:
    return sorted(
        str(path.relative_to(ROOT)) for package in LAYERS for path in (ROOT / package).rglob("*.py")
    )


@cache
def syntax_of(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), path)


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of(tree: ast.Module, path: str) -> Iterator[str]:
    """Every imported module by its absolute dotted name, each imported name included."""
    package = path.rpartition("/")[0].split("/")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def upward_imports(tree: ast.Module, path: str) -> list[str]:
    above = LAYERS[LAYERS.index(path.split("/")[0]) + 1 :]
    return [name for name in imports_of(tree, path) if name.split(".")[0] in above]


def sans_io_files() -> list[str]:
    return sorted({str(path.relative_to(ROOT)) for pattern in SANS_IO for path in ROOT.glob(pattern)})


def io_reached(path: str) -> dict[str, str]:
    """I/O module → the file of ours that imports it, for all that importing `path` brings in."""
    files = {module_name(source): source for source in sources()}
    found: dict[str, str] = {}
    todo, seen = [path], {path}
    while todo:
        current = todo.pop()
        for name in imports_of(syntax_of(current), current):
            if name.split(".")[0] in IO_MODULES - ALLOWED.get(current, set()):
                found[name.split(".")[0]] = current
            ours = files.get(name)
            if ours is not None and ours not in seen:
                seen.add(ours)
                todo.append(ours)
    return found


def private_names_of_others(tree: ast.Module) -> list[str]:
    """Underscore names that a file which uses aiortc or aioice reads of anything but itself."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                names.append(f"line {node.lineno}: {node.attr}")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("aiortc", "aioice"):
            names += [f"line {node.lineno}: {alias.name}" for alias in node.names if _is_private(alias.name)]
    return names


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def ownerless_tasks(tree: ast.Module) -> list[int]:
    """Lines that start a task on the loop and drop it. One started in a TaskGroup has its owner."""
    lines = []
    for node in ast.walk(tree):
        dropped = isinstance(node, ast.Expr) or (
            isinstance(node, ast.Assign) and all(_is_underscore(target) for target in node.targets)
        )
        if dropped and isinstance(node.value, ast.Call) and _starts_loop_task(node.value.func):
            lines.append(node.lineno)
    return lines


def _is_underscore(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "_"


def _starts_loop_task(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in ("create_task", "ensure_future")
    if not isinstance(function, ast.Attribute) or function.attr not in ("create_task", "ensure_future"):
        return False
    receiver = ast.unparse(function.value)
    return receiver == "asyncio" or receiver.endswith(("loop", "loop()"))


@pytest.mark.parametrize("path", sources())
def test_imports_go_one_way(path: str) -> None:
    assert upward_imports(syntax_of(path), path) == []


@pytest.mark.parametrize("path", sans_io_files())
def test_sans_io_modules_reach_no_io(path: str) -> None:
    assert io_reached(path) == {}


def test_the_sans_io_modules_are_where_this_test_looks_for_them() -> None:
    assert len(sans_io_files()) >= FEWEST_SANS_IO


def test_piper_is_imported_by_its_own_program_only_and_nobody_imports_that() -> None:
    importers = {
        path
        for path in sources()
        if any(name.split(".")[0] == "piper" for name in imports_of(syntax_of(path), path))
    }
    users = {path for path in sources() if module_name(PIPER_FILE) in imports_of(syntax_of(path), path)}

    assert importers == {PIPER_FILE}
    assert users == set()


def test_private_names_of_aiortc_and_aioice_are_used_in_one_file_only() -> None:
    offenders = {
        path: names
        for path in sources()
        if path != ORTC_FILE
        and any(name.split(".")[0] in ("aiortc", "aioice") for name in imports_of(syntax_of(path), path))
        and (names := private_names_of_others(syntax_of(path)))
    }

    assert offenders == {}


def test_no_task_is_started_and_dropped() -> None:
    offenders = {path: lines for path in sources() if (lines := ownerless_tasks(syntax_of(path)))}

    assert offenders == {}


def test_nothing_is_pickled() -> None:
    offenders = {
        path
        for path in sources()
        if {name.split(".")[0] for name in imports_of(syntax_of(path), path)}
        & {"pickle", "shelve", "marshal"}
    }

    assert offenders == set()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("bridge/call/x.py", "import signaling.auth"),
        ("bridge/call/x.py", "from telephony import errors"),
        ("bridge/x.py", "def late():\n    from signaling.auth import OperatorBook"),
        ("telephony/twilio/x.py", "from signaling import settings"),
    ],
)
def test_an_upward_import_would_be_seen(path: str, source: str) -> None:
    assert upward_imports(ast.parse(source), path)


def test_relative_imports_are_resolved() -> None:
    tree = ast.parse("from . import a\nfrom .b import c\nfrom ..d import e\nfrom ... import f")

    assert [name for name in imports_of(tree, "bridge/call/sub/x.py") if name.count(".") >= 1] == [
        "bridge.call.sub",
        "bridge.call.sub.a",
        "bridge.call.sub.b",
        "bridge.call.sub.b.c",
        "bridge.call.d",
        "bridge.call.d.e",
        "bridge.f",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "create_task(f())",
        "asyncio.create_task(f())",
        "asyncio.ensure_future(f())",
        "asyncio.get_running_loop().create_task(f())",
        "self._loop.create_task(f())",
        "_ = asyncio.create_task(f())",
    ],
)
def test_a_dropped_task_would_be_seen(source: str) -> None:
    assert ownerless_tasks(ast.parse(source)) == [1]


@pytest.mark.parametrize("source", ["tasks.create_task(f())", "task = asyncio.create_task(f())"])
def test_an_owned_task_is_let_be(source: str) -> None:
    assert ownerless_tasks(ast.parse(source)) == []


@pytest.mark.parametrize("source", ["transport._protocol", "from aioice.ice import _private"])
def test_a_private_name_would_be_seen(source: str) -> None:
    assert private_names_of_others(ast.parse(source))
