"""When a run looks for the effect of a verb."""

from __future__ import annotations

import random

import pytest

from app.recovery.tempo import Tempo


def test_the_first_look_after_a_verb_is_taken_when_its_effect_was_seen_before() -> None:
    tempo = Tempo()
    assert tempo.first("rcg.failover") == 0.0
    for _ in range(12):
        at = tempo.first("rcg.failover")
        first = True
        while at < 4.0:  # the array takes four seconds, and is looked at every second
            tempo.saw("rcg.failover", at, done=False, first=first)
            at, first = at + 1.0, False
        tempo.saw("rcg.failover", at, done=True, first=first)
    assert 3.9 <= tempo.first("rcg.failover") <= 4.3
    assert tempo.first("rcg.stop") == 0.0
    tempo.saw("rcg.slow", 900.0, done=True, first=True)
    assert tempo.first("rcg.slow") <= Tempo.MOST_S


def _settled(tempo: Tempo, effect_s: float) -> None:
    for _ in range(20):
        at = tempo.first("rcg.failover")
        tempo.saw("rcg.failover", at, done=at >= effect_s, first=True)
        if at < effect_s:
            tempo.saw("rcg.failover", effect_s, done=True, first=False)


def test_an_array_that_became_faster_or_slower_is_followed() -> None:
    tempo = Tempo()
    _settled(tempo, 4.0)
    before = tempo.first("rcg.failover")
    for _ in range(50):
        tempo.saw("rcg.failover", tempo.first("rcg.failover"), done=True, first=True)
    assert tempo.first("rcg.failover") == pytest.approx(before - 50 * Tempo.EARLIER_S)
    for _ in range(50):
        tempo.saw("rcg.failover", tempo.first("rcg.failover"), done=False, first=True)
    assert tempo.first("rcg.failover") == pytest.approx(before + 50 * (Tempo.LATER_S - Tempo.EARLIER_S))


def test_nearly_all_first_looks_show_the_effect_of_an_array_that_is_now_and_then_a_little_slower() -> None:
    tempo, rng = Tempo(), random.Random(3)
    _settled(tempo, 4.0)
    in_vain, late = 0, 0.0
    for _ in range(500):
        effect_s, at = rng.uniform(3.9, 4.1), tempo.first("rcg.failover")
        tempo.saw("rcg.failover", at, done=at >= effect_s, first=True)
        in_vain += at < effect_s
        late += max(0.0, at - effect_s)
    assert in_vain < 60 and late / 500 < 0.3


def test_many_looks_of_one_moment_that_show_nothing_move_it_once() -> None:
    tempo = Tempo()
    _settled(tempo, 4.0)
    at = tempo.first("rcg.failover")
    for _ in range(16):  # groups that are failed over side by side
        tempo.saw("rcg.failover", at, done=False, first=True)
    assert tempo.first("rcg.failover") == pytest.approx(at + Tempo.LATER_S)


def test_a_look_that_came_late_says_nothing_of_how_early_one_may() -> None:
    tempo = Tempo()
    _settled(tempo, 4.0)
    at = tempo.first("rcg.failover")
    tempo.saw("rcg.failover", at + 2.0, done=True, first=True)
    assert tempo.first("rcg.failover") == at


def test_a_kind_whose_effect_was_never_missed_is_looked_at_at_once() -> None:
    tempo = Tempo()
    for after_s in (0.4, 0.1, 0.7):  # the looks began late, and not because they were put off
        tempo.saw("rcg.stop", after_s, done=True, first=True)
        assert tempo.first("rcg.stop") == 0.0
