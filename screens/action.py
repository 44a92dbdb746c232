"""What an action of the registry is: its name, its keys, where it can be done, and whether it is dangerous."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Place(StrEnum):
    """The kinds of screen that actions differ by."""

    OVERVIEW = "overview"
    PANE = "pane"
    LPARS = "lpars"
    PGROUPS = "pgroups"
    RCGS = "rcgs"
    REPLICAS = "replicas"
    RUNS = "runs"
    EVENTS = "events"
    RUN = "run"
    BOARD = "board"
    SCHEDULES = "schedules"
    SCHEDULE = "schedule"
    PLANS = "plans"
    PLAN = "plan"
    AUDIT = "audit"
    ENTRY = "entry"
    COMPLIANCE = "compliance"
    CAPACITY = "capacity"
    HEADROOM = "headroom"
    COST = "cost"
    COST_ITEM = "cost item"
    ALERTS = "alerts"
    ALERT = "alert"
    RULES = "rules"
    INCIDENTS = "incidents"
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    AUTO = "auto"
    AUTO_GROUP = "auto group"
    AUTO_HISTORY = "auto history"
    AUTO_EVENT = "auto event"
    LEVEL = "level"
    SNAPSHOTS = "snapshots"
    INFRA = "infra"
    DETAIL = "detail"
    LPAR = "lpar"
    PGROUP = "pgroup"
    RCG = "rcg"
    VM = "vm"
    LOG = "log"
    VALUES = "values"
    HELP = "help"


EVERYWHERE = frozenset(Place)
ON_DATA = EVERYWHERE - {Place.HELP}
DETAILS = frozenset({Place.DETAIL, Place.LPAR, Place.PGROUP, Place.RCG, Place.VM})
LEVELS = frozenset({Place.LEVEL, Place.SNAPSHOTS, Place.INFRA})
ON_LPARS = frozenset({Place.LPARS, Place.LPAR})
ON_PGROUPS = frozenset({Place.PGROUPS, Place.PGROUP, Place.SNAPSHOTS})
ON_RCGS = frozenset({Place.RCGS, Place.RCG})
ON_VMS = frozenset({Place.REPLICAS, Place.VM})
ON_RUN = frozenset({Place.RUN, Place.BOARD})
ON_RUNS = ON_RUN | {Place.RUNS}
ON_SCHEDULES = frozenset({Place.SCHEDULES, Place.SCHEDULE})
ON_ALERTS = frozenset({Place.ALERTS, Place.ALERT})
ON_INCIDENTS = frozenset({Place.INCIDENTS, Place.INCIDENT})
ON_AUTO = frozenset({Place.AUTO, Place.AUTO_GROUP})
ON_FIGURES = frozenset({Place.CAPACITY, Place.COST})
ON_PLANS = frozenset({Place.PLANS, Place.PLAN})
PANES_OF_OBJECTS = frozenset({Place.PANE, Place.LPARS, Place.PGROUPS, Place.RCGS, Place.REPLICAS})
ON_OBJECTS = PANES_OF_OBJECTS | {Place.OVERVIEW, Place.EVENTS} | LEVELS
IN_ROOM = frozenset({Place.ALERTS, Place.RULES, Place.INCIDENTS, Place.MAINTENANCE})
ON_ROWS = (
    ON_OBJECTS
    | ON_RUNS
    | IN_ROOM
    | ON_FIGURES
    | {Place.SCHEDULES, Place.PLANS, Place.AUDIT, Place.AUTO, Place.AUTO_HISTORY}
)
WITH_MORE = ON_ROWS | DETAILS
WITH_RADIUS = DETAILS | {Place.PANE, Place.LPARS, Place.PGROUPS, Place.RCGS, Place.LEVEL, Place.SNAPSHOTS}


class Group(StrEnum):
    """How the help arranges actions."""

    GO = "Go to"
    MOVE = "Move"
    TABLE = "The table"
    TAKE = "Take away"
    ACT = "Act"
    SHOW = "How it is shown"


class Takes(StrEnum):
    """What an action is told on the command line, behind its word."""

    COLUMN = "COLUMN"
    SITE = "SITE"
    THEME = "THEME"
    FILTER = "FILTER"
    NAME = "NAME"
    DEVICE = "DEVICE"
    FORM = "csv|json"
    SWITCH = "on|off"
    OBJECT = "OBJECT"
    ORDER = "rcg|volume|pgroup|lpar|vm …"


class Action(Struct, frozen=True):
    """``name`` is the word of the footer; ``footer`` its rank there (1 is kept longest), None: only in the help.

    ``argument`` is passed to the screen's method (a pane, a movement). ``command`` is its word on the command line,
    with ``aliases``; there it may be told what it ``takes``, must be where ``needs_word``."""

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
    command: str | None = None
    aliases: tuple[str, ...] = ()
    takes: Takes | None = None
    needs_word: bool = False
