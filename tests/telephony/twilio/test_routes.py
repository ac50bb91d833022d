"""Who may call, and what they are told otherwise."""

from __future__ import annotations

import uuid

import aiohttp
import pytest

from telephony.errors import CallRejected
from telephony.twilio import dialer, signature
from telephony.twilio.dialer import IncomingCall
from telephony.twilio.routes import STREAM_PATH, VOICE_PATH, TwilioConfig
from telephony.twilio.simulator import TwilioSimulator

PUBLIC = "https://calls.example.com"
AUTH_TOKEN = "5ecret"
PATIENCE = 10.0
SIGNED = {"auth_token": AUTH_TOKEN, "public_url": PUBLIC}


@pytest.fixture
async def guarded(serve):
    """An exchange that takes what Twilio has signed and nothing else."""
    return await serve(TwilioConfig(public_url=PUBLIC, auth_token=AUTH_TOKEN))


async def post(exchange, form, headers=None, path=VOICE_PATH, **options):
    async with (
        aiohttp.ClientSession() as http,
        http.post(exchange.url + path, data=form, headers=headers, **options) as response,
    ):
        return response.status, await response.text(), response.headers


async def upgrade_refusal(exchange, headers=None):
    """Status and error code that the stream's address answers an upgrade with."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.get(exchange.url + STREAM_PATH, headers=upgrade | (headers or {})) as response,
    ):
        return response.status, (await response.json())["error"]["code"]


def signed_headers(form, url=PUBLIC + VOICE_PATH):
    return {signature.HEADER: signature.sign(AUTH_TOKEN, url, form.items())}


async def test_a_call_on_the_open_surface_reaches_the_acceptor_with_its_identity(exchange):
    call = IncomingCall("+15550123", "Ann <b>", {"threadId": "t9", "crmId": "c9", "channelId": "ch9"})
    async with await TwilioSimulator.dial(exchange.url, call):
        caller = (await exchange.leg()).caller
    assert (caller.thread_id, caller.crm_id, caller.channel_id) == ("t9", "c9", "ch9")
    assert (caller.number, caller.name) == ("+15550123", "Ann <b>")


async def test_ids_that_are_missing_are_generated(exchange):
    async with await TwilioSimulator.dial(exchange.url):
        caller = (await exchange.leg()).caller
    assert {uuid.UUID(text).version for text in (caller.thread_id, caller.crm_id, caller.channel_id)} == {4}


async def test_ids_in_the_form_are_passed_through(exchange):
    _, body, headers = await post(exchange, {"From": "+1555", "thread_id": "t7", "CallSid": "CA1"})
    assert headers["Content-Type"].startswith("text/xml")
    assert dialer.read_twiml(body).parameters == {"number": "+1555", "thread_id": "t7"}


async def test_the_stream_is_reached_through_the_tunnel_that_the_webhook_came_through(exchange):
    tunnel = {"X-Forwarded-Proto": "https", "Host": "abc.tunnel.example"}
    _, body, _ = await post(exchange, {"CallSid": "CA1"}, tunnel)
    assert dialer.read_twiml(body).url == "wss://abc.tunnel.example" + STREAM_PATH


async def test_a_full_server_answers_busy(exchange):
    exchange.full = True
    with pytest.raises(CallRejected) as rejected:
        await TwilioSimulator.dial(exchange.url)
    assert rejected.value.code == "busy"


async def test_a_signed_call_goes_through(guarded):
    call = IncomingCall(query={"threadId": "t 1&2"})
    async with await TwilioSimulator.dial(guarded.url, call, **SIGNED) as phone:
        leg = await guarded.leg()
        assert leg.caller.thread_id == "t 1&2"
        leg.line.send_audio(b"\x01" * 160)
        await phone.wait_heard(lambda slots: any(slot.payload == b"\x01" * 160 for slot in slots), PATIENCE)


async def test_the_twiml_names_the_public_address(guarded):
    form = {"CallSid": "CA1", "From": "+1555"}
    _, body, _ = await post(guarded, form, signed_headers(form))
    target = dialer.read_twiml(body)
    assert target.url == "wss://calls.example.com" + STREAM_PATH
    assert len(target.parameters["token"]) == 43


@pytest.mark.parametrize("headers", [{}, {signature.HEADER: "AAAA"}, signed_headers({"CallSid": "CA2"})])
async def test_an_unsigned_webhook_is_refused(guarded, headers):
    status, body, _ = await post(guarded, {"CallSid": "CA1"}, headers)
    assert status == 403
    assert '"bad_signature"' in body


async def test_a_replayed_webhook_is_refused(guarded):
    form = {"CallSid": "CA1"}
    assert (await post(guarded, form, signed_headers(form)))[0] == 200
    status, body, _ = await post(guarded, form, signed_headers(form))
    assert status == 403
    assert '"replayed_request"' in body


@pytest.mark.parametrize("headers", [{}, {signature.HEADER: "AAAA"}])
async def test_an_unsigned_stream_is_refused_before_the_upgrade(guarded, headers):
    assert await upgrade_refusal(guarded, headers) == (403, "bad_signature")
    assert guarded.legs == []


async def test_a_token_opens_one_stream(guarded):
    async with await TwilioSimulator.dial(guarded.url, **SIGNED) as phone:
        await guarded.leg()
        again = TwilioSimulator(
            phone.url,
            parameters=phone.parameters,
            call_sid=phone.call_sid,
            auth_token=AUTH_TOKEN,
            signed_url=PUBLIC.replace("https", "wss") + STREAM_PATH,
        )
        async with again:
            assert await again.closed(PATIENCE) == 1008
    assert len(guarded.legs) == 1


async def test_a_token_is_good_for_its_own_call_only(guarded):
    phone = await TwilioSimulator.dial(guarded.url, **SIGNED)
    phone.call_sid = "CAother"
    async with phone:
        assert await phone.closed(PATIENCE) == 1008
    assert guarded.legs == []


async def test_a_signed_stream_without_token_is_refused_unless_other_twiml_is_allowed(serve):
    signed = {"auth_token": AUTH_TOKEN, "signed_url": PUBLIC + STREAM_PATH}
    strict = await serve(TwilioConfig(public_url=PUBLIC, auth_token=AUTH_TOKEN))
    async with TwilioSimulator(strict.stream_url, **signed) as phone:
        assert await phone.closed(PATIENCE) == 1008
    lenient = await serve(TwilioConfig(public_url=PUBLIC, auth_token=AUTH_TOKEN, stream_needs_token=False))
    async with TwilioSimulator(lenient.stream_url, **signed):
        await lenient.leg()


@pytest.mark.parametrize(
    ("config", "code"),
    [
        (TwilioConfig(public_url=PUBLIC), "signature_required"),
        (TwilioConfig(auth_token=AUTH_TOKEN), "public_url_required"),
    ],
)
async def test_a_closed_surface_that_cannot_check_takes_nothing(serve, config, code):
    exchange = await serve(config)
    status, body, _ = await post(exchange, {"CallSid": "CA1"})
    assert (status, f'"{code}"' in body) == (403, True)
    assert await upgrade_refusal(exchange) == (403, code)


async def test_a_plain_request_to_the_stream_is_told_what_it_is_for(exchange):
    assert await upgrade_refusal(exchange, {"Upgrade": "h2c"}) == (400, "not_a_websocket")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"From=%ff", "application/x-www-form-urlencoded; charset=klingon", 400),
        (b"&".join(b"a%d=1" % index for index in range(200_000)), "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe\x00", "application/json", 200),
        (b"--x", "multipart/form-data; boundary=y", 200),
        (b"", "application/x-www-form-urlencoded", 200),
        (b"From=%00%3C", "application/x-www-form-urlencoded", 200),
    ],
)
async def test_a_strange_form_is_refused_or_has_no_fields(exchange, body, content_type, status):
    answer = await post(exchange, body, {"Content-Type": content_type})
    assert answer[0] == status
    if status == 200:
        assert set(dialer.read_twiml(answer[1]).parameters) <= {"number"}
    else:
        assert '"error"' in answer[1]
