"""The outer shape of a template: readable JSON, of bounded size and depth."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.flow.errors import TemplateError

MAX_BYTES = 1 << 20
"""Largest template, in bytes of JSON."""

MAX_NESTING = 450
"""Deepest nesting of objects and lists: a node takes at most two levels (a flow's 200 nodes deep)."""

WHOLE = "template"
"""The place named when the template as a whole is at fault."""


def read_document(document: bytes | str | Mapping[str, object]) -> Mapping[str, object]:
    """The template's flows by name, out of JSON or an object already decoded, with or without `data`.

    Raises TemplateError for anything else, and for what is too large, too deep or not made of JSON's types.
    """
    decoded: object = _decode(document) if isinstance(document, bytes | str) else document
    _measure(decoded)
    if not isinstance(decoded, Mapping):
        raise TemplateError(WHOLE, 'must be a JSON object {"Flow_1": node, …}, bare or inside "data"')
    flows: object = decoded
    if "data" in decoded and not _is_node(decoded["data"]):
        flows = decoded["data"]
    if not isinstance(flows, Mapping):
        raise TemplateError("data", 'must be an object {"Flow_1": node, …}')
    return flows


def _is_node(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def _decode(document: bytes | str) -> object:
    size = len(document) if isinstance(document, bytes) else len(document.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise TemplateError(WHOLE, f"is {size} bytes long; at most {MAX_BYTES} are allowed")
    try:
        return json.loads(document, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except TemplateError:
        raise
    except RecursionError:
        raise TemplateError(
            WHOLE, f"is nested too deeply; at most {MAX_NESTING} levels are allowed"
        ) from None
    except ValueError as error:  # bad JSON, bad UTF-8, or a number with thousands of digits
        raise TemplateError(WHOLE, f"is not JSON: {error}") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise TemplateError(
            WHOLE, f"has the key {json.dumps(twice)} twice in one object; keys must be unique"
        )
    return decoded


def _measure(document: object) -> None:
    """Bound size, depth and types without recursion, so that shared or cyclic objects end here too."""
    size = 0
    waiting: list[tuple[object, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise TemplateError(WHOLE, f"is nested too deeply; at most {MAX_NESTING} levels are allowed")
        size += 2
        if isinstance(value, str):
            size += _text_size(value)
        elif isinstance(value, Mapping):
            for key, child in value.items():
                if not isinstance(key, str):
                    raise TemplateError(WHOLE, f"has a key that is not text: {type(key).__name__}")
                size += _text_size(key) + 2
                waiting.append((child, depth + 1))
        elif isinstance(value, list | tuple):
            waiting.extend((child, depth + 1) for child in value)
        elif not isinstance(value, int | float | None):
            raise TemplateError(WHOLE, f"holds a {type(value).__name__}, which JSON does not have")
        if size > MAX_BYTES:
            raise TemplateError(WHOLE, f"is too large; at most {MAX_BYTES} bytes are allowed")


def _text_size(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise TemplateError(WHOLE, "holds half a surrogate pair, which is not text") from None
