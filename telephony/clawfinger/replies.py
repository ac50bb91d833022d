"""What has to be done to texts so that the phone app plays what belongs to them. Sans-IO."""

from __future__ import annotations

import re

_TRY_AGAIN = re.compile(r"please\s+try\s+again", re.IGNORECASE)
_NOT_CLEARLY = re.compile(r"could\s+not\s+hear\s+that\s+clearly", re.IGNORECASE)


def playable(reply: str) -> str:
    """`reply` in words that the app does not take for a failed recognition, whose audio it does not play.

    That is any text with "hear" and "please try again" in it, or with "could not hear that clearly".
    """
    reply = _NOT_CLEARLY.sub("did not get that", " ".join(reply.split()))
    if "hear" in reply.lower():
        reply = _TRY_AGAIN.sub("please say that once more", reply)
    return reply


def as_sent(text: str) -> bytes:
    """`text` as the app puts it into a form: of each UTF-16 unit the lower eight bits."""
    return text.encode("utf-16-be", "surrogatepass")[1::2]


def restored(given: bytes, known: tuple[str, ...], *, otherwise: str | None = None) -> str:
    """The text that the app meant by `given`.

    One of `known` where that is how the app would send it; else `given` as it stands where it can have been
    meant, being UTF-8; else `otherwise`, and where there is none, what eight bits a character give.
    """
    for text in known:
        if as_sent(text) == given:
            return text
    try:
        text = given.decode("utf-8")
    except UnicodeDecodeError:
        text = given.decode("latin-1") if otherwise is None else otherwise
    # A character above 255 may have left a control character behind.
    if otherwise is not None and not "".join(text.split()).isprintable():
        return otherwise
    return "".join(character if character.isprintable() else " " for character in text).strip()
