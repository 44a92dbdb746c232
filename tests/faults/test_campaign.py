"""A short slice of the fuzzing campaign, and proof that the campaign would notice."""

from __future__ import annotations

import random

import pytest

from tests.faults.campaign import attempt, campaign, mutate, seeds


def test_every_seed_parses_as_it_stands() -> None:
    for seed in seeds():
        assert attempt(seed, seed[1]) is None, seed[0]


@pytest.mark.parametrize("start", range(4))
def test_mutated_inputs_crash_no_parser_and_are_never_repaired_in_silence(start: int) -> None:
    _, findings = campaign(random.Random(start), 5_000)
    assert findings == []


def test_a_parser_that_crashes_or_pads_is_found() -> None:
    rng = random.Random(1)
    assert attempt(("crash", "", lambda text: {}[text]), mutate("abc", rng)) is not None
    assert attempt(("pad", "", lambda text: text.zfill(16)), "c0507609a1b2001") is not None
