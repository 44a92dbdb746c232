"""The one registry of actions: what the operator can do, on which keys, and why not here and now.

Bindings, footer, help and the read-only gate are all made from it. A screen runs an action with a method named after
its id (``open`` → ``do_open``); the gate stands in front of every one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Place(StrEnum):
    """The kinds of screen that actions differ by."""

    OVERVIEW = "overview"
    PANE = "pane"
    DETAIL = "detail"
    HELP = "help"


EVERYWHERE = frozenset(Place)
ON_DATA = frozenset({Place.OVERVIEW, Place.PANE, Place.DETAIL})
ON_ROWS = frozenset({Place.OVERVIEW, Place.PANE})


class Group(StrEnum):
    """How the help arranges actions."""

    GO = "Go to"
    MOVE = "Move"
    ACT = "Act"


@dataclass(frozen=True, slots=True)
class Action:
    """``name`` is the word of the footer; ``footer`` its rank there (1 is kept longest), None: only in the help.

    ``argument`` is passed to the screen's method (a pane, a movement)."""

    id: str
    name: str
    description: str
    keys: tuple[str, ...]
    group: Group
    places: frozenset[Place] = EVERYWHERE
    argument: str | None = None
    footer: int | None = None
    dangerous: bool = False
    needs_row: bool = False
    needs_sweeper: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether an action can be done here and now."""

    place: Place
    read_only: bool = False
    row_selected: bool = False
    sweeping: bool = False


@dataclass(frozen=True, slots=True)
class PaneName:
    """A pane: its id, the word of the tab line, and its full title."""

    id: str
    tab: str
    title: str


PANES = (
    PaneName("overview", "Overview", "Overview"),
    PaneName("lpars", "LPARs", "LPARs"),
    PaneName("pgroups", "Pgroups", "Protection groups"),
    PaneName("rcgs", "RCGs", "Remote copy groups"),
    PaneName("replicas", "Replicas", "VM replicas"),
    PaneName("devices", "Devices", "Devices"),
    PaneName("events", "Events", "Events"),
)


def _panes() -> Iterable[Action]:
    for number, pane in enumerate(PANES, start=1):
        yield Action(f"pane.{pane.id}", pane.tab, f"Show {pane.title}", (str(number),), Group.GO, argument=pane.id)


ACTIONS: tuple[Action, ...] = (
    *_panes(),
    Action(
        "open",
        "Open",
        "Open the selected row",
        ("enter",),
        Group.GO,
        ON_ROWS,
        footer=1,
        needs_row=True,
    ),
    Action("back", "Back", "Go back; from a pane to the overview", ("escape", "q", "backspace"), Group.GO, footer=2),
    Action("help", "Keys", "Show the keys of this screen", ("question_mark", "f1"), Group.GO, ON_DATA, footer=3),
    Action("move.up", "Up", "One line up", ("up", "k"), Group.MOVE, argument="up"),
    Action("move.down", "Down", "One line down", ("down", "j"), Group.MOVE, argument="down"),
    Action("move.page_up", "Page up", "One page up", ("pageup",), Group.MOVE, argument="page_up"),
    Action("move.page_down", "Page down", "One page down", ("pagedown",), Group.MOVE, argument="page_down"),
    Action("move.half_up", "Half page up", "Half a page up", ("ctrl+u",), Group.MOVE, argument="half_up"),
    Action("move.half_down", "Half page down", "Half a page down", ("ctrl+d",), Group.MOVE, argument="half_down"),
    Action("move.top", "Top", "To the first line", ("g", "home"), Group.MOVE, argument="top"),
    Action("move.bottom", "Bottom", "To the last line", ("G", "end"), Group.MOVE, argument="bottom"),
    Action(
        "sweep",
        "Read now",
        "Read the devices now: all of them, or the one that is shown",
        ("r",),
        Group.ACT,
        ON_DATA,
        footer=4,
        needs_sweeper=True,
    ),
    Action("quit", "Quit", "Leave drdeck; nothing on any device changes", ("ctrl+q",), Group.ACT, footer=5),
    Action("how_to_quit", "How to quit", "Say how to quit", ("ctrl+c",), Group.ACT),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

KEY_WORDS = {
    "question_mark": "?",
    "escape": "Esc",
    "enter": "Enter",
    "backspace": "Backspace",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "f1": "F1",
}


def key_word(key: str) -> str:
    """A key as the help and the footer write it."""
    return KEY_WORDS.get(key, key)


def at(place: Place) -> tuple[Action, ...]:
    """The actions that belong to a place, in the order of the registry."""
    return tuple(action for action in ACTIONS if place in action.places)


def bindings(place: Place) -> list[Binding]:
    """Textual bindings of a place. Each has an id, so that settings can remap it, and asks the gate when pressed."""
    return [
        Binding(
            ",".join(action.keys),
            f"do({action.id!r})",
            action.name,
            show=False,
            id=action.id,
            tooltip=action.description,
            priority=action.id in ("quit", "how_to_quit"),
        )
        for action in at(place)
    ]


def refusal(action: Action, situation: Situation) -> str | None:
    """Why the action cannot be done here and now; None: it can. The read-only gate is part of it."""
    if situation.place not in action.places:
        return f"{action.name} does nothing here."
    if action.dangerous and situation.read_only:
        return f"{action.name} is refused: this console is read-only."
    if action.needs_row and not situation.row_selected:
        return "There is no row to open."
    if action.needs_sweeper and not situation.sweeping:
        return "Devices are not being read yet: the console is still starting."
    return None


def footer_actions(situation: Situation) -> tuple[tuple[Action, str | None], ...]:
    """The actions of the footer with the reason why each is not possible, the most useful first."""
    shown = [action for action in at(situation.place) if action.footer is not None]
    if situation.place is Place.OVERVIEW:
        shown.remove(BY_ID["back"])
    shown.sort(key=lambda action: action.footer or 0)
    return tuple((action, refusal(action, situation)) for action in shown)
