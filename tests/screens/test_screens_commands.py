"""The command line: words that may be cut short, what they take, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.actions import ACTIONS, Place, Takes
from screens.commands import CommandError, candidates, commands, understand

CHOICES = {
    Takes.SITE: ["all", "oslo", "bergen", "prod", "dr"],
    Takes.COLUMN: ["lpar", "system", "state", "age"],
    Takes.THEME: ["dark", "light"],
    Takes.FORM: ["csv", "json"],
    Takes.SWITCH: ["on", "off"],
    Takes.DEVICE: ["hmc-oslo", "fa-oslo"],
}


def choices(takes: Takes, typed: str) -> Sequence[str]:
    return CHOICES.get(takes, ())


def said(text: str, place: Place = Place.PANE) -> str:
    with pytest.raises(CommandError) as caught:
        understand(text, place, choices)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "action", "word"),
    [
        ("lpars", "pane.lpars", None),
        ("lp", "pane.lpars", None),
        ("pg", "pane.pgroups", None),
        ("vm", "pane.replicas", None),
        ("q", "quit", None),
        ("site bergen", "site", "bergen"),
        ("site be", "site", "bergen"),
        ("site", "site", None),
        ("sort -age", "sort", "-age"),
        ("sort st", "sort", "state"),
        ("filter state:running site:dr", "filter", "state:running site:dr"),
        ("save dr down", "save", "dr down"),
        ("theme LIGHT", "theme", "light"),
        ("read hmc", "sweep", "hmc-oslo"),
        ("  export   json ", "export", "json"),
    ],
)
def test_a_command_is_understood(text: str, action: str, word: str | None) -> None:
    found = understand(text, Place.PANE, choices)
    assert found is not None
    assert (found.action.id, found.word) == (action, word)


def test_no_command_is_no_command() -> None:
    assert understand("  ", Place.PANE, choices) is None


def test_what_is_no_command_here_is_said_with_what_there_is() -> None:
    assert said("failover").startswith(":failover is no command here: there are ")
    assert "filter" in said("failover")
    assert said("sort state", Place.DETAIL).startswith(":sort is no command here")


def test_a_word_that_could_be_several_is_said_with_all_of_them() -> None:
    assert said("s") == ":s could be save, schedules, site, slow, sort"
    assert said("sort s") == ":sort s could be system, state"


def test_what_a_command_takes_is_said_where_it_is_missing_or_wrong() -> None:
    assert said("theme") == ":theme expects THEME: there are dark, light"
    assert said("theme pink") == ":theme expects THEME, found pink: there are dark, light"
    assert said("quit now") == ":quit takes nothing behind it, found now"


def test_candidates_are_the_words_that_could_follow() -> None:
    assert candidates("si", Place.PANE, choices) == ["site"]
    assert candidates("site b", Place.PANE, choices) == ["site bergen"]
    assert candidates("site r", Place.PANE, choices) == ["site bergen", "site prod", "site dr"]
    assert candidates("quit ", Place.PANE, choices) == []


def test_every_action_can_be_reached_by_a_key_or_by_a_word() -> None:
    assert all(action.keys or action.command for action in ACTIONS)


@pytest.mark.parametrize("place", list(Place))
def test_no_word_means_two_things_in_one_place(place: Place) -> None:
    words = [word for action in ACTIONS if place in action.places and action.command
             for word in (action.command, *action.aliases)]  # fmt: skip
    assert len(words) == len(set(words))
    assert set(commands(place)) == set(words)


@given(st.text(max_size=30), st.sampled_from(list(Place)))
def test_any_text_is_a_command_or_is_refused_with_a_reason(text: str, place: Place) -> None:
    candidates(text, place, choices)
    try:
        understand(text, place, choices)
    except CommandError as error:
        assert str(error).startswith(":")
