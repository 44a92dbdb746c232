"""Aligning estates that are broken at random, and one of a thousand LPARs that is right: ``make long`` prints counts.

Afterwards both arrays' hosts must hold exactly the WWPNs of every LPAR of which nothing is reported, and show it all of
its copies; no WWPN may have changed its host; a second look must find nothing to do; the referee must have seen no
violation since.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations, new_run_id
from app.recovery.pra.alignment import Aligned
from app.recovery.pra.operate import configured, look, plan_align
from app.recovery.runner import Runner
from app.settings import load
from backends.lab.flasharray.objects import Disk
from backends.lab.hmc import power
from backends.lab.hmc.model import LabLpar
from backends.lab.hmc.state import switch_on
from store.database import open_store
from store.ledger import Ledger
from store.runs import Plan, Run, RunState
from tests.faults.pra_estate import FIRST_LUN, Guest, PraEstate, Side, Staged, lower, pra_estate

PACE = Pace(poll_s=0.02, lost_s=1.6, margin_s=2.0, busy_s=0.1, retries=3)
MOST_PASSES = 4


@dataclass
class Console:
    """Who aligns the estate."""

    at: PraEstate
    operations: Operations
    ledger: Ledger

    def plan(self) -> tuple[str, Plan, tuple[Aligned, ...]]:
        run_id = new_run_id()
        now = look(self.operations, configured(self.operations))
        return run_id, *plan_align(self.operations, now, run_id)

    def run(self, run_id: str, plan: Plan) -> Run:
        self.operations.agree(run_id, plan, plan.confirm)
        return Runner(self.ledger, self.operations.devices, "console", PACE).run(run_id, wait_for_operator=False)

    def aligned(self) -> tuple[Aligned, ...]:
        """Align until there is nothing left to do. Every run must succeed: what cannot be done is not planned."""
        for _ in range(MOST_PASSES):
            run_id, plan, found = self.plan()
            if not plan.steps:
                return found
            run = self.run(run_id, plan)
            failed = [(step.id, step.reason) for step in run.steps if step.state in ("failed", "unknown")]
            assert run.state is RunState.SUCCEEDED, failed
        raise AssertionError(f"after {MOST_PASSES} passes there is still something to do: {plan.steps}")


@contextmanager
def console(at: PraEstate) -> Iterator[Console]:
    settings, path = load(at.config), at.directory / "trials.sqlite"
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Console(at, Operations(settings, store, ledger, Connector(settings)), ledger)


# ------------------------------------------------------------------------------------------------------ breaking things


def _lose_wwpn(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    side = rng.choice((at.home, at.away))
    host = side.array.hosts.get(guest.name)
    if host is not None and host.wwns:
        side.array.set_wwns(host, [wwn for wwn in host.wwns if rng.random() < 0.5])


def _thief(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    """Another host holds one of the WWPNs: a stranger's, or that of another LPAR."""
    side = rng.choice((at.home, at.away))
    if not side.has(guest.name):
        return
    wwpn = rng.choice(side.wwpns(guest.name))
    for host in side.array.hosts.values():
        side.array.set_wwns(host, [wwn for wwn in host.wwns if wwn != wwpn])
    name = rng.choice(["thief", *(other.name for other in at.guests if other is not guest)])
    host = side.array.hosts.get(name) or side.array.add_host(name)
    side.array.set_wwns(host, [*host.wwns, wwpn])


