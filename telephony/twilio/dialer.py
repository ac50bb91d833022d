"""Asks a server for TwiML as Twilio does when a call comes in, and reads its answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

import aiohttp
from yarl import URL

from telephony.errors import CallRejected
from telephony.twilio import signature

VOICE_PATH = "/telephony/twilio/voice"


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call as Twilio announces it to the webhook. `query` is added to the webhook's address."""

    number: str = "+15550100"
    name: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    call_sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))

    def form(self) -> dict[str, str]:
        """The fields of the webhook's form."""
        form = {
            "CallSid": self.call_sid,
            "From": self.number,
            "To": "+15550199",
            "CallStatus": "ringing",
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
        }
        return form | ({"CallerName": self.name} if self.name else {})


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """Where the TwiML sends the call's audio, with which parameters."""

    url: str
    parameters: Mapping[str, str]


def read_twiml(body: str) -> StreamTarget:
    """The stream that `<Connect><Stream>` names; raises CallRejected where the answer is another."""
    try:
        response = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise CallRejected(f"The answer is not XML: {error}.", code="bad_twiml") from error
    reject = response.find("Reject")
    if reject is not None:
        reason = reject.get("reason", "rejected")
        raise CallRejected(f"The server rejected the call: {reason}.", code=reason)
    stream = response.find("Connect/Stream")
    if response.tag != "Response" or stream is None:
        raise CallRejected("The answer names no stream.", code="bad_twiml")
    parameters = {item.get("name", ""): item.get("value", "") for item in stream.iter("Parameter")}
    return StreamTarget(stream.get("url", ""), parameters)


def beside(url: str, base_url: str) -> str:
    """The stream `url` as it is reached at the origin `base_url`."""
    base = URL(base_url)
    scheme = "wss" if base.scheme == "https" else "ws"
    return str(URL(url).with_scheme(scheme).with_host(base.host or "localhost").with_port(base.port))


async def request_twiml(
    base_url: str, call: IncomingCall, *, auth_token: str | None = None, public_url: str | None = None
) -> StreamTarget:
    """Post the voice webhook, signed where `auth_token` is known, and read the TwiML.

    `public_url`: the origin that the server believes to have, where it differs from `base_url`.
    Raises CallRejected when the server refuses.
    """
    url = URL(base_url.rstrip("/") + VOICE_PATH).with_query(dict(call.query))
    form = call.form()
    headers = {}
    if auth_token is not None:
        signed = (public_url or base_url).rstrip("/") + url.raw_path_qs
        headers[signature.HEADER] = signature.sign(auth_token, signed, form.items())
    async with aiohttp.ClientSession() as http, http.post(url, data=form, headers=headers) as response:
        body = await response.text(errors="replace")
        if response.status != 200:
            why = f"The server answered {response.status}: {body[:200]}"
            raise CallRejected(why, code=f"http_{response.status}")
    return read_twiml(body)
