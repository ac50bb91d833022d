"""A stream from start to end, over real sockets."""

from __future__ import annotations

import uuid

from telephony.twilio.simulator import TwilioSimulator

TONE = bytes(range(160))
PATIENCE = 10.0


async def test_the_caller_of_the_stream_is_handed_to_the_acceptor(exchange):
    parameters = {"threadId": "t1", "crm_id": "c1", "channelId": "ch1", "number": "+1555", "name": "Ann"}
    async with TwilioSimulator(exchange.stream_url, parameters=parameters):
        caller = (await exchange.leg()).caller
    assert (caller.thread_id, caller.crm_id, caller.channel_id) == ("t1", "c1", "ch1")
    assert (caller.number, caller.name, caller.provider) == ("+1555", "Ann", "twilio")
    assert uuid.UUID(caller.call_id).version == 4


async def test_the_call_hears_the_caller_in_whole_frames_in_order(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        said = [bytes([0x10 + index]) * 160 for index in range(10)]
        phone.speak(b"".join(said))
        await phone.spoken(PATIENCE)
        await exchange.until(lambda: said[-1] in leg.audio)
    assert [frame for frame in leg.audio if frame in said] == said


async def test_payloads_of_any_length_arrive_as_frames_of_20_ms(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        media = {"event": "media", "streamSid": phone.stream_sid}
        # 100 and 220 bytes: two frames exactly, whatever silence comes before and after.
        await phone.send_event(media | {"media": {"payload": "AQEB" * 33 + "AQ=="}})
        await phone.send_event(media | {"media": {"payload": "AQEB" * 73 + "AQ=="}})
        await exchange.until(lambda: sum(frame.count(1) for frame in leg.audio) == 320)
    assert {len(frame) for frame in leg.audio} == {160}


async def test_the_caller_hears_what_the_call_sends(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        for _ in range(5):
            leg.line.send_audio(TONE)
        await phone.wait_heard(lambda slots: sum(slot.payload == TONE for slot in slots) == 5, PATIENCE)


async def test_an_echo_comes_back_to_the_one_who_spoke_only(exchange):
    exchange.echo = True
    mine, other = b"\x20" * 160, b"\x30" * 160
    async with TwilioSimulator(exchange.stream_url) as one, TwilioSimulator(exchange.stream_url) as two:
        one.speak(mine * 5)
        two.speak(other * 5)
        await one.wait_heard(lambda slots: sum(slot.payload == mine for slot in slots) == 5, PATIENCE)
        await two.wait_heard(lambda slots: sum(slot.payload == other for slot in slots) == 5, PATIENCE)
        assert not any(slot.payload == other for slot in one.heard)
        assert not any(slot.payload == mine for slot in two.heard)


async def test_a_mark_returns_after_the_audio_before_it_was_played(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        for _ in range(3):
            leg.line.send_audio(TONE)
        leg.line.mark("end")
        await exchange.until(lambda: leg.marks == ["end"])
        assert sum(slot.payload == TONE for slot in phone.heard) == 3


async def test_a_clear_silences_what_is_buffered_and_returns_every_mark_in_order(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        for _ in range(250):
            leg.line.send_audio(TONE)
        leg.line.mark("first")
        leg.line.mark("second")
        await phone.wait_received("mark", 2, PATIENCE)
        leg.line.clear()
        leg.line.send_audio(b"\x01" * 160)
        await exchange.until(lambda: leg.marks == ["first", "second"])
        await phone.wait_heard(lambda slots: any(slot.payload == b"\x01" * 160 for slot in slots), PATIENCE)
        assert sum(slot.payload == TONE for slot in phone.heard) < 250
        assert phone.heard[-1].payload != TONE


async def test_messages_reach_the_provider_in_the_order_of_the_calls(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        line = (await exchange.leg()).line
        line.send_audio(TONE)
        line.mark("a")
        line.clear()
        line.send_audio(TONE)
        line.mark("b")
        await phone.wait_received("mark", 2, PATIENCE)
        assert [arrival.event for arrival in phone.received] == ["media", "mark", "clear", "media", "mark"]


async def test_keys_are_reported(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        for digit in "19*#":
            await phone.press(digit)
        await exchange.until(lambda: leg.digits == ["1", "9", "*", "#"])


async def test_a_stop_is_the_caller_hanging_up(exchange):
    async with TwilioSimulator(exchange.stream_url):
        leg = await exchange.leg()
    await exchange.until(lambda: leg.closed == ["caller_hung_up"])


async def test_a_socket_that_breaks_is_a_lost_line(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        await phone.drop()
        await exchange.until(lambda: leg.closed == ["line_lost"])


async def test_our_hang_up_closes_the_stream_once(exchange):
    async with TwilioSimulator(exchange.stream_url) as phone:
        leg = await exchange.leg()
        await leg.line.hang_up()
        assert leg.closed == ["caller_hung_up"]
        await leg.line.hang_up()
        assert await phone.closed(PATIENCE) == 1000
        leg.line.send_audio(TONE)
        leg.line.mark("late")
        leg.line.clear()
    assert leg.closed == ["caller_hung_up"]
    assert len(exchange.registry) == 0


async def test_a_newer_stream_of_the_same_call_takes_its_place_and_its_thread(exchange):
    async with TwilioSimulator(exchange.stream_url) as older:
        first = await exchange.leg()
        async with TwilioSimulator(exchange.stream_url, call_sid=older.call_sid) as newer:
            second = await exchange.leg(1)
            assert await older.closed(PATIENCE) == 1001
            assert first.closed == ["line_lost"]
            assert second.caller.thread_id == first.caller.thread_id
            assert second.caller.call_id == first.caller.call_id
            second.line.send_audio(TONE)
            await newer.wait_heard(lambda slots: any(slot.payload == TONE for slot in slots), PATIENCE)
            assert second.closed == []


async def test_a_stream_that_broke_off_is_followed_by_the_next_one_of_the_same_call(exchange):
    async with TwilioSimulator(exchange.stream_url) as older:
        first = await exchange.leg()
        await older.drop()
        await exchange.until(lambda: first.closed == ["line_lost"])
        async with TwilioSimulator(exchange.stream_url, call_sid=older.call_sid):
            second = await exchange.leg(1)
            assert second.caller == first.caller


async def test_a_call_that_was_hung_up_is_not_carried_on(exchange):
    async with TwilioSimulator(exchange.stream_url) as older:
        first = await exchange.leg()
        await older.hang_up()
        await exchange.until(lambda: first.closed == ["caller_hung_up"])
        async with TwilioSimulator(exchange.stream_url, call_sid=older.call_sid):
            second = await exchange.leg(1)
            assert second.caller.call_id != first.caller.call_id


async def test_shutting_down_ends_every_stream(exchange):
    async with TwilioSimulator(exchange.stream_url) as one, TwilioSimulator(exchange.stream_url) as two:
        await exchange.leg(1)
        await exchange.registry.close()
        assert (await one.closed(PATIENCE), await two.closed(PATIENCE)) == (1000, 1000)
    assert [leg.closed for leg in exchange.legs] == [["caller_hung_up"], ["caller_hung_up"]]
