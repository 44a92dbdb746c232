"""Whether an LPAR could come back at the recovery site now: each check of procedures 3.3, once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from app.recovery.pra import addresses, failover_checks
from app.recovery.pra.align import align
from app.recovery.pra.align_definition import ports_lacking
from app.recovery.pra.align_hosts import host_of
from app.recovery.pra.alignment import AddServer, Aligned, Connect, Define, MapPort, PairVolume, Redefine
from app.recovery.pra.failover_checks import Guards
from app.recovery.pra.golden import UndefinableError, golden, next_profile, ports_to_keep
from app.recovery.pra.members import members
from app.recovery.pra.situation import ArrayNow, HmcNow, Pair, PraNow, SideNow, wwpns
from app.recovery.pra.volumes import Copy, copies
from store.estate import Lpar, LparState, ProtectionGroup
from store.readiness import Check, Readiness, Severity, Verdict, sorted_checks
from store.turns import paced

HARD, BLOCK, WARN = Severity.HARD, Severity.BLOCK, Severity.WARN
ALIGN = "drdeck pra shows what is lacking, drdeck pra --apply adds it"
BOOT_PATHS = 5
SKEW_WARN_S, SKEW_BLOCK_S = 5.0, 60.0


class _Found(Struct):
    """The checks of one LPAR so far."""

    checks: list[Check] = field(default_factory=list)

    def add(self, check: str, severity: Severity, wrong: Iterable[str], good: str, fix: str = "") -> None:
        """It fails where something is ``wrong``."""
        reasons = list(dict.fromkeys(wrong))
        more = f"; and {len(reasons) - 2} more" if len(reasons) > 2 else ""
        verdict = Verdict.FAILS if reasons else Verdict.HOLDS
        evidence = "; ".join(reasons[:2]) + more if reasons else good
        self.checks.append(Check(check, severity, verdict, evidence, fix if reasons else ""))

    def unknown(self, check: str, severity: Severity, why: str) -> None:
        self.checks.append(Check(check, severity, Verdict.UNKNOWN, why, "make it readable"))


def check(now: PraNow, drilled: Mapping[str, datetime] | None = None) -> tuple[Readiness, ...]:
    """One for each protected LPAR. ``drilled`` says when each last answered in a drill (UTC)."""
    aligned = {each.lpar: each for each in align(now)}
    shared = _shared(now)
    live = addresses.live((*now.nominal.lpars, *now.recovery.lpars))
    found = []
    for pair in paced(now.pairs):
        checks = [*_one(now, pair, aligned[pair.name], live, drilled or {}), *shared]
        found.append(Readiness(pair.name, now.now, sorted_checks(checks)))
    return tuple(found)


def _one(
    now: PraNow, pair: Pair, aligned: Aligned, live: Mapping[str, list[Lpar]], drilled: Mapping[str, datetime]
) -> list[Check]:
    found = _Found()
    home = pair.home
    if home is None:
        return found.checks
    _own_wwpns(now, pair, home, found)
    _zoning(now, home, found)
    _definition(now, pair, home, aligned, found)
    _storage(now, home, aligned, found)
    _networks(pair, home, live, found)
    _boot(now, pair, home, drilled.get(pair.name), found)
    return found.checks


def _boot(now: PraNow, pair: Pair, home: Lpar, last: datetime | None, found: _Found) -> None:
    """Whether it booted there in a drill, and whether firmware's list of boot devices holds every path of its disks."""
    wrong = [] if last is not None else ["it never answered in a drill"]
    fix = f"drdeck lpar drill {pair.name}"
    for array in now.nominal.arrays:
        paths = sum(array.paths.get(wwpn, 0) for wwpn in wwpns(home))
        if paths > BOOT_PATHS:
            wrong.append(f"its disks on {array.device} have {paths} paths, and firmware's boot list holds {BOOT_PATHS}")
            fix = "zone fewer ports to it: a boot over more paths can hang" if last is not None else fix
    found.add("pwr.boot", WARN, wrong, f"last drilled {last:%Y-%m-%d}" if last is not None else "", fix)