def _stale_wwpn(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    host = at.away.array.hosts.get(guest.name)
    if host is not None:
        at.away.array.set_wwns(host, [*host.wwns, f"C0507601FFFF{rng.randrange(1 << 16):04X}"])


def _no_host(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    host = at.away.array.hosts.get(guest.name)
    if host is not None:
        for made in list(at.away.array.connections_of(host)):
            at.away.array.detach(made)
        at.away.array.delete_host(host)


def _drift(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    if at.away.has(guest.name):
        profile = at.away.lpar(guest.name).profiles[0]
        profile.desired_mem, profile.auto_start = rng.choice((2048, 3072)), rng.random() < 0.5


def _copies(at: PraEstate, guest: Guest) -> list[Disk]:
    return [disk for name, disk in at.away.array.disks.items() if name.startswith(f"{lower(guest.name)}-v")]


def _no_tag(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    for disk in _copies(at, guest)[:1]:
        disk.tags = []


def _disconnected(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    for disk in _copies(at, guest):
        for made in list(at.away.array.attachments_of(disk)):
            if rng.random() < 0.7:
                at.away.array.detach(made)


def _destroyed(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    _disconnected(at, guest, rng)
    for disk in _copies(at, guest):
        if not at.away.array.attachments_of(disk):
            at.away.array.destroy_volume(disk)


def _other_lun(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    for disk in _copies(at, guest)[:1]:
        for made in list(at.away.array.attachments_of(disk)):
            at.away.array.detach(made)
        if guest.name in at.away.array.hosts:
            at.away.array.attach(disk, host=guest.name, lun=FIRST_LUN + 40)


def _used_elsewhere(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    array = at.away.array
    if "backup" not in array.hosts:
        array.add_host("backup")
    for disk in _copies(at, guest)[-1:]:
        if not any(made.host == "backup" for made in array.attachments_of(disk)):
            array.attach(disk, host="backup")


def _not_protected(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    group = at.home.array.groups[f"pg-{guest.group}"]
    group.disks = [disk for disk in group.disks if not disk.name.startswith(f"{lower(guest.name)}-v0")]


def _server(at: PraEstate, guest: Guest, rng: random.Random) -> tuple[LabLpar, int] | None:
    """A VIOS of the recovery site and the slot of its adapter for the guest."""
    if not at.away.has(guest.name):
        return None
    adapter = rng.choice(at.away.lpar(guest.name).profiles[0].fc)
    return at.away.lpar(adapter.peer.name), adapter.peer.slot or 0


def _unmapped(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    if (found := _server(at, guest, rng)) is not None and found[1] in found[0].maps:
        found[0].maps[found[1]].port = None


def _no_server(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    """The VIOS lost the adapter that it ran with, its profile did, or both."""
    if (found := _server(at, guest, rng)) is None:
        return
    vios, slot = found
    how = rng.randrange(3)
    if how != 0:
        vios.running.fc.pop(slot, None)
        vios.maps.pop(slot, None)
    if how != 1:
        vios.profiles[0].fc = [adapter for adapter in vios.profiles[0].fc if adapter.slot != slot]


def _vios_down(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    power.power_lost(at.away.vios[guest.system][rng.randrange(2)])


def _activated(at: PraEstate, guest: Guest, rng: random.Random) -> None:
    """It runs at the recovery site, where it does not at home."""
    if not guest.running and at.away.has(guest.name):
        switch_on(at.away.lpar(guest.name))


BREAKS: tuple[Callable[[PraEstate, Guest, random.Random], None], ...] = (
    *(_lose_wwpn, _thief, _stale_wwpn, _no_host, _drift, _no_tag, _disconnected, _destroyed, _other_lun),
    *(_used_elsewhere, _not_protected, _unmapped, _no_server, _vios_down, _activated),
)


def guests(rng: random.Random, count: int) -> list[Guest]:
    return [
        Guest(
            f"lpar{number:02}",
            rng.choice(tuple(Staged)),
            same=rng.random() < 0.3,
            system=rng.randrange(2),
            group=rng.randrange(2),
            volumes=rng.randrange(1, 4),
            adapters=rng.choice((2, 4)),
            nics=rng.choice((1, 2)),
            running=rng.random() < 0.8,
        )
        for number in range(count)
    ]


def broken(at: PraEstate, rng: random.Random) -> list[str]:
    """Break about one thing for each guest; what was broken."""
    done = []
    with at.world.turn():
        for guest in at.guests:
            for each in rng.choices(BREAKS, k=rng.choice((0, 1, 1, 2))):
                each(at, guest, rng)
                done.append(f"{guest.name}: {each.__name__.strip('_')}")
    return done


# -------------------------------------------------------------------------------------------------------------- judging


def holders(side: Side) -> dict[str, str]:
    return {wwn: host.name for host in side.array.hosts.values() for wwn in host.wwns}


def trial(directory: Path, seed: int, count: int, identities: Path | None = None) -> list[str]:
    """One estate, broken and aligned. Returns what is wrong, with what was broken."""
    rng = random.Random(seed)
    with pra_estate(directory, guests(rng, count), systems=2, hmcs=rng.choice((1, 2)), identities=identities) as at:
        breaks = broken(at, rng)
        before = [holders(side) for side in (at.home, at.away)]
        seen = len(at.world.referee.violations)
        with console(at) as who:
            try:
                found = who.aligned()
            except AssertionError as error:
                return [f"seed {seed}: {error}", *breaks]
            sent = at.writes()
            again = who.plan()[1]
        wrong = [f"{name} is not right" for name in _clean(found) if not at.is_right(name)]
        for side, held in zip((at.home, at.away), before, strict=True):
            after = holders(side)
            wrong += [f"{wwn} went from {host}" for wwn, host in held.items() if after.get(wwn) != host]
        wrong += [f"a second look would do {len(again.steps)} steps"] if again.steps or at.writes() != sent else []
        wrong += [f"{v.rule}: {v.subject} ({v.detail})" for v in at.world.referee.violations[seen:]]
        return [f"seed {seed}: {text}" for text in wrong] + (breaks if wrong else [])


def _clean(found: tuple[Aligned, ...]) -> list[str]:
    """The LPARs of which nothing is reported."""
    return [each.lpar for each in found if not each.findings]


def still(directory: Path, count: int) -> tuple[float, dict[str, int], int]:
    """``count`` LPARs that are right: how long a look and the plan took, what was sent, and how many are right."""
    alike = [Guest(f"lpar{n:04}", system=n % 4, group=n % 20, volumes=2, running=False) for n in range(count)]
    with pra_estate(directory, alike, systems=4) as at, console(at) as who:
        began = time.monotonic()
        found = who.aligned()
        took = time.monotonic() - began
        return took, at.writes(), sum(not each.acts and not each.findings for each in found)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--estates", type=int, default=100)
    options.add_argument("--lpars", type=int, default=1000)
    chosen = options.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.estates):
            directory = Path(folder) / str(number)
            directory.mkdir()
            wrong = trial(directory, chosen.seed * 100_000 + number, 2 + number % 5, Path(folder) / "identities")
            counts["wrong" if wrong else "right"] += 1
            print("\n".join(wrong), end="\n" if wrong else "")
        directory = Path(folder) / "still"
        directory.mkdir()
        took, sent, right = still(directory, chosen.lpars)
    print(f"{counts.total()} broken estates aligned, seed {chosen.seed}: {counts['wrong']} wrong")
    print(f"{chosen.lpars} LPARs looked at in {took:.0f} s: {right} right, sent {sent or 'nothing'}")
    return 1 if counts["wrong"] or sent or right != chosen.lpars else 0


if __name__ == "__main__":
    sys.exit(main())
