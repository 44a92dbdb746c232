"""When a run looks for the effect of a verb."""

from __future__ import annotations

from app.recovery.tempo import Tempo


def test_the_first_look_after_a_verb_is_taken_when_the_fastest_effect_so_far_was_seen() -> None:
    tempo = Tempo()
    assert tempo.first("rcg.failover") == 0.0
    for _ in range(12):
        at = tempo.first("rcg.failover")
        first = True
        while at < 4.0:  # the array takes four seconds, and is looked at every second
            tempo.saw("rcg.failover", at, done=False, first=first)
            at, first = at + 1.0, False
        tempo.saw("rcg.failover", at, done=True, first=first)
    assert 4.0 <= tempo.first("rcg.failover") <= 4.3
    assert tempo.first("rcg.stop") == 0.0
    tempo.saw("rcg.failover", 2.0, done=True, first=True)
    assert tempo.first("rcg.failover") <= 2.0
    tempo.saw("rcg.slow", 900.0, done=True, first=True)
    assert tempo.first("rcg.slow") <= Tempo.MOST_S