def _own_wwpns(now: PraNow, pair: Pair, home: Lpar, found: _Found) -> None:
    """What runs against what the next activation gives, and the hosts of both sites."""
    given = next_profile(home)
    fix = f"save the running configuration into the profile: mksyscfg -r prof -o save -p {home.name}"
    if {"fc", "profiles"} & set(home.unread):
        found.unknown("pwr.wwpn-profile", BLOCK, f"not all WWPNs of {home.name} could be read")
    elif home.state is not LparState.NOT_ACTIVATED and given is not None:
        running = {w for a in home.fc for w in a.wwpns}
        kept = {w for a in given.fc for w in a.wwpns}
        wrong = [f"{w} runs and is not in the profile" for w in sorted(running - kept)]
        found.add("pwr.wwpn-profile", BLOCK, wrong, f"{len(running)} WWPNs", fix)
    lacking, twice, seen = [], [], 0
    for side, lpar in ((now.nominal, home), (now.recovery, pair.partner)):
        for array in side.arrays if lpar is not None else ():
            if lpar is None or not array.whole:
                continue
            host = host_of(lpar, array, now.pra, now.owners[side.site])
            mine = set(wwpns(lpar))
            lacking += [f"{w} of {lpar.name} is on no host of {array.device}" for w in mine if w not in array.by_wwpn]
            others = {array.by_wwpn[w].name for w in mine if w in array.by_wwpn} - {host.name if host else ""}
            twice += [f"the host {name} on {array.device} holds WWPNs of {lpar.name}" for name in sorted(others)]
            seen += 1
    found.add("pwr.wwpn-both", BLOCK, sorted(lacking), f"on the hosts of {seen} arrays", ALIGN)
    found.add("pwr.wwpn-unique", HARD, twice, "on no other host", "take them from the wrong host by hand")


def _zoning(now: PraNow, home: Lpar, found: _Found) -> None:
    """As far as the HMC shows it: the port that carries a running adapter is logged in. Of a definition that
    does not run it shows nothing; a drill does (pwr.boot)."""
    if home.state is not LparState.RUNNING:
        return
    wrong, good = [], 0
    for adapter in home.fc:
        vios = now.nominal.vios.get((home.system_key, adapter.remote_lpar_name))
        maps = [each for each in vios.npiv if each.slot == adapter.remote_slot] if vios is not None else []
        for each in maps:
            good += each.status == "LOGGED_IN"
            words = f"{each.vfchost} of {adapter.remote_lpar_name}, behind slot {adapter.slot}, is {each.status}"
            wrong += [words] if each.status != "LOGGED_IN" else []
    if good or wrong:
        fix = "see its zoning: half of its paths are lost"
        found.add("pwr.zoned", WARN, wrong, f"{good} ports of {home.name} are logged in to the fabric", fix)


def _definition(now: PraNow, pair: Pair, home: Lpar, aligned: Aligned, found: _Found) -> None:
    partner = pair.partner
    if partner is None and not now.recovery.whole:
        found.unknown("pwr.golden", BLOCK, f"not everything at {now.recovery.site} could be read")
        return
    wrong = [finding.words for finding in aligned.findings if finding.check == "pwr.golden"]
    for act in aligned.acts:
        if isinstance(act, Define):
            wrong.append(f"it is not defined at {now.recovery.site}")
        elif isinstance(act, Redefine):
            wrong += [f"{d.field} is {d.found}, to be {d.wanted}" for d in act.differences]
    found.add("pwr.golden", BLOCK, wrong, "the definition is as it is to be", ALIGN)
    behind = [f.words for f in aligned.findings if f.check == "pwr.vios"]
    behind += [f"slot {a.slot} of {a.vios} is not ready" for a in aligned.acts if isinstance(a, AddServer | MapPort)]
    found.add("pwr.vios", BLOCK, behind, "the VIOS adapters behind it are there and mapped", ALIGN)
    given = next_profile(partner) if partner is not None else None
    if partner is None or given is None:
        return
    _macs(now, pair, home, partner, found)
    starts = [f"{partner.name} at {now.recovery.site} starts by itself"] if given.auto_start else []
    found.add("pwr.auto-start", BLOCK, starts, "off", ALIGN)
    on = [] if partner.state is LparState.NOT_ACTIVATED else [f"it is {partner.state} at {now.recovery.site}"]
    found.add("pwr.free", BLOCK, on, "Not Activated there", "end the drill, or see who started it")


