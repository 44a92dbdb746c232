"""Which failover a drill of VMs rehearsed: what the configuration said of each, and what was started, kept in the plan
of the drill. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.recovery.vm.situation import Generation, VmNow
from app.replication_records import Replication
from store import plan_runs
from store.replications import DRILL
from store.runs import Run, RunState

_WORDS = "It rehearses the failover of"
_EACH = re.compile(r"(\S+) as ([0-9a-f]{16})(?:, |$)")


def digest(one: Replication, copy: Generation | None) -> str:
    """Another one is another failover: another machine, other sides, another place or other networks, or a ``copy``
    (the newest complete one) of another size or with other network cards. Its generation makes no difference."""
    probe = [one.probe.host, one.probe.port] if one.probe is not None else None
    sides = [one.name, one.vm, one.source, one.destination]
    place = [one.datastore, one.host, one.pool, one.folder, sorted(one.networks.items()), probe]
    return hashlib.sha256(json.dumps([sides, place, _shape(copy)]).encode()).hexdigest()[:16]


def _shape(copy: Generation | None) -> object:
    """What it takes to start a copy, and what it is called on its networks. A copy that does not say the cards of its
    source has MACs of its own, which are others in each generation."""
    if copy is None:
        return None
    machine, cards = copy.machine, copy.cards
    size = [machine.cpus, machine.memory_mb, [disk.capacity for disk in machine.disks]]
    if cards is None:
        return [size, [[None, card.network, card.connected] for card in machine.cards]]
    return [size, [[card.mac, card.network, card.connected] for card in cards]]


def whole(ones: Iterable[str]) -> str:
    """The digest of a group, of those of its members in any order."""
    return hashlib.sha256(" ".join(sorted(ones)).encode()).hexdigest()[:16]


def note(members: Iterable[VmNow]) -> str:
    """What the plan of a drill says of it."""
    return f"{_WORDS} " + ", ".join(f"{at.name} as {digest(at.replication, _newest(at))}" for at in members)


def _newest(at: VmNow) -> Generation | None:
    return at.complete[0] if at.complete else None


def passed(runs: Iterable[Run]) -> Mapping[str, tuple[datetime, str]]:
    """By replication when its newest drill passed (UTC), and the digest of what it rehearsed."""
    found: dict[str, tuple[datetime, str]] = {}
    for run in runs:
        if run.plan.verb not in (DRILL, plan_runs.DRILL) or run.state is not RunState.SUCCEEDED or run.ended_at is None:
            continue
        for name, one in _said(run.plan.notes):
            if name not in found or found[name][0] < run.ended_at:
                found[name] = (run.ended_at, one)
    return found


def _said(notes: Sequence[str]) -> Iterable[tuple[str, str]]:
    for each in notes:
        if each.startswith(_WORDS):
            yield from _EACH.findall(each.removeprefix(_WORDS).strip())
