"""Every state has a shape, a word and a tone; without colour no two states of a kind look alike."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum

import pytest

from screens import conditions
from screens.cells import Tone
from screens.status import ASCII, GLYPHS, rmc, status, vocabulary, worst
from store import estate, readiness, records

_STATES = [
    estate.SystemState,
    estate.LparState,
    estate.RcgRole,
    estate.RcgStatus,
    estate.SyncStatus,
    estate.PowerState,
    records.DeviceHealth,
    readiness.Standing,
    readiness.Verdict,
    *(kind for _, kind in inspect.getmembers(conditions, inspect.isclass) if kind is not StrEnum),
]


@pytest.mark.parametrize("kind", _STATES, ids=lambda kind: kind.__name__)
def test_every_state_of_every_kind_is_in_the_vocabulary(kind: type[StrEnum]) -> None:
    for state in kind:
        assert status(state).word == state.value
        assert status(state).glyph == GLYPHS[status(state).tone]


def test_a_role_a_state_and_a_sync_status_that_share_a_word_are_kept_apart() -> None:
    assert status(estate.RcgRole.UNKNOWN).tone is Tone.UNKNOWN
    assert status(estate.SyncStatus.NEW).tone is Tone.WARN
    assert status(estate.RcgStatus.NEW).tone is Tone.BUSY


@pytest.mark.parametrize("table", [None, ASCII], ids=["glyphs", "ascii"])
def test_with_styles_stripped_every_state_is_still_told_apart(table: dict[int, str] | None) -> None:
    for statuses in vocabulary().values():
        texts = [state.text.translate(table) if table else state.text for state in statuses]
        assert len(set(texts)) == len(texts)
        assert all(re.match(r"\S \w", text) for text in texts)


def test_each_status_tone_has_a_shape_of_its_own_in_ascii_too() -> None:
    shapes = list(GLYPHS.values())
    assert len(set(shapes)) == len(shapes)
    in_ascii = [shape.translate(ASCII) for shape in shapes]
    assert len(set(in_ascii)) == len(in_ascii)
    assert all(shape.isascii() for shape in in_ascii)


def test_unreachable_is_unknown_and_never_down() -> None:
    assert status(estate.SystemState.NO_CONNECTION).tone is Tone.UNKNOWN
    assert status(estate.LparState.NOT_AVAILABLE).tone is Tone.UNKNOWN
    assert status(conditions.SideState.UNREAD).tone is Tone.UNKNOWN


def test_inactive_rmc_is_a_warning_only_where_the_lpar_runs() -> None:
    assert rmc("inactive", estate.LparState.RUNNING).tone is Tone.WARN
    assert rmc("inactive", estate.LparState.NOT_ACTIVATED).tone is Tone.OFF
    assert rmc("no such word", estate.LparState.RUNNING).text == "? no such word"
    assert rmc(None, estate.LparState.RUNNING).text == "–"


def test_the_worst_tone_is_what_needs_the_operator_most() -> None:
    assert worst(Tone.OK, Tone.UNKNOWN, Tone.WARN) is Tone.UNKNOWN
    assert worst(Tone.OK, Tone.BAD, Tone.UNKNOWN) is Tone.BAD
    assert worst() is Tone.PLAIN
