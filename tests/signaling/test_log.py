from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from signaling.log import OncePerWhile, setup_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_away_from_a_terminal_each_record_is_one_json_object() -> None:
    stream = io.StringIO()
    setup_logging(stream)

    structlog.get_logger().info("call_started", call_id="c1", caller="Zoë")
    logging.getLogger("a.library").warning("said %s", "this")

    ours, theirs = lines_of(stream)
    assert (ours["event"], ours["call_id"], ours["caller"], ours["level"]) == (
        "call_started",
        "c1",
        "Zoë",
        "info",
    )
    assert (theirs["event"], theirs["level"]) == ("said this", "warning")
    assert str(ours["timestamp"]).endswith("Z")


def test_on_a_terminal_records_are_readable_lines() -> None:
    stream = Terminal()
    setup_logging(stream)

    structlog.get_logger().info("call_started", call_id="c1")

    assert "call_started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_setting_up_twice_writes_each_record_once() -> None:
    stream = io.StringIO()
    setup_logging(io.StringIO())
    setup_logging(stream)

    structlog.get_logger().info("once")

    assert len(lines_of(stream)) == 1


def fail_holding(password: str) -> None:
    raise ValueError(f"Authorization: Bearer {password}")


@pytest.mark.parametrize("stream_type", [io.StringIO, Terminal])
def test_secrets_are_masked_wherever_they_stand(stream_type: type[io.StringIO]) -> None:
    stream = stream_type()
    setup_logging(stream)
    log = structlog.get_logger()
    secret = "hunter2"

    log.info("named", password="hunter2", agent_token="hunter2", nested={"Authorization": "hunter2"})
    log.info("typed", value=SecretStr("hunter2"))
    log.info("in_text", header="Bearer hunter2", url="ws://h/x?a=1&token=hunter2", db="pg://u:hunter2@h/d")
    log.info("in_list", items=[{"x-a5-apikey": "hunter2"}, "?x-a5-apikey=hunter2"])
    log.info("jwt", text="got eyJhunter2.eyJhunter2.hunter2 from it")
    logging.getLogger("a.library").warning("GET /api/agent/ws?token=%s", "hunter2")
    try:
        fail_holding(secret)
    except ValueError:
        log.exception("failed")

    assert "hunter2" not in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_what_is_no_secret_is_left_as_it_is() -> None:
    stream = io.StringIO()
    setup_logging(stream)

    structlog.get_logger().info(
        "media", count=3, rate=0.5, on=True, none=None, text="the key is under the mat"
    )

    (line,) = lines_of(stream)
    assert (line["count"], line["rate"], line["on"], line["none"]) == (3, 0.5, True, None)
    assert line["text"] == "the key is under the mat"


def test_what_strangers_make_a_library_log_is_written_once_in_a_while() -> None:
    stream = io.StringIO()
    setup_logging(stream)
    for _ in range(1000):
        logging.getLogger("engineio.server").error("message async handler error")
    logging.getLogger("engineio.server").error("something else")
    assert [line["event"] for line in lines_of(stream)] == ["message async handler error", "something else"]


def test_how_many_were_held_back_is_said_with_the_next() -> None:
    limit = OncePerWhile(10.0)
    passed = [limit.filter(_record("same", at)) for at in (0.0, 1.0, 9.9)]
    late = _record("same", 10.0)
    assert (passed, limit.filter(late)) == ([True, False, False], True)
    assert late.getMessage() == "same (2 more like it were not logged)"


def _record(text: str, at: float) -> logging.LogRecord:
    record = logging.LogRecord("a", logging.ERROR, "", 0, text, (), None)
    record.created = at
    return record