def _macs(now: PraNow, pair: Pair, home: Lpar, partner: Lpar, found: _Found) -> None:
    if pair.where is None or {"eth", "ports"} & set(home.unread):
        found.unknown("pwr.mac-kept", BLOCK, f"not all MACs of {home.name} could be read")
        return
    try:
        wanted = {a.slot: a.mac for a in golden(home, pair.where, now.pra.policy(home.name)).eth}
    except UndefinableError as error:
        found.unknown("pwr.mac-kept", BLOCK, str(error))
        return
    given = next_profile(partner)
    have = {a.slot: a.mac for a in given.eth} if given is not None else {}
    wrong = [f"slot {slot} has {have.get(slot)}, to be {mac}" for slot, mac in wanted.items() if have.get(slot) != mac]
    by_hand = ports_lacking(home, partner, now.recovery.site)
    kept = {*wanted.values(), *(mac for _, mac in ports_to_keep(home))}
    fix = ALIGN if wrong else f"give {partner.name} at {now.recovery.site} a port with that MAC by hand"
    found.add("pwr.mac-kept", BLOCK, [*wrong, *by_hand], ", ".join(sorted(mac for mac in kept if mac)), fix)


# ------------------------------------------------------------------------------------------------------------ storage


def _storage(now: PraNow, home: Lpar, aligned: Aligned, found: _Found) -> None:
    if any(not array.whole for array in (*now.nominal.arrays, *now.recovery.arrays)):
        found.unknown("fa.member", HARD, "not every array could be read in full")
        return
    every = copies(now, home)
    outside = [each.why or "" for each in every if each.group is None]
    outside += [] if every else ["no array shows it a volume"]
    found.add("fa.member", HARD, outside, f"{len(every)} volumes", "add the volume to one protection group")
    lacking = [each.why for each in every if each.group is not None and each.why is not None]
    newest = sorted({each.newest.name for each in every if each.newest is not None})
    found.add("fa.complete", HARD, lacking, ", ".join(newest), "see the transfers of its protection group")
    wrong = [finding.words for finding in aligned.findings if finding.check == "fa.paired"]
    wrong += [f"{a.volume} has no tag of its source" for a in aligned.acts if isinstance(a, PairVolume)]
    wrong += [f"{a.volume} is not connected to {a.host}" for a in aligned.acts if isinstance(a, Connect)]
    found.add("fa.paired", HARD, wrong, "each volume has its copy, tagged and connected", ALIGN)
    names = [finding.words for finding in aligned.findings if finding.check == "fa.naming"]
    found.add("fa.naming", WARN, names, "names as they are to be", "rename it by hand")
    _age(now, every, found)
    _targets(every, found)
    _retention(now, every, found)


def _age(now: PraNow, every: Iterable[Copy], found: _Found) -> None:
    """The newest complete copy against what its schedule promises: an interval, and the time of its transfer."""
    late, ages = [], []
    for each in every:
        schedule = each.group.replication if each.group is not None else None
        if each.newest is None or each.group is None:
            continue
        age = now.now - each.newest.created
        ages.append(age)
        if schedule is None or not schedule.enabled or not schedule.frequency_s:
            late.append(f"the replication schedule of {each.group.name} is off")
            continue
        took = _took(each.group)
        if age > timedelta(seconds=schedule.frequency_s + took) * 1.25:
            every_s = timedelta(seconds=schedule.frequency_s)
            late.append(f"{each.newest.name} is {_span(age)} old, one is due every {_span(every_s)}")
        if took > 0.8 * schedule.frequency_s:
            late.append(f"a transfer of {each.group.name} takes {took:.0f} s of every {schedule.frequency_s} s")
    oldest = max(ages, default=timedelta())
    found.add("fa.rpo", BLOCK, late, f"the oldest copy is {_span(oldest)} old", "see the schedule and the transfers")


def _took(group: ProtectionGroup) -> float:
    """The longest of its transfers that are known, in seconds."""
    spans = [(s.completed - s.started).total_seconds() for s in group.snapshots if s.completed and s.started]
    return max(spans, default=0.0)


