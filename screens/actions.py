"""The one registry of actions: what the operator can do, on which keys and by which words, and why not here and now.

Bindings, footer, help, command line, palette, the printed list of keys and the read-only gate are all made from it. A
screen runs an action with a method named after its id (``open`` → ``do_open``); the gate stands in front of every one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from msgspec import Struct, field
from textual.binding import Binding

from screens.action import DETAILS as DETAILS
from screens.action import LEVELS, ON_AUTO, ON_DATA, ON_OBJECTS, ON_ROWS, ON_RUN, WITH_MORE, WITH_RADIUS
from screens.action import Action as Action
from screens.action import Group as Group
from screens.action import Place as Place
from screens.action import Takes as Takes
from screens.actions_acts import ACTS
from screens.actions_auto import AUTOMATIC
from screens.actions_room import ROOM
from screens.actions_schedules import SCHEDULING


class Situation(Struct, frozen=True):
    """What decides whether an action can be done here and now. ``cached``: this console asks no device. ``further`` is
    the word for what Enter leads to, where that differs by what is shown; ``filtered``: Esc clears the filter first.
    ``refused``: why an action cannot be done with what is shown, by its id; ``lacks``: which role it takes that whoever
    is logged in has nowhere."""

    place: Place
    read_only: bool = False
    row_selected: bool = False
    sweeping: bool = False
    cached: bool = False
    further: str | None = None
    filtered: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)


class PaneName(Struct, frozen=True):
    """A pane: its id, the word of the tab line, its full title, and what it is called on the command line besides."""

    id: str
    tab: str
    title: str
    aliases: tuple[str, ...] = ()


PANES = (
    PaneName("overview", "Overview", "Overview", ("home",)),
    PaneName("lpars", "LPARs", "LPARs", ("lpar",)),
    PaneName("pgroups", "Pgroups", "Protection groups", ("pgroup", "pg")),
    PaneName("rcgs", "RCGs", "Remote copy groups", ("rcg",)),
    PaneName("replicas", "Replicas", "VM replicas", ("vms", "vm")),
    PaneName("devices", "Devices", "Devices", ("device", "dev")),
    PaneName("events", "Events", "Events", ("event", "ev")),
    PaneName("runs", "Runs", "Runs", ("run",)),
    PaneName("schedules", "Due", "Schedules", ("schedule",)),
)


def _panes() -> Iterable[Action]:
    for number, pane in enumerate(PANES, start=1):
        yield Action(
            f"pane.{pane.id}",
            pane.tab,
            f"Show {pane.title}",
            (str(number),),
            Group.GO,
            argument=pane.id,
            command=pane.id,
            aliases=pane.aliases,
        )


def _moves() -> Iterable[Action]:
    for how, name, description, keys in (
        ("up", "Up", "One line up", ("up", "k")),
        ("down", "Down", "One line down", ("down", "j")),
        ("page_up", "Page up", "One page up", ("pageup",)),
        ("page_down", "Page down", "One page down", ("pagedown",)),
        ("half_up", "Half page up", "Half a page up", ("ctrl+u",)),
        ("half_down", "Half page down", "Half a page down", ("ctrl+d",)),
        ("top", "Top", "To the first line", ("g", "home")),
        ("bottom", "Bottom", "To the last line", ("G", "end")),
    ):
        yield Action(f"move.{how}", name, description, keys, Group.MOVE, argument=how)


_GO = (
    Action(
        "open",
        "Open",
        "Open the selected row, or go one level deeper",
        ("enter",),
        Group.GO,
        WITH_MORE,
        footer=1,
        needs_row=True,
    ),
    Action(
        "detail",
        "Detail",
        "Everything known of the selected object, both sites next to each other",
        ("d",),
        Group.GO,
        LEVELS,
        footer=4,
        needs_row=True,
    ),
    Action(
        "back", "Back", "Go back to the same row; from a pane to the overview", ("escape", "q", "backspace"), Group.GO,
        footer=2,
    ),
    Action(
        "help", "Keys", "Show the keys of this screen", ("question_mark", "f1"), Group.GO, ON_DATA, footer=3,
        command="help", aliases=("keys",),
    ),
    Action("command", "Command", "Type a command", ("colon",), Group.GO, footer=7),
    Action("palette", "Find", "Find a screen, an object or an action by its name", ("ctrl+p",), Group.GO, footer=8),
    Action(
        "infra", "Infrastructure", "Where it stands: sites, racks, systems, feeds, links", ("I",), Group.GO,
        ON_DATA, command="infra", aliases=("racks",),
    ),
    Action(
        "blast", "Blast radius", "What falls with what it runs on, and how much is lost",
        ("b",), Group.GO, WITH_RADIUS, needs_row=True, command="blast",
    ),
    Action(
        "blast.here", "Blast radius", "What falls with this, and how much is lost",
        ("b",), Group.GO, frozenset({Place.INFRA}), argument="here", footer=2, needs_row=True, command="blast",
    ),
    Action("plans", "Plans", "The recovery plans, and how each stands", ("P",), Group.GO, ON_DATA, command="plans"),
    Action(
        "audit", "Audit", "The journal: every change of anything, by whom and from where", ("J",), Group.GO, ON_DATA,
        command="audit", aliases=("journal",),
    ),
    Action(
        "capacity", "Capacity", "Do all recovery plans together still fit, and until when",
        ("percent_sign",), Group.GO, ON_DATA, command="capacity",
    ),
    Action(
        "cost", "Cost", "What recovery costs: each drill, site and application", ("dollar_sign",), Group.GO, ON_DATA,
        command="cost",
    ),
    Action(
        "compliance", "Compliance", "Drills, gaps and lessons of all plans, and what auditors ask", ("K",), Group.GO,
        ON_DATA, command="compliance",
    ),
    Action(
        "find", "Open", "Open an object by its name", (), Group.GO, command="open", takes=Takes.OBJECT, needs_word=True
    ),
)  # fmt: skip

_TABLE = (
    Action(
        "filter", "Filter", "Show only rows that match: text, state:running, site:dr, rpo>15m, is:trouble", ("slash",),
        Group.TABLE, ON_ROWS, footer=4, command="filter", takes=Takes.FILTER,
    ),
    Action(
        "sort", "Sort", "Sort by the next column", ("s",), Group.TABLE, ON_ROWS, footer=9,
        command="sort", takes=Takes.COLUMN,
    ),
    Action("reverse", "Reverse", "Turn the order round", ("S",), Group.TABLE, ON_ROWS, command="reverse"),
    Action("next_trouble", "Trouble", "To the next row that needs a look", ("w",), Group.TABLE, ON_ROWS, footer=10),
    Action("previous_trouble", "Trouble", "To the row before that needs a look", ("W",), Group.TABLE, ON_ROWS),
    Action(
        "mark", "Mark", "Mark or unmark the row", ("space",), Group.TABLE, ON_ROWS, footer=11, needs_row=True
    ),
    Action("unmark", "Unmark", "Take every mark away", ("u",), Group.TABLE, ON_ROWS, command="unmark"),
    Action(
        "follow", "Follow", "Stay on the newest event as they come", ("f",), Group.TABLE, frozenset({Place.EVENTS}),
        footer=5, command="follow",
    ),
    Action(
        "save", "Save filter", "Save the filter of this table under a name", (), Group.TABLE, ON_ROWS, command="save",
        takes=Takes.NAME, needs_word=True,
    ),
    Action(
        "forget", "Forget filter", "Forget a saved filter of this table", (), Group.TABLE, ON_ROWS, command="forget",
        takes=Takes.FILTER, needs_word=True,
    ),
)  # fmt: skip

_TAKE = (
    Action(
        "copy_name", "Copy name", "Copy the name of the row, or of all marked rows", ("c",), Group.TAKE, WITH_MORE,
        needs_row=True,
    ),
    Action(
        "copy", "Copy", "Copy the row, the marked rows, or the whole detail as text", ("y",), Group.TAKE, ON_DATA,
        footer=12, needs_row=True,
    ),
    Action(
        "export", "Export", "Write the rows that are shown to a file, as CSV or JSON", ("e",), Group.TAKE, ON_ROWS,
        footer=13, command="export", takes=Takes.FORM,
    ),
)  # fmt: skip

_ACT = (
    Action(
        "sweep", "Read now", "Read the devices now: all of them, or the one that is shown", ("r",), Group.ACT, ON_DATA,
        footer=6, needs_sweeper=True, command="read", takes=Takes.DEVICE,
    ),
    Action(
        "quit", "Quit", "Leave drdeck; nothing on any device changes", ("ctrl+q",), Group.ACT, footer=14,
        command="quit", aliases=("q", "exit"),
    ),
    Action("how_to_quit", "How to quit", "Say how to quit", ("ctrl+c",), Group.ACT),
    Action("suspend", "Suspend", "Back to the shell for a while: fg returns", ("ctrl+z",), Group.ACT),
)  # fmt: skip

_SHOW = (
    Action(
        "sources", "Sources", "Where each value comes from, and how old it is", ("i",), Group.SHOW,
        ON_OBJECTS | DETAILS, footer=10, needs_row=True,
    ),
    Action(
        "site", "Site", "Look at one site only, by its name or role; without a word, at all", (), Group.SHOW,
        command="site", takes=Takes.SITE,
    ),
    Action("theme", "Theme", "Choose the colours", (), Group.SHOW, command="theme", takes=Takes.THEME, needs_word=True),
    Action(
        "slow", "Slow line", "Send less: sixteen colours, scrolling by half a page", (), Group.SHOW, command="slow",
        takes=Takes.SWITCH,
    ),
)  # fmt: skip

_ON_WORK = (*ACTS, *SCHEDULING, *AUTOMATIC, *ROOM)
ACTIONS: tuple[Action, ...] = (*_panes(), *_GO, *_moves(), *_ON_WORK, *_TABLE, *_TAKE, *_ACT, *_SHOW)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

KEY_WORDS = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "percent_sign": "%",
    "dollar_sign": "$",
    "space": "Space",
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


def how(action: Action) -> str:
    """Keys of an action, or its command where it has none, as the help writes them."""
    if action.keys:
        return " ".join(key_word(key) for key in action.keys)
    return f":{action.command} {action.takes}" if action.takes else f":{action.command}"


def at(place: Place) -> tuple[Action, ...]:
    """The actions that belong to a place, in the order of the registry."""
    return tuple(action for action in ACTIONS if place in action.places)


@cache
def _by_key(place: Place) -> dict[str, Action]:
    return {key: action for action in at(place) for key in action.keys}


def for_key(place: Place, key: str) -> Action | None:
    """What a key does at a place, or else what it does elsewhere: the gate then refuses it with the reason."""
    found = (_by_key(there).get(key) for there in (place, *Place))
    return next((action for action in found if action is not None), None)


def bindings(place: Place) -> list[Binding]:
    """Textual bindings of a place, for keys that a line being typed leaves over. Each asks the gate when pressed."""
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
        if action.keys
    ]


def refusal(action: Action, situation: Situation) -> str | None:
    """Why the action cannot be done here and now; None: it can. The read-only gate is part of it."""
    if situation.place not in action.places:
        return f"{action.name} does nothing here."
    menu = action.id == "act" and situation.place in ON_AUTO  # of decisions, each of which takes a role of its own
    if action.id in situation.lacks and not menu:
        return f"{action.name} is refused: {situation.lacks[action.id]}."
    if action.dangerous and situation.read_only:
        return f"{action.name} is refused: this console is read-only."
    if action.id == "open" and situation.place in DETAILS:
        return None if situation.further else "There is nothing further to open."
    above = situation.place is Place.SNAPSHOTS and action.dangerous  # about the group that the rows belong to
    if action.needs_row and situation.place in ON_ROWS and not situation.row_selected and not above:
        return "There is no row to open." if action.id == "open" else "There is no row here."
    if action.id in situation.refused:
        return situation.refused[action.id]
    if action.needs_sweeper and situation.cached:
        return "No device is read: this console was started with --cached."
    if action.needs_sweeper and not situation.sweeping:
        return "Devices are not being read yet: the console is still starting."
    return None


def footer_actions(situation: Situation) -> tuple[tuple[Action, str, str | None], ...]:
    """The actions of the footer, the most useful first: each with its word here, and why it is not possible."""
    shown = [action for action in at(situation.place) if action.footer is not None]
    if situation.place is Place.OVERVIEW and not situation.filtered:
        shown.remove(BY_ID["back"])
    if situation.place in ON_RUN:  # what waits for the operator needs the room
        shown = [action for action in shown if action.id not in situation.refused]
    shown.sort(key=lambda action: action.footer or 0)
    return tuple((action, _word(action, situation), refusal(action, situation)) for action in shown)


def _word(action: Action, situation: Situation) -> str:
    if action.id == "open" and situation.further:
        return situation.further
    return "Clear" if action.id == "back" and situation.filtered else action.name
