"""Our answers to Twilio's voice webhook, as TwiML. Sans-IO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

MAX_PARAMETER = 499
"""Twilio takes names and values of less than 500 characters each."""

# What XML 1.0 cannot carry, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def connect_stream(url: str, parameters: Mapping[str, str]) -> bytes:
    """The TwiML that opens a two-way stream to `url` and hands `parameters` to it.

    Nothing follows `<Connect>`, so that the call ends with the stream. What is empty or too long for
    Twilio is left out; characters that XML cannot carry are removed.
    """
    response = ElementTree.Element("Response")
    connect = ElementTree.SubElement(response, "Connect")
    stream = ElementTree.SubElement(connect, "Stream", url=_clean(url))
    for name, value in parameters.items():
        clean = _clean(value)
        if clean and len(clean) <= MAX_PARAMETER:
            ElementTree.SubElement(stream, "Parameter", name=_clean(name), value=clean)
    return _document(response)


def reject_busy() -> bytes:
    """The TwiML that gives the caller a busy tone; the call is not charged."""
    response = ElementTree.Element("Response")
    ElementTree.SubElement(response, "Reject", reason="busy")
    return _document(response)


def _document(response: ElementTree.Element) -> bytes:
    body: bytes = ElementTree.tostring(response, encoding="utf-8", xml_declaration=True)
    return body


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
