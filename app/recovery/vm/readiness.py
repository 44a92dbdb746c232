"""Whether a replicated VM could be failed over now: each check of procedures 5.2 and what else it rests on, once. Pure.

The guards of a failover and the arming of an automatic one go by the same checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from msgspec import Struct, field

from app.recovery.pra.readiness import SKEW_BLOCK_S, SKEW_WARN_S
from app.recovery.vm import capacity
from app.recovery.vm.capacity import Landing, Room, landing, rooms
from app.recovery.vm.pass_plan import orphans
from app.recovery.vm.situation import ROOM, SideNow, VmNow, networked
from backends.vsphere.looks import Card
from store.estate import PowerState
from store.readiness import Check, Readiness, Severity, Verdict, sorted_checks

HARD, BLOCK, WARN = Severity.HARD, Severity.BLOCK, Severity.WARN
ON, OFF = PowerState.ON, PowerState.OFF
SLACK = 1.25
FULL = 0.8
"""A pass that takes more than this share of its interval is warned of (procedures 2.2)."""
OLD_SNAPSHOT, EXPIRES = timedelta(hours=72), timedelta(days=14)
MACHINES = "RetrievePropertiesEx of VirtualMachine"
HOSTS, LICENCES = "RetrievePropertiesEx of HostSystem", "LicenseManager.licenses"


class _Found(Struct):
    """The checks of one VM so far. Each says what is to hold; it fails where something is ``wrong``."""

    checks: list[Check] = field(default_factory=list)

    def add(
        self, id: str, severity: Severity, words: str, wrong: Iterable[str], good: str, fix: str, side: SideNow,
        source: str = MACHINES,
    ) -> None:  # fmt: skip
        reasons = list(dict.fromkeys(wrong))
        more = f"; and {len(reasons) - 2} more" if len(reasons) > 2 else ""
        verdict = Verdict.FAILS if reasons else Verdict.HOLDS
        evidence = "; ".join(reasons[:2]) + more if reasons else good
        self._keep(id, severity, verdict, evidence, fix if reasons else "", words, side, source)

    def unknown(self, id: str, severity: Severity, words: str, why: str, side: SideNow, source: str = MACHINES) -> None:
        self._keep(id, severity, Verdict.UNKNOWN, why, f"make {side.device} readable", words, side, source)

    def _keep(
        self, id: str, severity: Severity, verdict: Verdict, evidence: str, fix: str, words: str, side: SideNow,
        source: str,
    ) -> None:  # fmt: skip
        where = f"{source} on {side.device}"
        self.checks.append(Check(id, severity, verdict, evidence, fix, words, where, side.taken_at))


def check(members: Sequence[VmNow]) -> tuple[Readiness, ...]:
    """One for each replication, with room for all of them together."""
    found = rooms(members)
    return tuple(_one(at, found.get(at.name)) for at in members)


def _one(at: VmNow, room: Room | None) -> Readiness:
    found = _Found()
    if not at.target.read:
        found.unknown("vm.target", HARD, f"{at.target.device} shows the copies", at.target.failure, at.target)
    else:
        _copies(at, found)
        _landing(at, room, found)
        _networks(at, found)
    _source(at, found)
    for side in dict.fromkeys((at.source.device, at.target.device)):
        _server(at.source if side == at.source.device else at.target, found)
    return Readiness(at.name, at.now, sorted_checks(found.checks))


# ------------------------------------------------------------------------------------------------------------- copies


def _copies(at: VmNow, found: _Found) -> None:
    """That there is a complete copy, off, in time and of the shape of its source."""
    add, side, replicate = found.add, at.target, f"drdeck vm replicate {at.name}"
    words = "the marks of all its copies can be understood"
    add("vm.target", HARD, words, at.strange, f"{len(at.generations)} copies", "see its copies", side)
    newest = at.complete[0] if at.complete else None
    lacking = [] if newest is not None else [f"{len(at.generations)} copies, none complete and verified"]
    frozen = "" if newest is None else f"{newest.machine.name} of {newest.replica.point_in_time:%Y-%m-%d %H:%M:%S} UTC"
    add("vm.complete", HARD, "a complete and verified copy is there", lacking, frozen, replicate, side)
    running = [f"{g.machine.name} is {g.machine.power}" for g in at.generations if g.machine.power is not OFF]
    drills = {g.machine.name for g in at.generations if g.in_drill is not None}
    drilled = [words for words in running if words.split(" ")[0] in drills]
    fix = "drdeck vm cleanup RUN" if drilled else "find out who started it: it is never stopped by itself"
    add("vm.replica-off", BLOCK, "every copy is powered off", running, "all are off", fix, side)
    active = at.active
    over = [] if active is None else [f"{active.machine.name} is the active side, or runs"]
    over += [at.standing.held] if at.standing.held is not None and at.standing.failed_over is not None else []
    fix = f"drdeck vm failback {at.name}, or undo"
    add("vm.direction", HARD, "it is not failed over", over, "it serves at its source", fix, side)
    owed = [f"the drill {run} is not cleaned up" for run in at.standing.owed]
    owed += ["the drill of its plan is not cleaned up" for _ in at.standing.of_plans]
    fix = next((f"drdeck {order}" for order in at.standing.of_plans), "drdeck vm cleanup RUN")
    add("vm.drill", BLOCK, "no drill is left over", owed, "none is", fix, side)
    _rpo(at, found, replicate)
    _shape(at, found, replicate)


def _rpo(at: VmNow, found: _Found, replicate: str) -> None:
    age, took = at.age_s, at.standing.took[0] if at.standing.took else 0.0
    late = []
    if age is None:
        late.append("there is no copy")
    elif age > at.promised_s * SLACK:
        late.append(f"the newest copy is {_span(age)} old, one is due every {_span(at.replication.interval_s)}")
    if at.standing.paused is not None:
        late.append(f"no pass begins: it was paused by run {at.standing.paused}")
    if took >= at.replication.interval_s:
        late.append(f"a pass takes {_span(took)}, longer than its interval: the age of the copy grows without end")
    good = "" if age is None else f"{_span(age)} old, at most {_span(at.promised_s)} are promised"
    words = "the newest copy is within its interval"
    found.add("vm.rpo", BLOCK, words, late, good, replicate, at.target, "its marks, and the passes of this store")
    long = [f"a pass takes {_span(took)} of every {_span(at.replication.interval_s)}"]
    wrong = long if FULL * at.replication.interval_s < took < at.replication.interval_s else []
    words = "a pass fits in its interval with room to spare"
    fix = "lengthen interval in [[replications]]"
    found.add("vm.pass", WARN, words, wrong, f"the last took {_span(took)}", fix, at.target, "the passes of this store")


def _shape(at: VmNow, found: _Found, replicate: str) -> None:
    """The newest copy against its source as it is now."""
    vm, newest = at.vm, at.complete[0].machine if at.complete else None
    if vm is None or newest is None:
        return
    sizes = tuple(disk.capacity for disk in vm.disks), tuple(disk.capacity for disk in newest.disks)
    pairs = (
        ("processors", vm.cpus, newest.cpus),
        ("MB of memory", vm.memory_mb, newest.memory_mb),
        ("network cards", len(vm.cards), len(newest.cards)),
    )
    wrong = [f"it has {mine} {what}, its copy {other}" for what, mine, other in pairs if mine != other]
    wrong += ["its disks are not of the sizes of those of its copy"] if sizes[0] != sizes[1] else []
    words = "the newest copy is of the shape of its source"
    found.add("vm.config-hash", BLOCK, words, wrong, "processors, memory, disks and cards agree", replicate, at.target)


# ------------------------------------------------------------------------------------------------------ where it lands


def _landing(at: VmNow, room: Room | None, found: _Found) -> None:
    where, places = landing(at), at.target.places
    assert places is not None
    found.checks += landing_checks(at, room)
    store = next((s for s in places.stores if s.name == at.replication.datastore), None)
    if at.vm is not None and store is not None:
        wanted = int(at.vm.size * ROOM)
        lacking = f"{store.free >> 30} GiB are free on {store.name}, the next full pass wants {wanted >> 30} GiB"
        words = "there is room for the next full pass"
        fix = f"free space on {store.name}"
        source = "Datastore summary.freeSpace"
        found.add("vm.space", BLOCK, words, [lacking] if wanted > store.free else [], lacking, fix, at.target, source)
    found.checks.append(isolation(at, where))


def landing_checks(at: VmNow, room: Room | None) -> tuple[Check, ...]:
    """What a failover asks of the server that it starts the copy on: host, hardware version, room, addresses."""
    found = _Found()
    where = landing(at)
    if where is None or at.target.places is None:
        found.unknown("vm.host", BLOCK, "a host is there to run it", "nothing says where it would run", at.target)
        return tuple(found.checks)
    _host(at, where, found)
    _hardware(at, where, found)
    _room(at, room, found)
    _macs(at, found)
    return tuple(found.checks)


def _host(at: VmNow, where: Landing, found: _Found) -> None:
    assert at.target.places is not None
    host = next((h for h in at.target.places.hosts if h.moid == where.host), None)
    wrong = []
    if host is None:
        wrong.append(f"{at.target.device} shows no host for it")
    elif host.connection != "connected":
        wrong.append(f"{host.name} is {host.connection}")
    elif host.in_maintenance:
        wrong.append(f"{host.name} is in maintenance")
    elif where.store is not None and where.store not in host.datastores:
        wrong.append(f"{host.name} does not have the datastore of its copy")
    store = next((s for s in at.target.places.stores if s.moid == where.store), None)
    wrong += [f"the datastore {store.name} is not accessible"] if store is not None and not store.accessible else []
    words = "its host there is connected, not in maintenance, and has its datastore"
    good = host.name if host is not None else ""
    found.add("vm.host", BLOCK, words, wrong, good, "bring that host back, or name another one", at.target, HOSTS)


def _hardware(at: VmNow, where: Landing, found: _Found) -> None:
    words, source = "its host there runs its hardware version", "QueryConfigOptionDescriptor"
    version = at.vm.version if at.vm is not None and at.vm.version else where.version
    ground = at.target.ground.host(where.host) if at.target.ground is not None else None
    if not version or ground is None or ground.versions is None:
        why = f"{at.target.device} does not say which hardware versions it runs"
        found.unknown("vm.hardware", BLOCK, words, why, at.target, source)
        return
    newest = max(ground.versions, key=_number_of, default="none")
    wrong = [f"it is {version}, the newest there is {newest}"] if version not in ground.versions else []
    fix = "upgrade the host there: a machine's hardware version cannot be lowered"
    found.add("vm.hardware", BLOCK, words, wrong, version, fix, at.target, source)


def _number_of(version: str) -> int:
    number = version.removeprefix("vmx-")
    return int(number) if number.isascii() and number.isdigit() else 0


def _room(at: VmNow, room: Room | None, found: _Found) -> None:
    words = "its host there could start it together with all others"
    if room is None:
        return
    if room.unknown and not room.refused:
        found.unknown("vm.capacity", BLOCK, words, room.unknown[0], at.target, HOSTS)
        return
    fix = "free memory or space there, or spread the copies over hosts: host in [[replications]]"
    found.add("vm.capacity", BLOCK, words, room.refused, room.good, fix, at.target, HOSTS)
    words = f"no more memory is given away than there is, and at most {capacity.PER_CORE} processors a core"
    found.add("vm.overcommit", WARN, words, room.warned, room.good, fix, at.target, HOSTS)


def cards_of(at: VmNow) -> tuple[Card, ...]:
    """The network cards that it is to have there: what its newest copy keeps of them, else those of its source."""
    kept = at.complete[0].cards if at.complete else None
    return kept or (at.vm.cards if at.vm is not None else ())


def _macs(at: VmNow, found: _Found) -> None:
    """None of its addresses is live there in another machine; what is live in its source is its own."""
    mine = {card.mac for card in cards_of(at)}
    own = {g.machine.moid for g in at.generations}
    own |= {at.vm.moid} if at.vm is not None and at.source.device == at.target.device else set()
    wrong = [
        f"{mac} is live in {other.name}"
        for other in at.target.machines or ()
        if other.moid not in own
        for mac in other.live_macs
        if mac in mine
    ]
    words, good = "none of its MACs is live there", ", ".join(sorted(mine)) or "it has no cards"
    found.add("vm.mac-live", HARD, words, wrong, good, "find out who else has it", at.target)


def _networks(at: VmNow, found: _Found) -> None:
    assert at.target.places is not None
    where = landing(at)
    wanted = networked(at.target.places, where.host if where else None, cards_of(at), at.replication.networks)
    wrong = [wanted] if isinstance(wanted, str) else []
    good = ", ".join(dict.fromkeys(name for _, name, _, _ in wanted)) if not isinstance(wanted, str) else ""
    words = "every port group of its network map is there"
    fix = "make it there, or name another one: networks in [[replications]]"
    found.add("vm.portgroup-map", BLOCK, words, wrong, good or "it has no cards", fix, at.target, HOSTS)


def isolation(at: VmNow, where: Landing | None) -> Check:
    """Whether the port group for drills is there, on the host of the copy, and leaves it by no adapter: what has an
    uplink is no bubble."""
    found, name = _Found(), at.replication.drill_network
    words, fix = "drills have a port group that leaves its host by no adapter", "name one: drill_network"
    ground = at.target.ground.host(where.host) if at.target.ground is not None and where is not None else None
    if name is None:
        found.add("vm.isolated", WARN, words, ["[[replications]] names none"], "", fix, at.target, HOSTS)
    elif at.target.places is not None and name not in {known for _, known in at.target.places.networks}:
        found.add("vm.isolated", WARN, words, [f"{at.target.device} has no {name}"], "", fix, at.target, HOSTS)
    elif ground is None or name not in ground.uplinks:
        why = f"the uplinks of {name} are not known: only those of a host's own switches can be read"
        found.unknown("vm.isolated", WARN, words, why, at.target, HOSTS)
    else:
        count = ground.uplinks[name]
        wrong = [f"the switch of {name} has {count} physical adapter{'s' if count > 1 else ''}"] if count else []
        fix = "put it on a switch without adapters: a drill on it would be a second production"
        found.add("vm.isolated", BLOCK, words, wrong, f"{name}: none", fix, at.target, HOSTS)
    return found.checks[0]


# ------------------------------------------------------------------------------------------------------------- source


def _source(at: VmNow, found: _Found) -> None:
    vm, side, one = at.vm, at.source, at.replication
    words = f"{side.device} shows {one.vm}"
    if vm is None:
        if side.read:
            found.add("vm.source", BLOCK, words, [at.missing], "", "see vm in [[replications]]", side)
        else:
            found.unknown("vm.source", BLOCK, words, at.missing, side)
        return
    wrong = [] if vm.connection == "connected" else [f"it is {vm.connection}"]
    found.add("vm.source", BLOCK, words, wrong, f"{vm.power}", "see its host", side)
    free = [f"disk {disk.key} is independent: no snapshot holds it" for disk in vm.disks if disk.independent]
    fix = "make its mode dependent"
    found.add("vm.disks", BLOCK, "a snapshot holds all its disks", free, f"{len(vm.disks)} disks", fix, side)
    wrong = ["its disks need to be consolidated"] if vm.consolidation else []
    found.add("vm.consolidate", BLOCK, "no disk needs to be consolidated", wrong, "none does", "consolidate them", side)
    left = [f"{name} was left by a pass" for name in orphans(at, vm)]
    left += [f"{s.name} is older than 72 h" for s in vm.snapshots if at.now - s.created > OLD_SNAPSHOT]
    words, fix = "no snapshot is left over on the source", "remove it: its datastore fills up behind it"
    found.add("vm.orphan-snap", WARN, words, left, f"{len(vm.snapshots)} snapshots", fix, side)
    wrong = (
        ["its Tools do not run: it can be neither quiesced nor shut down"] if vm.power is ON and not vm.tools else []
    )
    found.add(
        "vm.tools", WARN, "its Tools run", wrong, "they do" if vm.tools else f"it is {vm.power}", "see them", side
    )
    _auto_start(at, found)


def _auto_start(at: VmNow, found: _Found) -> None:
    """A host that returns after a disaster starts what it is told to, beside the replica that serves by then."""
    vm, words = at.vm, "no host starts the source by itself"
    assert vm is not None
    ground = at.source.ground
    starts = [host.starts for host in ground.hosts] if ground is not None else []
    if ground is None or None in starts:
        why = f"{at.source.device} does not say what its hosts start by themselves"
        found.unknown("vm.auto-start", WARN, words, why, at.source, HOSTS)
        return
    on = any(vm.moid in each for each in starts if each is not None)
    wrong = ["its host starts it: after a disaster both sides would run"] if on else []
    fix = "take it off the auto-start of its host"
    found.add("vm.auto-start", WARN, words, wrong, "none does", fix, at.source, HOSTS)


# ------------------------------------------------------------------------------------------------------------- servers


def _server(side: SideNow, found: _Found) -> None:
    """The licence and the clock of a server."""
    if side.ground is None:
        return
    licences = side.ground.licences
    words = f"the licence of {side.device} lets its interface write"
    free = [f"{one.name} ({one.edition}) only reads" for one in licences or () if one.free]
    over = [
        f"{one.name} ended on {one.expires:%Y-%m-%d}"
        for one in licences or ()
        if one.expires is not None and side.taken_at is not None and one.expires <= side.taken_at
    ]
    good = "a vCenter" if licences is None else ", ".join(one.name for one in licences)
    fix = "give the host a licence: a free one takes no order"
    if licences == ():
        why = f"{side.device} says no licence: reading it takes the privilege Global.Licenses"
        found.unknown("vm.licence", WARN, words, why, side, LICENCES)
    else:
        found.add("vm.licence", BLOCK, words, [*free, *over], good, fix, side, LICENCES)
    soon = [
        f"{one.name} ends on {one.expires:%Y-%m-%d}"
        for one in licences or ()
        if one.expires is not None
        and side.taken_at is not None
        and side.taken_at < one.expires < side.taken_at + EXPIRES
    ]
    if soon:
        words = f"the licence of {side.device} does not end soon"
        found.add("vm.licence-ends", WARN, words, soon, "", fix, side, LICENCES)
    skew = side.ground.skew_s
    severity = BLOCK if abs(skew) >= SKEW_BLOCK_S else WARN
    wrong = [f"it is {skew:g} s off"] if abs(skew) >= SKEW_WARN_S else []
    words = f"the clock of {side.device} agrees with this one"
    found.add("vm.clock", severity, words, wrong, f"{skew:g} s", "set it by NTP", side, "CurrentTime")


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
