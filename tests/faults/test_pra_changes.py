"""What happens between the look and the act: what changed is not acted on, what somebody did is not done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import Tag
from backends.lab.flasharray.state import GIB
from backends.lab.hmc.adapters import Peer, VirtualFc
from backends.lab.hmc.state import add_lpar, switch_on
from store.runs import RunState, StepState
from tests.faults.pra_estate import VLAN, Guest, PraEstate, Staged, pra_estate
from tests.faults.pra_trials import Console, console

NAME = "erp_db1"


@dataclass
class Bench:
    """Makes one estate with a console on it."""

    stack: ExitStack
    directory: Path
    identities: Path

    def __call__(self, staged: Staged, running: bool = False) -> tuple[PraEstate, Console]:
        guests = [Guest(NAME, staged, running=running)]
        at = self.stack.enter_context(pra_estate(self.directory, guests, identities=self.identities))
        return at, self.stack.enter_context(console(at))


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def bench(tmp_path: Path, identities: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack, tmp_path, identities)


def reasons(who: Console, run_id: str) -> list[str]:
    """Why steps failed."""
    return [step.reason or "" for step in who.ledger.run(run_id).steps if step.state is StepState.FAILED]


def test_a_wwpn_that_went_to_another_host_meanwhile_is_not_taken(bench: Bench) -> None:
    at, who = bench(Staged.DEFINED)
    run_id, plan, _ = who.plan()
    taken = at.away.wwpns(NAME)[0]
    with at.world.turn():
        at.away.array.add_host("thief", [taken])
    assert who.run(run_id, plan).state is not RunState.SUCCEEDED
    assert reasons(who, run_id) == [f"{taken.lower()} belongs to the host thief: it is not taken away"]
    assert list(at.away.array.hosts) == ["thief"]
    assert not any("hosts" in verb or "connections" in verb for verb in at.writes())


def test_an_lpar_that_was_activated_meanwhile_is_not_changed(bench: Bench) -> None:
    at, who = bench(Staged.WHOLE)
    with at.world.turn():
        at.away.lpar(NAME).profiles[0].desired_mem = 3072
    run_id, plan, _ = who.plan()
    with at.world.turn():
        switch_on(at.away.lpar(NAME))
    who.run(run_id, plan)
    assert reasons(who, run_id) == [f"{NAME} is Running: a profile in use is not changed"]
    assert at.writes() == {}


def test_an_lpar_of_that_name_that_came_up_meanwhile_is_left_as_it_is(bench: Bench) -> None:
    at, who = bench(Staged.NOT)
    run_id, plan, _ = who.plan()
    with at.world.turn():
        add_lpar(at.away.systems[0], NAME, mem_mb=8192, vlans=(VLAN,), on=False)
    who.run(run_id, plan)
    assert [reason.split(", and")[0] for reason in reasons(who, run_id)] == [f"{NAME} is there"]
    assert at.writes() == {}


def no_server(at: PraEstate) -> tuple[int, ...]:
    """Both VIOSes lose the adapter that serves the LPAR; the slots."""
    slots = []
    with at.world.turn():
        for vios, client in zip(at.away.vios[0], at.away.lpar(NAME).profiles[0].fc, strict=True):
            slots.append(client.peer.slot or 0)
            del vios.running.fc[slots[-1]], vios.maps[slots[-1]]
            vios.profiles[0].fc = [each for each in vios.profiles[0].fc if each.slot != slots[-1]]
    return tuple(slots)


def test_a_slot_that_another_adapter_took_meanwhile_is_left_to_it(bench: Bench) -> None:
    at, who = bench(Staged.WHOLE)
    slot, _ = no_server(at)
    run_id, plan, _ = who.plan()
    with at.world.turn():
        at.away.vios[0][0].running.fc[slot] = VirtualFc(slot, True, Peer(77, "other", 3))
    who.run(run_id, plan)
    vios = at.away.vios[0][0].name
    assert reasons(who, run_id) == [f"slot {slot} of {vios} is taken"]
    assert at.writes() == {}


def test_a_vios_that_went_down_meanwhile_is_left_alone(bench: Bench) -> None:
    at, who = bench(Staged.WHOLE)
    no_server(at)
    run_id, plan, _ = who.plan()
    with at.world.turn():
        at.world.set_dark("lyon", True)
        at.world.set_dark("lyon", False)
    who.run(run_id, plan)
    assert reasons(who, run_id) == [f"{at.away.vios[0][0].name} does not run"]
    assert at.writes() == {}


@pytest.mark.parametrize("same", [True, False], ids=["to the same port", "to another"])
def test_a_vfchost_that_was_mapped_meanwhile_is_left_as_it_is(bench: Bench, same: bool) -> None:
    at, who = bench(Staged.WHOLE)
    vios, slot = at.away.vios[0][0], at.away.lpar(NAME).profiles[0].fc[0].peer.slot or 0
    with at.world.turn():
        vios.maps[slot].port = None
    run_id, plan, _ = who.plan()
    (step,) = plan.steps
    (port,) = [each for each in vios.ports if step.title.endswith(each) is same]
    with at.world.turn():
        vios.maps[slot].port = port
    assert (who.run(run_id, plan).state is RunState.SUCCEEDED) is same
    assert reasons(who, run_id) == ([] if same else [f"it is mapped to {port}: it is left alone"])
    assert at.writes() == {}


def test_a_volume_of_that_name_that_came_up_meanwhile_is_neither_overwritten_nor_tagged(bench: Bench) -> None:
    at, who = bench(Staged.DEFINED)
    run_id, plan, _ = who.plan()
    with at.world.turn():
        other = at.away.array.add_volume("erp-db1-v0", 5 * GIB)
    who.run(run_id, plan)
    assert "a volume erp-db1-v0 is there: it is not this run's" in reasons(who, run_id)
    assert (other.tags, other.core.size) == ([], 5 * GIB)
    assert not any("volumes" in verb for verb in at.writes())


def test_a_snapshot_that_was_destroyed_meanwhile_gives_no_copy(bench: Bench) -> None:
    at, who = bench(Staged.DEFINED)
    run_id, plan, _ = who.plan()
    with at.world.turn():
        protection.set_pending(at.away.array, "fa-par:pg-0.1", True)
    who.run(run_id, plan)
    assert reasons(who, run_id) == ["fa-par:pg-0.1 is pending eradication"]
    assert not any("volumes" in verb for verb in at.writes())


def test_a_copy_that_was_connected_elsewhere_meanwhile_is_not_connected_twice(bench: Bench) -> None:
    at, who = bench(Staged.WHOLE)
    array = at.away.array
    with at.world.turn():
        for made in list(array.connections_of(array.host(NAME))):
            array.detach(made)
    run_id, plan, _ = who.plan()
    with at.world.turn():
        array.add_host("backup")
        array.attach(array.disk("erp-db1-v0"), host="backup")
    who.run(run_id, plan)
    assert reasons(who, run_id) == ["erp-db1-v0 is connected otherwise: it is left alone"]
    assert at.writes() == {}


def test_what_somebody_did_meanwhile_is_not_sent(bench: Bench) -> None:
    at, who = bench(Staged.DEFINED)
    run_id, plan, _ = who.plan()
    identities = at.away.array.groups["fa-par:pg-0"].replicas
    with at.world.turn():
        array = at.away.array
        array.add_host(NAME, at.away.wwpns(NAME), "aix")
        for number in range(2):
            disk = array.add_volume(f"erp-db1-v{number}", (10 + number) * GIB)
            disk.tags.append(Tag("snapshot_mapping", identities[f"fa-par:{disk.name}"], copyable=False))
            array.attach(disk, host=NAME, lun=5 + number)
    who.run(run_id, plan)
    assert at.writes() == {}
    assert who.aligned()[0].findings == ()
    assert at.writes() == {}


def test_every_answer_that_is_lost_once_is_looked_for_and_nothing_is_sent_twice(bench: Bench) -> None:
    at, who = bench(Staged.NOT)
    verbs = {
        "hmc-lyo1": ("mksyscfg *", "chhwres *", "chsyscfg *", "viosvrcmd vfcmap"),
        "fa-lyo": ("POST /hosts", "POST /volumes", "PUT /volumes/tags/batch", "POST /connections"),
    }
    for device, patterns in verbs.items():
        for pattern in patterns:
            at.world.faults.add(device, FaultKind.DROP_AFTER, pattern, count=1)
    assert who.aligned()[0].findings == ()
    assert at.is_right(NAME)
    assert at.writes() == {
        "hmc-lyo1 mksyscfg -r lpar": 1,
        "hmc-lyo1 chhwres -r virtualio --rsubtype fc -o a": 2,
        "hmc-lyo1 chsyscfg -r prof": 2,
        "hmc-lyo1 viosvrcmd vfcmap": 2,
        "fa-lyo POST /hosts": 1,
        "fa-lyo POST /volumes": 2,
        "fa-lyo PUT /volumes/tags/batch": 2,
        "fa-lyo POST /connections": 2,
    }
