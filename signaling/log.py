"""Log set-up: readable lines on a terminal, one JSON object a line anywhere else, secrets in neither."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bridge.thread.masking import mask

MASK = "***"

_SECRET_NAMES = frozenset(
    ("password", "secret", "token", "authorization", "credential", "credentials", "apikey", "key", "jwt")
)
_SECRET_TEXTS = (
    # Bearer headers, JSON Web Tokens, secrets in a query string, passwords in a URL.
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"',;]+"), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"(?i)([?&](?:[\w-]*token|x-a5-apikey|api_?key|password|secret)=)[^&\s\"']+"), rf"\1{MASK}"),
    (re.compile(r"(\w+://[^\s:/@]*:)[^\s/@]+(@)"), rf"\1{MASK}\2"),
)
_MAYBE_CARD = re.compile(r"(?<!\w)(?:\d[ ,.-]{0,2}){12,}\d(?!\w)")


_STRANGERS = ("engineio.server", "socketio.server", "aiohttp.server")
_STRANGERS_EVERY_S = 10.0
_MOST_TEXTS = 100


def mask_text(text: str) -> str:
    """`text` without the bearer tokens, JWTs, query secrets, URL passwords and card numbers in it."""
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return _MAYBE_CARD.sub(lambda found: mask(found[0]).text, text)


def _is_secret(name: str) -> bool:
    lowered = name.lower().replace("-", "_")
    return lowered in _SECRET_NAMES or lowered.rpartition("_")[2] in _SECRET_NAMES


def _mask(value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {name: MASK if _is_secret(str(name)) else _mask(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mask(inner) for inner in value]
    return value


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: masks fields that are named as secrets, and secrets inside any text."""
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = MASK if _is_secret(name) and value is not None else _mask(value)
    return event


class OncePerWhile(logging.Filter):
    """Lets one record of each text pass in `seconds`, with how many were held back since.

    For libraries that log a traceback for whatever a stranger sends: a stranger must not fill the disk.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._passed: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True where the record is to be written."""
        text = str(record.msg)
        last = self._passed.get(text)
        if last is not None and record.created - last < self._seconds and len(self._passed) < _MOST_TEXTS:
            self._held[text] = self._held.get(text, 0) + 1
            return False
        if len(self._passed) >= _MOST_TEXTS:
            self._passed.clear()
        self._passed[text] = record.created
        if held := self._held.pop(text, 0):
            record.msg = f"{text} ({held} more like it were not logged)"
        return True


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, as told from handlers that somebody else put on the root logger."""


def setup_logging(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records to `stream`, in one format. Repeatable.

    `stream`: stderr unless given; colours and columns where it is a terminal, JSON otherwise.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Before masking: a traceback may quote a token. Plain, because one that shows the values
        # of local variables shows passwords.
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [*(other for other in root.handlers if not isinstance(other, _Handler)), handler]
    root.setLevel(level)
    # One line a request and one a migration step would drown the calls.
    for chatty in ("aiohttp.access", "alembic", "aioice", "aiortc", "httpx", "faster_whisper"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    for name in _STRANGERS:
        library = logging.getLogger(name)
        library.filters[:] = [OncePerWhile(_STRANGERS_EVERY_S)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
