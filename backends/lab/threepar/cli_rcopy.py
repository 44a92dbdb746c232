"""``showrcopy``: the remote copy system, its targets, links and groups, as the array prints them."""

from __future__ import annotations

from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.rcg import Group, Side
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.replication import Member
from backends.lab.threepar.tables import Column, Style, Table
from store.estate import RcgMode, RcgStatus, SyncStatus

_GROUP = [Column("Name", width=12), Column("Target"), Column("Status", width=8), Column("Role", width=10)]
_GROUP_D = [_GROUP[0], Column("ID", right=True, width=4), *_GROUP[1:]]
_VOLUME = [
    Column("LocalVV", width=12),
    Column("ID", right=True, width=4),
    Column("RemoteVV", width=12),
    Column("ID", right=True, width=4),
    Column("SyncStatus", width=13),
]
_VOLUME_D = [
    *_VOLUME,
    Column("Resync_ss", width=9),
    Column("Sync_ss", width=8),
    Column("VV_iter"),
    Column("R_iter"),
    Column("S_iter"),
    Column("LastSyncTime"),
    Column("LocalSet"),
    Column("RemoteSet", width=10),
]
_SECTIONS = ("targets", "links", "groups")


def show(array: ThreePar, args: list[str], style: Style) -> list[str]:
    """``showrcopy [-d] [-qw] [targets|links|groups [name…]]``."""
    detailed = "-d" in args
    words = [a for a in args if not a.startswith("-")]
    unknown = [a for a in args if a.startswith("-") and a not in ("-d", "-qw")]
    if unknown:
        return [f"Error: invalid option {unknown[0]}"]
    section, names = (words[0], words[1:]) if words else ("", [])
    if section and section not in _SECTIONS:
        return [f"Error: invalid subcommand {section}"]
    if not array.targets and not array.groups:
        return ["Remote Copy is not configured on this system."]
    out: list[str] = [] if style.bare else ["", "Remote Copy System Information", "Status: Started, Normal", ""]
    for each in _SECTIONS:
        if section in ("", each):
            out += _section(array, each, names, detailed, style)
    return out


def _section(array: ThreePar, section: str, names: list[str], detailed: bool, style: Style) -> list[str]:
    title = [] if style.bare else [f"{section[:-1].capitalize()} Information", ""]
    if section == "targets":
        body = _targets(array, names).lines(style)
    elif section == "links":
        body = _links(array, style).lines(style)
    else:
        return title + _groups(array, names, detailed, style)
    return [*title, *body] if style.bare else [*title, *body, ""]


def _targets(array: ThreePar, names: list[str]) -> Table:
    columns = [Column(n, right=n == "ID") for n in ("Name", "ID", "Type", "Status", "Options", "Policy")]
    rows = []
    for target in array.targets.values():
        if not names or target.name in names:
            policy = "mirror_config" if target.mirror_config else "no_mirror_config"
            rows.append([target.name, str(target.id), target.kind.value, target.status, "-", policy])
    return Table(columns, rows)


def _links(array: ThreePar, style: Style) -> Table:
    columns = [Column(n) for n in ("Target", "Node", "Address", "Status", "Options")]
    rows, receiving = [], []
    none = "" if style.csv else "-"
    for target in array.targets.values():
        for wire in target.connection.wires:
            state = "Up" if target.connection.wire_up(wire) else "Down"
            rows.append([target.name, wire.nodes[target.end], wire.addresses[1 - target.end], state, none])
            receiving.append(["receive", wire.nodes[target.end], wire.addresses[target.end], state, none])
    return Table(columns, rows + receiving)


def _groups(array: ThreePar, names: list[str], detailed: bool, style: Style) -> list[str]:
    for name in names:
        if name not in array.groups:
            raise ArrayError(Why.NON_EXISTENT_RCOPY_GROUP, name)
    out: list[str] = []
    for name, (group, side) in sorted(array.groups.items()):
        if names and name not in names:
            continue
        group.carry(array.world.now)
        table = _group_table(group, side, detailed)
        lines = table.lines(style)
        if style.csv and not style.bare:  # the header cells of a group are padded in CSV
            lines[0] = ",".join(c.name.ljust(len(v)) for c, v in zip(table.columns, table.rows[0], strict=True))
        out += lines
        if group.members:
            out += _volume_table(group, side, detailed).lines(style)
        if not style.bare:
            out.append("")
    return out


def _group_table(group: Group, side: Side, detailed: bool) -> Table:
    options = _options(group, side, detailed)
    row = [side.name, side.target.name, side.status.value, side.role.value, group.mode.value, options]
    columns = [*_GROUP, Column("Mode", width=8), Column("Options")]
    if detailed:
        other = group.other(side)
        row[1:1] = [str(side.id)]
        row[6:6] = [side.local_cpg or "-", other.local_cpg or "-"]
        columns = [*_GROUP_D, Column("Mode", width=8), Column("LocalUserCpg"), Column("RmUserCpg"), Column("Options")]
    return Table(columns, [row])


def _options(group: Group, side: Side, detailed: bool) -> str:
    parts = []
    if group.mode is RcgMode.PERIODIC:
        last = group_last_sync(group, side)
        if last is not None and not detailed:
            parts.append(f"Last-Sync {stamp(side.array, last)}")
        if group.period_s is not None:
            parts.append(f"Period {period_text(group.period_s)}")
    return ",".join(parts + sorted(group.policies)).replace(",Period", ", Period")


def _volume_table(group: Group, side: Side, detailed: bool) -> Table:
    columns = _VOLUME_D if detailed else [*_VOLUME, Column("LastSyncTime")]
    rows = []
    for member in group.members:
        here, there = member.copies[side.end], member.copies[1 - side.end]
        row = [here.volume.name, str(here.volume.id), there.volume.name, str(there.volume.id)]
        row.append(_sync_text(group, side, member))
        if detailed:
            row += ["none", "none", f"{side.array.who.system_id}/1", "NA", "NA"]
        last = here.last_sync
        row.append("NA" if last is None else stamp(side.array, last))
        if detailed:
            row += ["-", "-"]
        rows.append(row)
    return Table(columns, rows, indent=2)


def _sync_text(group: Group, side: Side, member: Member) -> str:
    status = member.copies[side.end].status
    percent = member.percent(group.world.now)
    if status is SyncStatus.SYNCING and percent is not None and side.status is RcgStatus.STARTED:
        return f"Syncing ({percent}%)"
    return status.value


def group_last_sync(group: Group, side: Side) -> float | None:
    """The oldest point in time of its volumes, virtual seconds; None while any has none."""
    times = [m.copies[side.end].last_sync for m in group.members]
    known = [t for t in times if t is not None]
    return min(known) if known and len(known) == len(times) else None


def stamp(array: ThreePar, when: float) -> str:
    """``2026-03-14 02:15:31 CET`` in the array's own zone."""
    return array.local_time(when).strftime("%Y-%m-%d %H:%M:%S %Z")


def period_text(seconds: int) -> str:
    """Seconds as the array shortens them: 5m, 1h, 2d, 90s."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
