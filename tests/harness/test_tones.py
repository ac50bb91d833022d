"""What the tests take for a tone that is there."""

from __future__ import annotations

import numpy as np

from tests.harness.tones import dominance, share, tone

TONE = np.frombuffer(tone(1000.0, 1.0), np.int16)


def test_one_damaged_stretch_does_not_hide_a_tone_and_half_of_them_do() -> None:
    damaged = TONE.copy()
    damaged[3000:4500] = np.random.default_rng(1).normal(size=1500) * 6000
    assert share(damaged, 1000.0) < 0.9
    assert dominance(damaged, 1000.0) > 0.95
    damaged[:4500] = np.random.default_rng(1).normal(size=4500) * 6000
    assert dominance(damaged, 1000.0) < 0.5


def test_a_tone_dominates_neither_silence_nor_another_tone_nor_damage_everywhere() -> None:
    assert dominance(TONE, 1000.0) > 0.99
    assert dominance(TONE, 440.0) < 0.01
    assert dominance(np.zeros_like(TONE), 1000.0) == 0.0
    late = TONE.copy()
    late[:4800] = 0
    assert dominance(late, 1000.0) == 0.0
    noisy = TONE + (np.random.default_rng(1).normal(size=len(TONE)) * 3000).astype(np.int16)
    assert dominance(noisy, 1000.0) < 0.9
