"""What the menu of replicated VMs offers, and why the rest is not right."""

from __future__ import annotations

from msgspec.structs import replace

from screens.offers import Offer
from screens.vm_offers import asked
from store.estate import PowerState, VirtualMachine
from store.records import DeviceHealth
from store.replications import Replicated, standings
from store.runs import Plan, Run, RunState
from tests.screens.estate import NOW, Estate, calm

ON, OFF = PowerState.ON, PowerState.OFF


def site() -> tuple[Estate, VirtualMachine, VirtualMachine, Replicated]:
    """An estate with a VM that has a complete copy; both of them, and the replication that makes it."""
    estate = calm()
    vms = [(entry, entry.obj) for entry in estate.entries if isinstance(entry.obj, VirtualMachine)]
    copy_entry, copy = next((e, v) for e, v in vms if v.replica is not None and v.replica.complete)
    assert copy.replica is not None
    uuid = copy.replica.source_instance_uuid
    source_entry, source = next((e, v) for e, v in vms if v.instance_uuid == uuid)
    name = copy.replica.source_name
    return estate, source, copy, Replicated(name, name, source_entry.device, copy_entry.device, 900.0, True)


def menu(*, home: PowerState = ON, there: PowerState = OFF, runs: tuple[Run, ...] = (), drill: bool = True,
         known: bool = True, answers: bool = True) -> dict[str, Offer]:  # fmt: skip
    estate, source, copy, one = site()
    changed = {source.key: replace(source, power_state=home), copy.key: replace(copy, power_state=there)}
    estate.entries = [replace(e, told=changed.get(e.key, e.obj)) if e.key in changed else e for e in estate.entries]
    if not answers:
        estate.devices = [
            replace(d, health=DeviceHealth.FAILING) if d.name == one.source else d for d in estate.devices
        ]
    found = asked(estate.scene(), (copy.key,), (replace(one, drill=drill),) if known else (), standings(runs))
    return {offer.word: offer for offer in found.offers}


def right(found: dict[str, Offer]) -> set[str]:
    return {word for word, offer in found.items() if offer.why_not is None}


def ran(verb: str) -> Run:
    _, _, _, one = site()
    key = "said:" if verb in ("vm pause", "vm resume") else ":"
    plan = Plan(verb, f"{verb} x", (f"replication{' ' if key == 'said:' else ''}{key}{one.name}",), NOW)
    return Run("r1", plan, RunState.SUCCEEDED, "ana", NOW, (), NOW, NOW)


def test_while_the_source_serves_it_can_be_copied_failed_over_and_drilled() -> None:
    found = menu()
    assert right(found) == {"replicate", "failover", "drill", "pause", "backup"}
    assert found["backup"].order == f"vm backup {site()[1].instance_uuid}"
    assert found["disaster"].why_not is not None
    assert "answers: a planned failover loses nothing" in found["disaster"].why_not
    assert found["failover"].order is not None
    assert found["failover"].order.startswith("vm failover ")


def test_with_its_server_silent_only_what_needs_none_is_right() -> None:
    assert right(menu(answers=False)) == {"disaster", "drill", "pause"}


def test_once_the_copy_serves_it_is_brought_home_or_undone() -> None:
    assert right(menu(home=OFF, there=ON)) >= {"undo", "failback"}
    both = menu(home=ON, there=ON)
    assert {"failover", "failback", "undo", "replicate"}.isdisjoint(right(both))


def test_a_pause_and_a_drill_that_is_owed_are_known_from_the_runs() -> None:
    paused = menu(runs=(ran("vm pause"),))
    assert paused["replicate"].why_not == "it was paused by run r1"
    assert "resume" in right(paused)
    owed = menu(runs=(ran("vm drill"),))
    assert owed["cleanup"].order == "vm cleanup r1"


def test_without_an_isolated_port_group_there_is_no_drill() -> None:
    assert "names no isolated port group" in (menu(drill=False)["drill"].why_not or "")


def test_a_vm_that_the_configuration_does_not_replicate_is_left_alone() -> None:
    found = menu(known=False)
    assert right(found) == set()
    assert {offer.why_not for offer in found.values()} == {"no [[replications]] names it"}
