"""The one vocabulary of status: shape, word and tone of every state of every kind, with one EMPTY and one LOADING.

A status is told by its shape and its word; the colour only helps. The shape says how bad it is, the word is the
vendor's own, so no two states of a kind look alike without colour.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from screens.cells import Cell, Tone
from screens.conditions import BoardState, CopyHealth, Freshness, HostMatch, SideState
from store.auto_records import AutoState, EventState, Says
from store.estate import LparState, PowerState, RcgRole, RcgStatus, SyncStatus, SystemState
from store.incident_records import IncidentState
from store.infra.radius import Effect
from store.notices import Severity
from store.plan_records import PlanState
from store.rcg_roles import Activity
from store.readiness import Standing, Verdict
from store.records import DeviceHealth
from store.runs import Run, RunState, StepState
from store.schedules import Result

GLYPHS: dict[Tone, str] = {
    Tone.OK: "●",
    Tone.BUSY: "◐",
    Tone.WARN: "▲",
    Tone.BAD: "✗",
    Tone.UNKNOWN: "?",
    Tone.OFF: "○",
}

# One character for one character, so that widths stay: applied where lines are drawn, for terminals without UTF-8.
ASCII = str.maketrans(
    {
        "●": "+",
        "◆": "@",
        "◐": "~",
        "▲": "!",
        "✗": "X",
        "○": "-",
        "■": "#",
        "□": "=",
        "▣": "%",
        "◇": "*",
        "≠": "#",
        "–": "-",
        "…": ">",
        "→": ">",
        "›": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "│": "|",
        "┌": "+",
        "┐": "+",
        "└": "+",
        "┘": "+",
        "─": "-",
        "·": "-",
        # Plots: the fuller the block, the darker the character.
        "▁": ".",
        "▂": ":",
        "▃": "-",
        "▄": "=",
        "▅": "+",
        "▆": "*",
        "▇": "%",
        "█": "#",
        "░": ":",
    }
)

EMPTY = Cell("–", Tone.DIM)
LOADING = Cell("being read …", Tone.DIM)

DIFFERS = "≠"


class Status(Struct, frozen=True):
    """A state as the operator sees it."""

    word: str
    tone: Tone

    @property
    def glyph(self) -> str:
        return GLYPHS[self.tone]

    @property
    def text(self) -> str:
        return f"{self.glyph} {self.word}"

    def cell(self, detail: str = "") -> Cell:
        """The status as a cell, with ``detail`` (an age, a count) after the word."""
        return Cell(f"{self.text} {detail}", self.tone) if detail else _bare_cell(self)


@lru_cache(1024)
def _bare_cell(state: Status) -> Cell:
    return Cell(state.text, state.tone)


def _tones(tone: Tone, *states: StrEnum) -> dict[StrEnum, Tone]:
    return dict.fromkeys(states, tone)


# Members of different enums can be equal as strings ("Unknown" is a role, a status and a sync status): hence a table
# for each enum.
_VOCABULARY: dict[type[StrEnum], dict[StrEnum, Tone]] = {
    Severity: {
        **_tones(Tone.BAD, Severity.CRITICAL, Severity.MAJOR),
        **_tones(Tone.WARN, Severity.WARNING),
        **_tones(Tone.BUSY, Severity.NOTICE),
        **_tones(Tone.OFF, Severity.INFO),
    },
    IncidentState: {
        **_tones(Tone.BAD, IncidentState.OPEN),
        **_tones(Tone.WARN, IncidentState.MITIGATED),
        **_tones(Tone.OFF, IncidentState.RESOLVED),
    },
    SystemState: {
        **_tones(Tone.OK, SystemState.OPERATING),
        **_tones(Tone.OFF, SystemState.POWER_OFF),
        **_tones(Tone.BUSY, SystemState.STANDBY, SystemState.INITIALIZING, SystemState.POWER_OFF_IN_PROGRESS),
        **_tones(Tone.BAD, SystemState.ERROR, SystemState.ERROR_DUMP, SystemState.ERROR_TERMINATED),
        **_tones(Tone.WARN, SystemState.RECOVERY, SystemState.VERSION_MISMATCH),
        **_tones(Tone.WARN, SystemState.FAILED_AUTHENTICATION, SystemState.PENDING_AUTHENTICATION),
        **_tones(Tone.UNKNOWN, SystemState.NO_CONNECTION, SystemState.INCOMPLETE),
    },
    LparState: {
        **_tones(Tone.OK, LparState.RUNNING),
        **_tones(Tone.OFF, LparState.NOT_ACTIVATED),
        **_tones(Tone.BUSY, LparState.STARTING, LparState.SHUTTING_DOWN, LparState.SUSPENDING, LparState.RESUMING),
        **_tones(Tone.BUSY, LparState.MIGRATING_RUNNING, LparState.MIGRATING_NOT_ACTIVATED),
        **_tones(Tone.BUSY, LparState.HARDWARE_DISCOVERY),
        **_tones(Tone.WARN, LparState.OPEN_FIRMWARE, LparState.SUSPENDED),
        **_tones(Tone.BAD, LparState.ERROR),
        **_tones(Tone.UNKNOWN, LparState.NOT_AVAILABLE),
    },
    RcgRole: {
        **_tones(Tone.OK, RcgRole.PRIMARY, RcgRole.SECONDARY),
        **_tones(Tone.WARN, RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV),
        **_tones(Tone.UNKNOWN, RcgRole.UNKNOWN),
    },
    RcgStatus: {
        **_tones(Tone.OK, RcgStatus.STARTED),
        **_tones(Tone.BUSY, RcgStatus.NEW, RcgStatus.STARTING, RcgStatus.RESTART),
        **_tones(Tone.WARN, RcgStatus.STOPPED, RcgStatus.BACKUP, RcgStatus.LOGGING),
        **_tones(Tone.BAD, RcgStatus.FAILSAFE),
        **_tones(Tone.UNKNOWN, RcgStatus.UNKNOWN),
    },
    SyncStatus: {
        **_tones(Tone.OK, SyncStatus.SYNCED),
        **_tones(Tone.BUSY, SyncStatus.SYNCING, SyncStatus.PROMOTE, SyncStatus.WAIT_PROMOTE),
        **_tones(Tone.WARN, SyncStatus.NEW, SyncStatus.STOPPED, SyncStatus.STALE, SyncStatus.DELETE),
        **_tones(Tone.BAD, SyncStatus.NOT_SYNCED),
        **_tones(Tone.UNKNOWN, SyncStatus.UNKNOWN),
    },
    PowerState: {
        **_tones(Tone.OK, PowerState.ON),
        **_tones(Tone.OFF, PowerState.OFF),
        **_tones(Tone.WARN, PowerState.SUSPENDED),
    },
    DeviceHealth: {
        **_tones(Tone.OK, DeviceHealth.OK),
        **_tones(Tone.WARN, DeviceHealth.PARTIAL),
        **_tones(Tone.BAD, DeviceHealth.FAILING),
        **_tones(Tone.UNKNOWN, DeviceHealth.NEVER),
    },
    RunState: {
        **_tones(Tone.OK, RunState.SUCCEEDED),
        **_tones(Tone.BUSY, RunState.APPROVED, RunState.RUNNING),
        **_tones(Tone.WARN, RunState.PAUSED, RunState.WAITING),
        **_tones(Tone.BAD, RunState.FAILED, RunState.INTERRUPTED),
        **_tones(Tone.OFF, RunState.PROPOSED, RunState.ABORTED),
    },
    StepState: {
        **_tones(Tone.OK, StepState.ALREADY, StepState.DONE),
        **_tones(Tone.BUSY, StepState.RUNNING),
        **_tones(Tone.WARN, StepState.SKIPPED, StepState.MARKED),
        **_tones(Tone.BAD, StepState.FAILED),
        **_tones(Tone.UNKNOWN, StepState.UNKNOWN),
        **_tones(Tone.OFF, StepState.PENDING),
    },
    PlanState: {
        **_tones(Tone.OK, PlanState.VERIFIED),
        **_tones(Tone.WARN, PlanState.CHANGED),
        **_tones(Tone.BAD, PlanState.FAILED, PlanState.UNUSABLE),
        **_tones(Tone.OFF, PlanState.UNCHECKED),
    },
    Result: {
        **_tones(Tone.OK, Result.SUCCEEDED),
        **_tones(Tone.BUSY, Result.RUNNING),
        **_tones(Tone.WARN, Result.WARNED, Result.REFUSED),
        **_tones(Tone.BAD, Result.FAILED, Result.MISSED, Result.INTERRUPTED),
        **_tones(Tone.UNKNOWN, Result.UNKNOWN),
    },
    CopyHealth: {
        **_tones(Tone.OK, CopyHealth.ON_TIME),
        **_tones(Tone.BUSY, CopyHealth.TRANSFERRING),
        **_tones(Tone.WARN, CopyHealth.NEARLY_LATE, CopyHealth.SCHEDULE_OFF, CopyHealth.NO_INTERVAL),
        **_tones(Tone.BAD, CopyHealth.LATE, CopyHealth.NO_COPY, CopyHealth.NOT_ALLOWED, CopyHealth.DESTROYED),
        **_tones(Tone.BAD, CopyHealth.NO_COPY_YET, CopyHealth.SPLIT_BRAIN),
        **_tones(Tone.WARN, CopyHealth.INCOMPLETE, CopyHealth.PAUSED, CopyHealth.FAILED_OVER),
        **_tones(Tone.OFF, CopyHealth.NOT_REPLICATED, CopyHealth.OLDER),
    },
    Freshness: {
        **_tones(Tone.OK, Freshness.FRESH),
        **_tones(Tone.WARN, Freshness.STALE),
        **_tones(Tone.BAD, Freshness.GONE),
    },
    SideState: {
        **_tones(Tone.OK, SideState.READ),
        **_tones(Tone.UNKNOWN, SideState.UNREAD),
        **_tones(Tone.BAD, SideState.MISSING),
    },
    Activity: {
        **_tones(Tone.OK, Activity.KNOWN),
        **_tones(Tone.WARN, Activity.PRESUMED),
        **_tones(Tone.UNKNOWN, Activity.UNKNOWN),
    },
    Standing: {
        **_tones(Tone.OK, Standing.READY),
        **_tones(Tone.WARN, Standing.NOT_READY),
        **_tones(Tone.UNKNOWN, Standing.NOT_KNOWN),
        **_tones(Tone.OFF, Standing.UNCHECKED, Standing.EXCLUDED, Standing.NOT_PROTECTED),
    },
    Verdict: {
        **_tones(Tone.BAD, Verdict.FAILS),
        **_tones(Tone.UNKNOWN, Verdict.UNKNOWN),
        **_tones(Tone.OK, Verdict.HOLDS),
    },
    AutoState: {
        **_tones(Tone.OFF, AutoState.OFF),
        **_tones(Tone.BUSY, AutoState.SHADOW, AutoState.FIRING),
        **_tones(Tone.OK, AutoState.ARMED),
        **_tones(Tone.WARN, AutoState.SUSPECT, AutoState.FIRED),
        **_tones(Tone.BAD, AutoState.CONFIRMED),
    },
    EventState: {
        **_tones(Tone.OK, EventState.COMPLETED),
        **_tones(Tone.BUSY, EventState.FIRING, EventState.TESTING),
        **_tones(Tone.WARN, EventState.SUSPECT),
        **_tones(Tone.BAD, EventState.CONFIRMED, EventState.FAILED),
        **_tones(Tone.UNKNOWN, EventState.UNKNOWN),
        **_tones(Tone.OFF, EventState.CLEARED, EventState.VETOED),
    },
    Says: {
        **_tones(Tone.OK, Says.UP),
        **_tones(Tone.BAD, Says.DOWN),
        **_tones(Tone.UNKNOWN, Says.UNKNOWN),
    },
    BoardState: {
        **_tones(Tone.OK, BoardState.DONE, BoardState.UP),
        **_tones(Tone.BUSY, BoardState.RUNNING),
        **_tones(Tone.WARN, BoardState.ASKS),
        **_tones(Tone.BAD, BoardState.DECIDE, BoardState.MISSED),
        **_tones(Tone.OFF, BoardState.NOTHING, BoardState.NOT_BEGUN, BoardState.WAITS),
    },
    Effect: {
        **_tones(Tone.BAD, Effect.FALLS),
        **_tones(Tone.UNKNOWN, Effect.MAY),
        **_tones(Tone.WARN, Effect.BARE),
        **_tones(Tone.OFF, Effect.STANDBY),
    },
    HostMatch: {
        **_tones(Tone.OK, HostMatch.AS_LPAR),
        **_tones(Tone.BAD, HostMatch.DIFFERS, HostMatch.OTHER),
        **_tones(Tone.WARN, HostMatch.SEVERAL),
        **_tones(Tone.UNKNOWN, HostMatch.UNREAD),
        **_tones(Tone.OFF, HostMatch.NONE, HostMatch.NO_WWPNS, HostMatch.NOT_APPLICABLE),
    },
}


@lru_cache(maxsize=None, typed=True)
def status(state: StrEnum) -> Status:
    """The status of a state of any kind. Raises ``KeyError`` for an enum that has no vocabulary."""
    return Status(state.value, _VOCABULARY[type(state)][state])


def vocabulary() -> dict[type[StrEnum], tuple[Status, ...]]:
    """Every enum with its statuses, in the order of the enum."""
    return {kind: tuple(status(member) for member in kind) for kind in _VOCABULARY}


# RMC state and connection words are free text of the vendor; a word that is not known is shown as unknown, verbatim.
_RMC: dict[str, Tone] = {"active": Tone.OK, "inactive": Tone.WARN, "none": Tone.OFF, "unknown": Tone.UNKNOWN}


def rmc(word: str | None, state: LparState) -> Cell:
    """The RMC state of an LPAR, as ``lssyscfg`` writes it. Inactive is a warning only while the LPAR is Running."""
    if word is None:
        return EMPTY
    tone = _RMC.get(word, Tone.UNKNOWN)
    if tone is Tone.WARN and state is not LparState.RUNNING:
        tone = Tone.OFF
    return Status(word, tone).cell()


def owing(state: RunState) -> Status:
    """The state of a drill that has ended and is not cleaned up: somebody has to see to it."""
    return Status(f"{state}, clean-up owed", Tone.WARN)


def standing(run: Run, *, owes: bool = False) -> Status:
    """The state of a run among others. ``owes``: it is a drill that is not cleaned up."""
    if owes:
        return owing(run.state)
    if run.awaited is not None:
        return Status("waits for approval", Tone.WARN)
    found = status(run.state)
    return found if run.glass is None else Status(f"{found.word}, BREAK-GLASS", Tone.BAD)


def worst(*tones: Tone) -> Tone:
    """The tone that needs the operator most."""
    order = (Tone.BAD, Tone.UNKNOWN, Tone.WARN, Tone.BUSY, Tone.OK, Tone.OFF)
    return min((tone for tone in tones if tone in order), key=order.index, default=Tone.PLAIN)
