"""The rows of the RCG pane: one row for a group, with what its two arrays say."""

from __future__ import annotations

from dataclasses import replace

from screens import sources as src
from screens.ages import age
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.conditions import CopyHealth, Freshness, SideState
from screens.copies import lateness
from screens.rcg_sides import RcgPair, Side, decide, in_sync, point_in_time, sync_summary
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS, Status, status, worst
from screens.valued import NEVER, seen
from store.estate import RcgMode, RcgRole, SyncStatus
from store.rcg_roles import Activity, Verdict, Which
from store.records import Entry

COLUMNS = (
    Column("RCG", cut=10, source=src.RCOPY_GROUPS),
    Column("Mode", rank=2, source=src.RCOPY_GROUPS),
    Column("Roles natural/peer", field="roles", source=src.RCOPY_GROUPS),
    Column("State", source=src.RCOPY_GROUPS),
    Column("Sync", source=src.RCOPY_GROUPS),
    Column("Synced", measure=Measure.MOMENT, field="rpo", source=f"{src.RCOPY_GROUPS}: LastSyncTime, the oldest"),
    Column("Active", cut=9, source=src.derived("both roles, by the decision table of the detail")),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

_SHORT_ROLES = {
    RcgRole.PRIMARY: "Pri",
    RcgRole.SECONDARY: "Sec",
    RcgRole.PRIMARY_REV: "Pri-Rev",
    RcgRole.SECONDARY_REV: "Sec-Rev",
    RcgRole.UNKNOWN: "Unknown",
}


def row(pair: RcgPair, scene: Scene) -> Row:
    group = pair.any_group
    return (
        Cell(pair.name),
        Cell(group.mode.value) if group is not None else EMPTY,
        roles_cell(pair),
        state_cell(pair),
        sync_cell(pair),
        last_sync_cell(pair, scene),
        active_cell(pair),
        pair_age_cell(pair, scene),
    )


def roles_cell(pair: RcgPair) -> Cell:
    """Both roles; a side that is not read shows that, with its last known role kept for the detail."""
    tone = worst(*(_role_tone(side) for side in pair.sides))
    full = " / ".join(_role_word(side, short=False) for side in pair.sides)
    short = "/".join(_role_word(side, short=True) for side in pair.sides)
    return Cell(f"{GLYPHS[tone]} {full}", tone, f"{GLYPHS[tone]} {short}", aka=_direction(pair))


def _direction(pair: RcgPair) -> str:
    """``reversed`` where a side says so: the word by which such groups are looked for."""
    roles = {side.told.role for side in pair.sides if side.told is not None}
    return "reversed" if roles & {RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV} else ""


def _role_word(side: Side, *, short: bool) -> str:
    if side.told is None:
        return side.state.value
    return _SHORT_ROLES[side.told.role] if short else side.told.role.value


def _role_tone(side: Side) -> Tone:
    return status(side.state).tone if side.told is None else status(side.told.role).tone


def state_cell(pair: RcgPair) -> Cell:
    """Started, Stopped … as both arrays say it; both words where they differ."""
    words = [side.told.status for side in pair.sides if side.told is not None]
    if not words:
        return status(SideState.UNREAD).cell()
    if len(set(words)) == 1:
        return status(words[0]).cell()
    tone = worst(*(status(word).tone for word in words))
    return Cell(f"{GLYPHS[tone]} {'/'.join(word.value for word in words)}", tone, f"{GLYPHS[tone]} differ")


def sync_cell(pair: RcgPair) -> Cell:
    """The worst sync status among the volumes, and how many have it where not all do."""
    summary = sync_summary(pair)
    if summary is None:
        return Cell("no volumes", Tone.DIM)
    detail = "" if summary.count == summary.total else f"{summary.count} of {summary.total}"
    if summary.percent is not None:
        detail = f"{summary.percent}%"
    cell = status(summary.worst).cell(detail)
    return Cell(cell.text, cell.tone, status(summary.worst).text)


def last_sync_cell(pair: RcgPair, scene: Scene) -> Cell:
    """How old the point in time of the secondary is. In Sync mode there is none: it holds only while all is Synced."""
    group = pair.any_group
    if group is None:
        return EMPTY
    if group.mode is RcgMode.SYNC:
        return Cell("in sync") if in_sync(pair) else aged_cell("unknown", Tone.UNKNOWN)
    then = point_in_time(pair)
    if then is None:
        return aged_cell("never", Tone.BAD, NEVER)
    health = rpo_health(pair, scene)
    tone = status(health).tone if health is not None else Tone.OK
    return aged_cell(age(scene.now, then), tone, then.timestamp())


def aged_cell(text: str, tone: Tone, then: float | None = None) -> Cell:
    """An age, or what stands in its place, marked by shape and colour where it is not as it should be."""
    calm = tone in (Tone.OK, Tone.BUSY, Tone.OFF)
    return Cell(text, value=then) if calm else Cell(f"{GLYPHS[tone]} {text}", tone, value=then)


def rpo_health(pair: RcgPair, scene: Scene) -> CopyHealth | None:
    """How the last sync stands against the period; None where the mode has none. A periodic group without a period
    never syncs by itself."""
    group = pair.any_group
    then = point_in_time(pair)
    if group is None or group.mode is RcgMode.SYNC:
        return None
    if then is None:
        return CopyHealth.NO_COPY
    periods = [side.group.period_s for side in pair.sides if side.group is not None and side.group.period_s]
    if not periods:
        return CopyHealth.NO_INTERVAL if group.mode is RcgMode.PERIODIC else None
    return lateness((scene.now - then).total_seconds(), periods[0])


def active_cell(pair: RcgPair) -> Cell:
    """The array that serves the hosts, or *unknown*."""
    verdict = decide(pair)
    if verdict.active is None:
        return status(Activity.UNKNOWN).cell()
    side = pair.natural if verdict.active is Which.NATURAL else pair.peer
    name = side.group.array if side.group is not None else "?"
    known = status(verdict.activity)
    word = f" ({known.word})" if verdict.activity is Activity.PRESUMED else ""
    return Cell(f"{known.glyph} {name}{word}", known.tone)


def serving(verdict: Verdict) -> Status:
    """Which side serves, for counting."""
    known = status(verdict.activity)
    if verdict.activity is not Activity.KNOWN:
        return known
    return Status(f"{verdict.active} active", known.tone)


def pair_age_cell(pair: RcgPair, scene: Scene) -> Cell:
    """The age of the older of the two views. Its short form leaves out *stale*: the roles already say *not read*."""
    entries = [side.entry for side in pair.sides if side.entry is not None]
    if not entries:
        return EMPTY
    cell = seen(scene, *entries)
    stale = status(Freshness.STALE)
    return replace(cell, short=cell.text.replace(stale.text, stale.glyph)) if cell.tone is stale.tone else cell


def side_entries(pair: RcgPair) -> tuple[Entry, ...]:
    return tuple(side.entry for side in pair.sides if side.entry is not None) + pair.spare


def sync_word(state: SyncStatus, percent: int | None) -> Cell:
    return status(state).cell(f"{percent}%" if percent is not None and state is SyncStatus.SYNCING else "")