def _span(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _targets(every: Iterable[Copy], found: _Found) -> None:
    wrong = []
    for each in every:
        if each.group is None or each.there is None or each.there.itself is None:
            continue
        name = each.there.itself.name
        target = next((t for t in each.group.targets if t.name == name), None)
        if target is not None and not target.allowed:
            wrong.append(f"{name} does not allow {each.group.name}")
        if target is not None and target.status not in (None, "replicating"):
            wrong.append(f"{each.group.name} to {name} is {target.status}")
        home = each.home.itself
        link = next((c for c in home.connections if c.remote == name), None) if home is not None else None
        if link is None or link.status != "connected":
            wrong.append(f"the connection to {name} is {'not there' if link is None else link.status}")
    found.add("fa.target", BLOCK, wrong, "allowed, connected", "see the array connection and its target")


def _retention(now: PraNow, every: Iterable[Copy], found: _Found) -> None:
    """The target goes on expiring copies after the source died: the last good one has to outlive the outage, and the
    time until somebody decides."""
    wrong, good = [], []
    for group in {each.group.name: each.group for each in every if each.group is not None}.values():
        kept = group.target_retention
        if kept is None or kept.all_for_s is None:
            wrong.append(f"how long the target keeps copies of {group.name} is not known")
        elif kept.all_for_s < now.pra.outage_s:
            there, needed = timedelta(seconds=kept.all_for_s), timedelta(seconds=now.pra.outage_s)
            wrong.append(
                f"the target keeps every copy of {group.name} for {_span(there)}, an outage may take {_span(needed)}"
            )
        else:
            good.append(f"{group.name} for {_span(timedelta(seconds=kept.all_for_s))}")
        if group.retention_lock is None:
            wrong.append(f"whether SafeMode locks copies of {group.name} is not known")
    fix = "lengthen the retention on the target, or say in [pra] outage how long one may take"
    found.add("fa.retention", WARN, wrong, ", ".join(good) or "no group", fix)


# ------------------------------------------------------------------------------------------------------------- shared


def _networks(pair: Pair, home: Lpar, live: Mapping[str, list[Lpar]], found: _Found) -> None:
    """Nobody else has its MACs live now. ``live`` are the LPARs that are up, by each of their addresses."""
    partner = pair.partner
    if partner is None:
        return
    wrong = addresses.clashes(partner, live, frozenset({home.key}))
    found.add("pwr.mac-live", HARD, wrong, "its addresses are live nowhere else", "find out who else has them")


def _shared(now: PraNow) -> list[Check]:
    """What concerns all of them: room for the sum, clocks, what could not be read."""
    found = _Found()
    guards = Guards([])
    partners = [pair.name for pair in now.pairs if pair.partner is not None]
    if partners:
        failover_checks.room(now, members(now, partners), guards)
        wrong = [guard.evidence for guard in guards.found if not guard.holds]
        found.add("pwr.capacity", BLOCK, wrong, guards.found[-1].evidence, "free memory or processors there")
    _space(now, found)
    skews = defaultdict(list)
    for side in (now.nominal, now.recovery):
        for device in _devices(side):
            skew = device.reading.clock_skew_s if device.reading is not None else None
            if skew is not None and abs(skew) >= SKEW_WARN_S:
                bad = BLOCK if abs(skew) >= SKEW_BLOCK_S else WARN
                skews[bad].append(f"the clock of {device.device} is {skew:g} s off")
    severity = BLOCK if skews[BLOCK] else WARN
    found.add("dev.clock", severity, [*skews[BLOCK], *skews[WARN]], "clocks agree", "set the clock by NTP")
    unread = [f"{d.device}: {d.failure}" for s in (now.nominal, now.recovery) for d in _devices(s) if d.reading is None]
    if unread:
        found.unknown("dev.read", BLOCK, "; ".join(unread[:2]))
    return found.checks


def _devices(side: SideNow) -> list[HmcNow | ArrayNow]:
    return [*side.hmcs, *side.arrays]


def _space(now: PraNow, found: _Found) -> None:
    """Room on each array there for all that a failover keeps: in the worst case as much as is overwritten."""
    needed: dict[str, int] = defaultdict(int)
    for pair in now.pairs:
        for each in copies(now, pair.home) if pair.home is not None else ():
            if each.there is not None and each.copy is not None:
                needed[each.there.device] += each.copy.provisioned
    wrong: list[str] = []
    good: list[str] = []
    for array in now.recovery.arrays:
        itself, worst = array.itself, needed.get(array.device, 0)
        if not worst or itself is None or itself.capacity is None or itself.used is None:
            continue
        free = itself.capacity - itself.used
        words = f"{array.device}: {free >> 30} GiB free, {worst >> 30} GiB in the worst case"
        (good if free >= worst else wrong).append(words)
    found.add("fa.space", BLOCK, wrong, "; ".join(good) or "not known", "free space on the array")
