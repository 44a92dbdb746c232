"""Every state has a shape, a word and a tone; without colour no two states of a kind look alike."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum
from pathlib import Path

import pytest

import screens
from screens import conditions
from screens.cells import Tone
from screens.status import ASCII, GLYPHS, rmc, status, vocabulary, worst
from store import estate, records

_STATES = [
    estate.SystemState,
    estate.LparState,
    estate.RcgRole,
    estate.RcgStatus,
    estate.SyncStatus,
    estate.PowerState,
    records.DeviceHealth,
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


def test_every_tone_can_be_read_on_the_background() -> None:
    sheet = (Path(screens.__file__).parent / "drdeck.tcss").read_text()
    background = re.search(r"background: (#\w{6})", sheet)
    assert background is not None
    colours = re.findall(r"tone--(\w+) \{ color: (#\w{6})", sheet)
    assert {name for name, _ in colours} >= {tone.value for tone in GLYPHS}
    for name, colour in colours:
        assert _contrast(colour, background[1]) >= 4.5, name


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
