"""Each verb against a running door: done, refused in the server's words, or unknown."""

from __future__ import annotations

import pytest

from backends.lab.vsphere import machines
from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.vsphere import tasks, verbs
from backends.vsphere.session import Session
from store.estate import PowerState
from tests.backends.lab.vsphere.vs_estate import Estate


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks of the lab take hundredths of a second, and no test is about how long one waits between two looks."""
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)


def test_power_on_and_off(estate: Estate, session: Session) -> None:
    vm = estate.vms[1]
    tasks.wait(session, verbs.power_on(session, vm.moid), 20)
    assert vm.power is PowerState.ON
    tasks.wait(session, verbs.power_off(session, vm.moid), 20)
    assert vm.power is PowerState.OFF


def test_a_verb_in_the_wrong_state_is_refused_by_its_task_in_the_server_s_words(
    estate: Estate, session: Session
) -> None:
    task = verbs.power_on(session, estate.vms[0].moid)
    with pytest.raises(DeviceError) as caught:
        tasks.wait(session, task, 20)
    assert (caught.value.failure, caught.value.sent, caught.value.code) == (
        Failure.REFUSED, Sent.REFUSED, "InvalidPowerState",
    )  # fmt: skip
    assert caught.value.text == "The attempted operation cannot be performed in the current state (Powered on)."


def test_a_guest_is_asked_to_shut_down_and_refuses_without_tools(estate: Estate, session: Session) -> None:
    verbs.shutdown_guest(session, estate.vms[0].moid)
    estate.until(lambda: estate.vms[0].power is PowerState.OFF)
    estate.vms[2].tools_running = False
    with pytest.raises(DeviceError) as caught:
        verbs.shutdown_guest(session, estate.vms[2].moid)
    assert (caught.value.code, caught.value.sent) == ("ToolsUnavailable", Sent.REFUSED)


def test_esx_17_a_task_that_does_not_end_in_time_is_unknown_and_the_connection_is_closed(
    estate: Estate, session: Session
) -> None:
    estate.world.clock.set_speed(0)
    task = verbs.power_on(session, estate.vms[1].moid)
    with pytest.raises(DeviceError) as caught:
        tasks.wait(session, task, 0.2)
    assert (caught.value.failure, caught.value.sent) == (Failure.TIMEOUT, Sent.UNKNOWN)
    assert "running" in caught.value.text
    assert estate.device.counters.sessions == 0


def test_a_task_s_progress_is_seen(estate: Estate, session: Session) -> None:
    estate.world.clock.set_speed(0)
    task = verbs.create_snapshot(session, estate.vms[0].moid, "s", "d", quiesce=True)
    assert tasks.look(session, task).state == "running"
    estate.pass_time(0.06)
    assert tasks.look(session, task).progress == 50
    estate.pass_time(0.1)
    seen = tasks.look(session, task)
    assert (seen.state, seen.result) == ("success", "snapshot-1001")


def test_snapshots_are_made_reverted_to_and_removed_by_id(estate: Estate, session: Session) -> None:
    vm = estate.vms[0]
    made = tasks.wait(session, verbs.create_snapshot(session, vm.moid, "pre", "before", quiesce=True), 20).result
    assert made is not None
    assert vm.current is not None
    assert (vm.current.quiesced, vm.current.memory) == (True, False)
    tasks.wait(session, verbs.revert_to_snapshot(session, made), 20)
    assert vm.power is PowerState.OFF
    tasks.wait(session, verbs.remove_snapshot(session, made), 20)
    assert list(machines.walk(vm.roots)) == []
    with pytest.raises(DeviceError) as caught:
        verbs.remove_snapshot(session, made)
    assert caught.value.code == "ManagedObjectNotFound"


def test_a_clone_is_made_powered_off_also_from_a_snapshot(estate: Estate, session: Session) -> None:
    estate.pass_time(20)
    vm = estate.vms[0]
    snapshot = tasks.wait(session, verbs.create_snapshot(session, vm.moid, "s", "", quiesce=False), 20).result
    held = estate.state.objects[snapshot or ""].images[2000]  # type: ignore[attr-defined]
    estate.pass_time(20)
    assert vm.parent is not None
    place = verbs.ClonePlace(vm.parent.moid, datastore=estate.datastore.moid)
    made = tasks.wait(session, verbs.clone(session, vm.moid, "drill", place, snapshot=snapshot), 20).result
    copy = estate.state.vms[made or ""]
    assert (copy.name, copy.power) == ("drill", PowerState.OFF)
    assert copy.home.disks[0].volume.stored == held
    tasks.wait(session, verbs.destroy(session, copy.moid), 20)
    assert copy.moid not in estate.state.vms


def test_a_card_gets_the_source_s_mac_and_another_network(estate: Estate, session: Session) -> None:
    vm = estate.vms[1]
    setting = verbs.NicSetting(4000, mac="00:50:56:01:02:0a", network=estate.drill.moid, connected=False)
    tasks.wait(session, verbs.set_nics(session, vm.moid, (setting,)), 20)
    card = vm.home.nics[0]
    assert (card.mac, card.address_type, card.network, card.connected) == (
        "00505601020A", "manual", estate.drill, False,
    )  # fmt: skip
    tasks.wait(session, verbs.set_nics(session, vm.moid, (verbs.NicSetting(4000, connected=True),)), 20)
    assert (vm.home.nics[0].mac, vm.home.nics[0].connected) == ("00505601020A", True)


def test_a_card_that_is_not_there_or_a_bad_mac_is_refused_before_anything_is_sent(
    estate: Estate, session: Session
) -> None:
    with pytest.raises(DeviceError) as caught:
        verbs.set_nics(session, estate.vms[1].moid, (verbs.NicSetting(4007, connected=False),))
    assert caught.value.sent is Sent.NO
    with pytest.raises(ParseError):
        verbs.set_nics(session, estate.vms[1].moid, (verbs.NicSetting(4000, mac="0050560102"),))
    assert estate.requests["ReconfigVM_Task"] == 0


def test_extra_config_is_set_by_key_and_removed_by_an_empty_value(estate: Estate, session: Session) -> None:
    vm = estate.vms[1]
    tasks.wait(session, verbs.set_extra_config(session, vm.moid, {"drdeck.replica.complete": "false"}), 20)
    assert vm.home.extra["drdeck.replica.complete"] == "false"
    assert "nvram" in vm.home.extra
    tasks.wait(session, verbs.set_extra_config(session, vm.moid, {"drdeck.replica.complete": ""}), 20)
    assert "drdeck.replica.complete" not in vm.home.extra


def test_a_machine_is_registered_from_its_files(estate: Estate, session: Session) -> None:
    vm = estate.vms[1]
    folder = vm.parent
    assert folder is not None
    with estate.world.turn():
        estate.state.leave(vm)
    task = verbs.register(session, "[ds01] vm1/vm1.vmx", verbs.ClonePlace(folder.moid))
    made = tasks.wait(session, task, 20).result
    assert estate.state.vms[made or ""].home is vm.home


def test_a_pending_question_is_answered(estate: Estate, session: Session) -> None:
    vm = estate.vms[1]
    vm.home.moved = True
    task = verbs.power_on(session, vm.moid)
    estate.until(lambda: vm.question is not None)
    assert vm.question is not None
    with pytest.raises(DeviceError) as caught:
        verbs.answer(session, vm.moid, vm.question.id, "9")
    assert caught.value.code == "InvalidArgument"
    verbs.answer(session, vm.moid, vm.question.id, machines.MOVED)
    tasks.wait(session, task, 20)
    assert vm.power is PowerState.ON
