"""What is written to the terminal puts exactly the copied text on the clipboard, whatever stands in between."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.clipboard import LONGEST, SCREEN_CHUNK, Way, sequence, way

OSC52 = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", re.DOTALL)
TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=3000)


def decoded(found: str) -> str:
    match = OSC52.fullmatch(found)
    assert match is not None
    return base64.b64decode(match[1], validate=True).decode()


def through_tmux(found: str) -> str:
    """What tmux passes on of a wrapped sequence."""
    match = re.fullmatch(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", found, re.DOTALL)
    assert match is not None
    return match[1].replace("\x1b\x1b", "\x1b")


def through_screen(found: str) -> str:
    """What GNU screen passes on of a row of device control strings, each ended by the first ESC backslash."""
    strings = re.findall(r"\x1bP(.*?)\x1b\\", found, re.DOTALL)
    assert "".join(f"\x1bP{string}\x1b\\" for string in strings) == found
    assert all(len(string) <= SCREEN_CHUNK for string in strings)
    return "".join(strings)


@given(TEXTS)
def test_the_text_arrives_as_it_was_by_every_way(text: str) -> None:
    plain, tmux, screen = (sequence(text, by) for by in (Way.OSC52, Way.TMUX, Way.SCREEN))
    assert plain is not None and tmux is not None and screen is not None
    assert decoded(plain) == decoded(through_tmux(tmux)) == decoded(through_screen(screen)) == text


@given(TEXTS, st.sampled_from([Way.OSC52, Way.TMUX, Way.SCREEN]))
def test_no_character_of_the_text_itself_reaches_the_terminal(text: str, by: Way) -> None:
    assert re.fullmatch(r"[\x07\x1b\]\[\\A-Za-z0-9+/=;]*", sequence(text, by) or "")


def test_what_terminals_would_drop_without_a_word_is_not_sent() -> None:
    longest = "x" * (LONGEST // 4 * 3)
    assert sequence(longest, Way.OSC52) is not None
    assert sequence(longest + "x", Way.OSC52) is None


def test_nothing_is_sent_where_the_clipboard_is_off() -> None:
    assert sequence("x", Way.OFF) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, Way.OSC52),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, Way.TMUX),
        ({"TERM": "screen", "STY": "1234.pts-0"}, Way.SCREEN),
        ({"TERM": "linux"}, Way.OFF),
        ({"TERM": "vt220"}, Way.OFF),
        ({}, Way.OSC52),
    ],
)
def test_by_itself_it_goes_by_what_the_terminal_says_it_is(environment: dict[str, str], expected: Way) -> None:
    assert way(Way.AUTO, environment) is expected


@pytest.mark.parametrize("setting", [each for each in Way if each is not Way.AUTO])
def test_a_setting_wins_over_what_the_terminal_says(setting: Way) -> None:
    assert way(setting, {"TERM": "linux", "TMUX": "x", "STY": "y"}) is setting
