"""What the detail of a remote copy group says: both arrays' views, and the decision which of them serves the hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from screens import sources as src
from screens.ages import age, exact
from screens.cells import Cell, Tone
from screens.conditions import SideState
from screens.origins import origin
from screens.rcg_sides import RcgPair, Side, decide
from screens.rows_rcgs import active_cell, sync_word
from screens.rpo_history import Sample, sampled_curve
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, both, text_cell
from screens.state_history import state_track, strip, tones_of
from screens.status import EMPTY, status
from store.estate import RcgMode, RcgRole, RcgStatus, RemoteCopyGroup, RemoteCopyVolume
from store.rcg_roles import TABLE, Activity, RoleCode, Verdict, Which


def parts(scene: Scene, pair: RcgPair, samples: Sequence[Sample] = ()) -> list[Part]:
    """The parts of the detail, top to bottom: the natural primary is the left side. ``samples`` are what this console
    saw of the age of its last sync."""
    return [
        *_verdict(pair),
        origin(scene, pair.natural.entry, pair.peer.entry),
        *_sides(scene, pair),
        *_volumes(scene, pair),
        *_history(scene, pair, samples),
        *_table(pair),
    ]


def _history(scene: Scene, pair: RcgPair, samples: Sequence[Sample]) -> Iterator[Part]:
    """The age of the last sync as far as this console saw it, and the roles and states of both sides over a day."""
    group = pair.any_group
    curve = sampled_curve("Age of last sync", samples, scene.now, group.period_s if group is not None else None)
    if curve is not None:
        yield Heading("Age of the last sync")
        yield curve
    tracks = []
    for side in pair.sides:
        if side.entry is not None and side.group is not None:
            told = side.group
            role, state = told.role.value, told.status.value
            tracks.append(state_track(scene, side.entry, "role", role, tones_of(RcgRole), f"{told.array} role"))
            tracks.append(state_track(scene, side.entry, "status", state, tones_of(RcgStatus), f"{told.array} state"))
    if tracks:
        yield Heading("Role and state over the last 24 hours")
        yield strip(scene, tracks)


def _verdict(pair: RcgPair) -> Iterator[Part]:
    verdict = decide(pair)
    tone = {Activity.KNOWN: Tone.OK, Activity.PRESUMED: Tone.WARN, Activity.UNKNOWN: Tone.UNKNOWN}[verdict.activity]
    if verdict.active is Which.PEER and tone is Tone.OK:
        tone = Tone.WARN
    yield Fact("Active side", active_cell(pair), source=src.derived("both roles, by the table below"))
    yield Note(f"{verdict.meaning[0].upper()}{verdict.meaning[1:]}.", tone)
    for entry in pair.spare:
        group = entry.obj
        if isinstance(group, RemoteCopyGroup):
            yield Note(f"A further view that fits no side: {group.name} on {group.array}.", Tone.UNKNOWN)


def _sides(scene: Scene, pair: RcgPair) -> Iterator[Part]:
    groups, web = src.RCOPY_GROUPS, "GET /remotecopygroups; showrcopy -d groups"
    facts: tuple[tuple[str, Callable[[RemoteCopyGroup], Cell], bool, str], ...] = (
        ("Array", lambda group: Cell(group.array), False, src.THREEPAR_SYSTEM),
        ("Group", lambda group: Cell(f"{group.name} (id {group.id})"), False, groups),
        ("Role", lambda group: status(group.role).cell(), False, groups),
        ("State", lambda group: status(group.status).cell(), True, groups),
        ("Mode", _mode, True, groups),
        ("Target", lambda group: Cell(group.target), False, groups),
        ("Last sync", lambda group: _last_sync(group, scene), False, f"{groups}: the oldest of the volumes"),
        ("Policies", lambda group: text_cell(", ".join(group.policies)), False, groups),
        ("CPG here", lambda group: text_cell(group.local_cpg), False, web),
        ("CPG there", lambda group: text_cell(group.remote_cpg), False, web),
    )
    yield Heading("The two arrays: natural primary, peer")
    yield both("Read", lambda side: _read(side, scene), *pair.sides, source=src.SEEN)
    for label, make, compare, source in facts:
        yield both(label, _of(make), *pair.sides, compare=compare, source=source)


def _of(make: Callable[[RemoteCopyGroup], Cell]) -> Callable[[Side], Cell]:
    return lambda side: EMPTY if side.group is None else make(side.group)


def _read(side: Side, scene: Scene) -> Cell:
    """Whether the side is read. What stands below for one that is not read is its last known state."""
    if side.entry is None:
        return status(side.state).cell("and nothing known" if side.state is SideState.UNREAD else "on this array")
    if side.state is SideState.READ:
        return status(side.state).cell(f"{age(scene.now, side.entry.seen_at)} ago")
    return status(side.state).cell(f"now; last seen {age(scene.now, side.entry.seen_at)} ago")


def _mode(group: RemoteCopyGroup) -> Cell:
    if group.mode is not RcgMode.PERIODIC:
        return Cell(group.mode.value)
    if not group.period_s:
        return Cell("Periodic, no period: it never syncs by itself", Tone.WARN)
    return Cell(f"Periodic, every {exact(group.period_s)}")


def _last_sync(group: RemoteCopyGroup, scene: Scene) -> Cell:
    if group.oldest_sync is None:
        return Cell("NA (Sync mode)") if group.mode is RcgMode.SYNC else Cell("not every volume has one", Tone.WARN)
    return Cell(scene.ago(group.oldest_sync))


def _volumes(scene: Scene, pair: RcgPair) -> Iterator[Part]:
    left, right = pair.natural.group, pair.peer.group
    mine = {volume.local: volume for volume in left.volumes} if left is not None else {}
    theirs = {volume.remote: volume for volume in right.volumes} if right is not None else {}
    yield Heading("Volumes, as each array reports them")
    if not mine and not theirs:
        yield Note("None are known.", Tone.DIM)
    for name in sorted({*mine, *theirs}):
        of_left, of_right = mine.get(name), theirs.get(name)
        yield Fact(
            name,
            _volume(of_left, scene, left),
            _volume(of_right, scene, right),
            _apart(of_left, of_right),
            src.RCOPY_GROUPS,
        )
        hosts = [_hosts(of_left), _hosts(of_right)]
        if hosts != [EMPTY, EMPTY]:
            yield Fact("  exported to", hosts[0], hosts[1], source=src.THREEPAR_VLUNS)


def _apart(left: RemoteCopyVolume | None, right: RemoteCopyVolume | None) -> bool:
    """Whether the two arrays tell different sync statuses of a volume, or only one of them has it."""
    if left is None or right is None:
        return True
    return left.sync_status is not right.sync_status


def _volume(volume: RemoteCopyVolume | None, scene: Scene, group: RemoteCopyGroup | None) -> Cell:
    if volume is None:
        return EMPTY if group is None else Cell("not in the group here", Tone.WARN)
    cell = sync_word(volume.sync_status, volume.synced_percent)
    if volume.last_sync is None:
        return cell
    return Cell(f"{cell.text}, last {age(scene.now, volume.last_sync)} ago", cell.tone)


def _hosts(volume: RemoteCopyVolume | None) -> Cell:
    return EMPTY if volume is None else text_cell(", ".join(volume.exported_to))


_ROLE_WORDS = {
    RoleCode.PRIMARY: "Primary",
    RoleCode.PRIMARY_REV: "Primary-Rev",
    RoleCode.SECONDARY: "Secondary",
    RoleCode.SECONDARY_REV: "Secondary-Rev",
    None: "not read",
}
_ACTIVE_WORDS = {Which.NATURAL: "natural primary", Which.PEER: "peer", None: "unknown"}


def _table(pair: RcgPair) -> Iterator[Part]:
    """The decision table, with the row that applies marked."""
    yield Heading("How the active side is decided: roles of natural primary / peer")
    found = decide(pair)
    for (natural, peer), verdict in TABLE.items():
        yield _table_row(f"{_ROLE_WORDS[natural]} / {_ROLE_WORDS[peer]}", verdict, verdict is found)
    outside = found not in TABLE.values()
    yield _table_row("any other pair", Verdict(Activity.UNKNOWN, None, "no verb is offered"), outside)


def _table_row(roles: str, verdict: Verdict, applies: bool) -> Note:
    presumed = " (presumed)" if verdict.activity is Activity.PRESUMED else ""
    mark = " ← now" if applies else ""
    return Note(f"{roles}: {_ACTIVE_WORDS[verdict.active]}{presumed}{mark}", Tone.HEADING if applies else Tone.DIM)
