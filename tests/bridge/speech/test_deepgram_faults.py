"""Deepgram's engine when the other end is slow, wrong or gone. The server writes down what it was sent."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from bridge.ports import Urgency
from bridge.speech.deepgram_engine import DeepgramEngine
from bridge.speech.deepgram_hearing import DeepgramHearing
from bridge.speech.deepgram_stream import DeepgramStream
from bridge.speech.errors import SpeechFailed, SpeechUnavailable
from tests.deepgram_server import KEY, DeepgramServer

RATE = 8000
FRAME = RATE // 50 * 2


def tone(number: int) -> bytes:
    """A second of "speech" that `recognise` makes word `number` of: every sample is 100 times that."""
    return np.full(RATE, 100 * number, dtype="<i2").tobytes()


async def recognise(pcm: bytes, rate: int) -> str:
    """The words of tones, in order; quiet is none. Half a second is enough for a word."""
    samples = np.frombuffer(pcm, dtype="<i2")
    steps = samples[: len(samples) // 160 * 160].reshape(-1, 160)[:, 0] // 100
    numbers = sorted(set(steps.tolist()) - {0}, key=steps.tolist().index)
    return " ".join(f"word{number}" for number in numbers if np.count_nonzero(steps == number) >= 25)


@asynccontextmanager
async def engine_on(server: DeepgramServer, **options: object) -> AsyncIterator[DeepgramEngine]:
    engine = DeepgramEngine(KEY, model="nova-3", url=server.url, **options)  # type: ignore[arg-type]
    try:
        yield engine
    finally:
        await engine.close()


def begin(
    stream: DeepgramStream,
    pcm: bytes,
    on_partial: Callable[[str], None] = lambda text: None,
    urgency: Urgency = Urgency.FINAL,
) -> DeepgramHearing:
    hearing = stream.hear(pcm[:FRAME], urgency=urgency, on_partial=on_partial)
    feed(hearing, pcm[FRAME:])
    return hearing


def feed(hearing: DeepgramHearing, pcm: bytes) -> None:
    for at in range(0, len(pcm), FRAME):
        hearing.feed(pcm[at : at + FRAME])


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop and the sockets go on until `condition` holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is on both sides of a socket
            await asyncio.sleep(0.01)


async def test_after_a_lost_connection_the_audio_without_a_final_is_sent_again_and_no_word_twice() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        partials: list[str] = []
        stream = engine.stream(RATE)
        hearing = begin(stream, tone(1) + tone(2), partials.append)
        await until(lambda: bool(server.sessions) and len(server.sessions[0].audio) == 4 * RATE)
        await server.finalise(server.sessions[0])
        await until(lambda: partials[-1:] == ["word1 word2"])
        feed(hearing, tone(3))
        await until(lambda: len(server.sessions[0].audio) == 6 * RATE)
        server.drop_all()
        feed(hearing, tone(4))
        whole = tone(1) + tone(2) + tone(3) + tone(4)
        assert await hearing.finish(whole) == "word1 word2 word3 word4"
        assert stream.connections == 2
        # The second connection got what had no final result, and nothing else.
        assert bytes(server.sessions[1].audio) == tone(3) + tone(4)
        stream.close()


async def test_the_words_of_a_connection_that_breaks_again_and_again_are_all_there_once() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        stream = engine.stream(RATE)
        server.drop_after_s = 1.5
        hearing = begin(stream, tone(1) + tone(2))
        await until(server.dropped.is_set)
        server.dropped.clear()
        server.drop_after_s = 2.5
        feed(hearing, tone(3))
        await until(server.dropped.is_set)
        assert await hearing.finish(tone(1) + tone(2) + tone(3)) == "word1 word2 word3"
        assert stream.connections == 3


@pytest.mark.parametrize("seed", range(6))
async def test_however_connections_break_each_word_comes_once_and_in_its_utterance(seed: int) -> None:
    chance = random.Random(seed)
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        server.final_every_s = chance.choice([None, 1.0, 2.0])
        stream = engine.stream(RATE)
        texts, number = [], 0
        for _ in range(4):
            words = [tone(number + place + 1) for place in range(chance.randint(1, 3))]
            hearing = begin(stream, words[0])
            for word in words[1:]:
                server.drop_after_s = chance.choice([None, None, 0.5, 1.5])
                feed(hearing, word)
                await asyncio.sleep(chance.choice([0, 0.05, 0.2]))
            server.drop_after_s = None
            async with asyncio.timeout(30):
                texts.append(await hearing.finish(b"".join(words)))
            assert texts[-1] == " ".join(f"word{number + place + 1}" for place in range(len(words)))
            number += len(words)


async def test_an_utterance_that_is_cut_goes_on_without_its_words_being_sent_or_written_twice() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        stream = engine.stream(RATE)
        first = begin(stream, tone(1) + tone(2) + tone(3))
        first_text = asyncio.create_task(first.finish(tone(1) + tone(2)))
        second = stream.hear(tone(3), urgency=Urgency.FINAL, on_partial=lambda text: None)
        feed(second, tone(4))
        assert await second.finish(tone(3) + tone(4)) == "word3 word4"
        assert await first_text == "word1 word2"
        assert bytes(server.sessions[0].audio) == tone(1) + tone(2) + tone(3) + tone(4)


async def test_in_a_pause_the_text_is_asked_for_and_at_the_end_not_again() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        partials: list[str] = []
        stream = engine.stream(RATE)
        hearing = begin(stream, tone(1) + bytes(FRAME * 11), partials.append, Urgency.TURN)
        hearing.pause(tone(1) + bytes(FRAME * 10))
        await until(lambda: bool(partials))
        assert await hearing.finish(tone(1) + bytes(FRAME * 10)) == "word1"
        assert server.sessions[0].told.count("Finalize") == 1


async def test_a_question_that_finds_too_little_audio_to_be_answered_is_asked_again() -> None:
    async with DeepgramServer(recognise, least_s=0.4) as server, engine_on(server) as engine:
        partials: list[str] = []
        stream = engine.stream(RATE)
        hearing = begin(stream, tone(1) + tone(2), partials.append)
        await until(lambda: bool(server.sessions) and len(server.sessions[0].audio) == 4 * RATE)
        await server.finalise(server.sessions[0])
        await until(lambda: partials[-1:] == ["word1 word2"])
        feed(hearing, bytes(FRAME * 15))
        assert await hearing.finish(tone(1) + tone(2) + bytes(FRAME * 15)) == "word1 word2"
        assert server.sessions[0].told.count("Finalize") == 2
        assert stream.connections == 1


async def test_between_utterances_the_connection_is_kept_alive() -> None:
    async with DeepgramServer(recognise, idle_s=1.0) as server, engine_on(server, keep_alive_s=0.2) as engine:
        stream = engine.stream(RATE)
        assert await begin(stream, tone(1)).finish(tone(1)) == "word1"
        await until(lambda: server.sessions[0].told.count("KeepAlive") >= 8)
        assert await begin(stream, tone(2)).finish(tone(2)) == "word2"
        assert stream.connections == 1
        assert server.closed == []


async def test_a_connection_that_was_closed_for_silence_is_made_again() -> None:
    async with DeepgramServer(recognise, idle_s=0.3) as server, engine_on(server) as engine:
        stream = engine.stream(RATE)
        await until(lambda: server.closed == [1011])
        assert await begin(stream, tone(1)).finish(tone(1)) == "word1"


async def test_at_the_end_of_a_leg_the_stream_is_closed_in_order() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        stream = engine.stream(RATE)
        hearing = begin(stream, tone(1))
        stream.close()
        assert await hearing.finish(tone(1)) == "word1"
        await until(lambda: server.closed == [1000])
        assert server.sessions[0].told[-1] == "CloseStream"


async def test_a_server_that_stalls_fails_the_utterance_in_bounded_time_and_the_next_one_is_heard() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        server.stalled = True
        stream = engine.stream(RATE)
        hearing = begin(stream, tone(1), urgency=Urgency.TURN)
        async with asyncio.timeout(30):
            with pytest.raises(SpeechUnavailable, match="did not answer in time"):
                await hearing.finish(tone(1))
        server.stalled = False
        await until(lambda: stream.connections == 2)
        assert await begin(stream, tone(2)).finish(tone(2)) == "word2"
        assert bytes(server.sessions[1].audio) == tone(2)


async def test_while_deepgram_is_away_utterances_fail_and_when_it_is_back_they_do_not() -> None:
    async with DeepgramServer(recognise) as server:
        url, server.refuse_with = server.url, 503
        engine = DeepgramEngine(KEY, model="nova-3", url=url)
        await engine.start()
        stream = engine.stream(RATE)
        async with asyncio.timeout(30):
            with pytest.raises(SpeechUnavailable):
                await begin(stream, tone(1), urgency=Urgency.TURN).finish(tone(1))
        assert not engine.ready
        assert engine.problem == "Deepgram answered with HTTP status 503."
        refused = server.refusals
        server.refuse_with = None
        assert refused < 40
        async with asyncio.timeout(30):
            await engine.wait_ready()
        assert engine.problem is None
        await until(lambda: stream.connections == 1)
        assert await begin(stream, tone(2)).finish(tone(2)) == "word2"
        await engine.close()


async def test_a_wrong_key_is_told_and_utterances_fail_at_once() -> None:
    async with DeepgramServer(recognise) as server:
        told = asyncio.Event()
        engine = DeepgramEngine("another-key", model="nova-3", url=server.url, on_change=told.set)
        await engine.start()
        async with asyncio.timeout(30):
            await told.wait()
        assert not engine.ready
        assert "PATCHBAY_DEEPGRAM_KEY" in str(engine.problem)
        assert "another-key" not in str(engine.problem)
        with pytest.raises(SpeechUnavailable, match="refused the key"):
            await begin(engine.stream(RATE), tone(1)).finish(tone(1))
        with pytest.raises(SpeechUnavailable, match="refused the key"):
            await engine.transcribe(tone(1), rate=RATE, urgency=Urgency.FINAL)
        await engine.close()


@pytest.mark.parametrize(("language", "sent"), [("auto", "multi"), ("de", "de")])
async def test_the_language_is_asked_for_and_nothing_is_filtered(language: str, sent: str) -> None:
    async with DeepgramServer(recognise) as server, engine_on(server, language=language) as engine:
        stream = engine.stream(RATE)
        assert await begin(stream, tone(1)).finish(tone(1)) == "word1"
        query = server.sessions[0].query
        assert query["language"] == sent
        assert query["sample_rate"] == str(RATE)
        assert query["filler_words"] == "true"
        assert not {"profanity_filter", "redact", "replace"} & query.keys()


async def test_answers_that_are_out_of_shape_are_counted_and_the_rest_is_understood() -> None:
    results = {"type": "Results", "channel_index": [0, 1], "start": 0, "duration": 1, "is_final": True}
    words = {"transcript": "x", "confidence": 1}
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        server.first_words = [
            "{",
            "[]",
            '"Results"',
            "{}",
            json.dumps({"type": "Results"}),
            json.dumps({**results, "channel": {"alternatives": []}}),
            json.dumps({**results, "channel": {"alternatives": [{**words, "words": [{"word": 7}]}]}}),
            json.dumps({**results, "start": "soon", "channel": {"alternatives": [{**words, "words": []}]}}),
            json.dumps({"type": "SpeechStarted", "channel": [0], "timestamp": 0.1}),
            json.dumps({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 0.1}),
            json.dumps({"type": "Error", "variant": "SchemaError", "description": "What?"}),
            json.dumps({"type": "Confetti"}),
        ]
        stream = engine.stream(RATE)
        assert await begin(stream, tone(1)).finish(tone(1)) == "word1"
        assert stream.malformed >= 3
        assert stream.connections == 1


async def test_an_utterance_that_is_given_up_leaves_its_words_to_nobody() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        stream = engine.stream(RATE)
        begin(stream, tone(1)).cancel()
        assert await begin(stream, tone(2)).finish(tone(2)) == "word2"


async def test_closing_the_engine_ends_whoever_waits() -> None:
    async with DeepgramServer(recognise) as server:
        server.stalled = True
        engine = DeepgramEngine(KEY, model="nova-3", url=server.url)
        stream = engine.stream(RATE)
        waiting = asyncio.create_task(begin(stream, tone(1)).finish(tone(1)))
        await until(lambda: stream.connections == 1)
        await engine.close()
        with pytest.raises(SpeechUnavailable):
            await waiting


async def test_audio_that_deepgram_refuses_does_not_stop_the_other_work() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        stream = engine.stream(RATE)
        assert await begin(stream, tone(1)).finish(tone(1)) == "word1"
        server.refuse_with = 422
        with pytest.raises(SpeechFailed, match="refused this audio"):
            await engine.transcribe(tone(2), rate=RATE, urgency=Urgency.LATE)
        assert engine.ready
        server.refuse_with = 503
        with pytest.raises(SpeechUnavailable, match="503"):
            await engine.transcribe(tone(2), rate=RATE, urgency=Urgency.FINAL)
        assert not engine.ready
        server.refuse_with = None
        for urgency in Urgency:
            assert await engine.transcribe(tone(2), rate=RATE, urgency=urgency) == "word2"


async def test_an_utterance_that_ends_with_the_leg_keeps_its_last_word() -> None:
    async with DeepgramServer(recognise) as server, engine_on(server) as engine:
        server.final_every_s = 1.5
        stream = engine.stream(RATE)
        hearing = begin(stream, tone(1) + tone(2)[: RATE // 2 * 2])
        await until(lambda: bool(server.sessions) and server.sessions[0].final_to > 0)
        feed(hearing, tone(3)[: RATE // 2 * 2])
        stream.close()
        assert await hearing.finish(bytes(RATE * 4)) == "word1 word2 word3"
