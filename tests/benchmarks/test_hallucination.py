"""The measurement of made-up words, on the sound that callers hear most."""

from __future__ import annotations

from benchmarks import hallucination
from bridge.speech.engines import default_threads
from bridge.speech.worker import WorkerProcess


async def test_words_that_the_model_makes_up_in_hold_music_are_filtered() -> None:
    worker = WorkerProcess("bridge.speech.whisper_worker", ["--threads", str(default_threads())])
    await worker.start()
    try:
        await worker.wait_ready()
        music = {"hold music": hallucination.SOUNDS["hold music"]}
        (called,), (cut,) = await hallucination.measure(worker, music)
    finally:
        await worker.close()
    assert called.stretches < cut.stretches == 12
    assert called.filtered == cut.filtered == 0
    assert cut.unfiltered > 0
