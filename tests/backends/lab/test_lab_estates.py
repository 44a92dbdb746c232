"""The ready estates: what is in them, and that they live through a dark site at any moment."""

from __future__ import annotations

from collections import Counter

import pytest

from backends.lab.clock import Clock
from backends.lab.flasharray.state import ArrayState
from backends.lab.hmc.model import Hmc
from backends.lab.presets import build
from backends.lab.threepar.array import ThreePar
from backends.lab.timing import REALISTIC
from backends.lab.vsphere.state import VSphereState
from backends.lab.world import World

START = 1_790_000_000.0


def made(preset: str, seed: int = 1) -> World:
    return build(preset, seed, REALISTIC, Clock(START, speed=0))


def counted(world: World) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for device in world.devices.values():
        match device.state:
            case Hmc() as hmc:
                counts["systems"] += len(hmc.systems)
                counts["lpars"] += sum(len(system.lpars) for system in hmc.systems)
            case ArrayState() as array:
                counts["pgroups"] += sum(group.is_local for group in array.groups.values())
            case ThreePar() as array:
                counts["rcgs"] += sum(side.natural for _, side in array.groups.values())
            case VSphereState() as server:
                counts["vms"] += len(server.vms)
                counts["replicas"] += sum("drdeck.replica.source" in vm.home.extra for vm in server.vms.values())
    return dict(counts)


def test_the_demo_is_of_the_size_it_claims() -> None:
    assert counted(made("demo")) == {
        "systems": 4,
        "lpars": 30,
        "pgroups": 10,
        "rcgs": 8,
        "vms": 40,
        "replicas": 12,
    }


def test_the_large_estate_is_of_the_size_it_claims() -> None:
    counts = counted(made("large"))
    assert {k: counts[k] for k in ("lpars", "pgroups", "rcgs", "vms")} == {
        "lpars": 5000,
        "pgroups": 2000,
        "rcgs": 500,
        "vms": 10000,
    }


def test_the_same_seed_makes_the_same_estate_and_the_same_history() -> None:
    def told(seed: int) -> list[str]:
        world = made("demo", seed)
        world.clock.advance(7200)
        with world.turn() as now:
            lines = []
            for key, writer in world.writers.items():
                lines += [f"{key} {v.array}:{v.name} {v.image(now)}" for v in writer.volumes]
            return [*lines, *(lpar.uuid for hmc in _hmcs(world) for s in hmc.systems for lpar in s.lpars)]

    assert told(5) == told(5)
    assert told(5) != told(6)


def _hmcs(world: World) -> list[Hmc]:
    return [device.state for device in world.devices.values() if isinstance(device.state, Hmc)]


@pytest.mark.parametrize("site", ["paris", "lyon"])
@pytest.mark.parametrize("moment", [0.5, 10, 25, 400])
def test_a_site_may_go_dark_at_any_moment_and_come_back_without_a_violation(site: str, moment: float) -> None:
    world = made("demo")
    world.clock.advance(moment)
    with world.turn():
        world.set_dark(site, True)
    world.clock.advance(900)
    with world.turn():
        world.set_dark(site, False)
    world.clock.advance(900)
    with world.turn():
        assert world.referee.violations == []
