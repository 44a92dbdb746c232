"""What can be done to a machine: power, guest, snapshots. Refused as the vendor refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from backends.lab.vsphere import tasks
from backends.lab.vsphere.records import Managed, Question, Refusal, Snapshot, Task, Vm
from backends.lab.vsphere.state import VSphereState
from store.estate import PowerState

_WORDS = {PowerState.ON: "Powered on", PowerState.OFF: "Powered off", PowerState.SUSPENDED: "Suspended"}
CANCEL, MOVED, COPIED = "0", "1", "2"


def wrong_power(vm: Vm, requested: PowerState | None) -> Refusal:
    """The fault of a verb that does not fit the power state: it names the state that was found."""
    text = f"The attempted operation cannot be performed in the current state ({_WORDS[vm.power]})."
    return Refusal("InvalidPowerState", text, requestedState=requested, existingState=vm.power)


def must_be(vm: Vm, *states: PowerState) -> None:
    """Refuse unless the machine is in one of these power states."""
    if vm.power not in states:
        raise wrong_power(vm, states[0])


# ------------------------------------------------------------------------------------------------------------ power


def power_on(state: VSphereState, vm: Vm, user: str = "") -> Task:
    """PowerOnVM_Task: from off or suspended; a machine whose files moved first asks whether it was moved or copied."""

    def check() -> None:
        must_be_startable(state, vm)
        if vm.home.moved:
            _ask_where_from(state, vm)

    def work() -> None:
        if vm.question is not None:
            raise tasks.NotYet
        if vm.home.moved:
            raise Refusal("RequestCanceled", "The task was canceled by a user.")
        start(state, vm)

    return tasks.run(state, "VirtualMachine.powerOn", vm, state.world.timing.vm_task_s, work, check=check, user=user)


def must_be_startable(state: VSphereState, vm: Vm) -> None:
    """Refuse what vCenter refuses to start."""
    if vm.template:
        raise Refusal("NotSupported", "The operation is not supported on the object.")
    must_be(vm, PowerState.OFF, PowerState.SUSPENDED)
    host = vm.host
    if host is None or host.connection != "connected":
        raise Refusal("HostNotConnected", "Unable to communicate with the remote host, since it is disconnected.")
    if host.maintenance:
        raise Refusal("InvalidState", "The operation is not allowed in the current state of the host.")
    for disk in vm.home.disks:
        if not disk.datastore.accessible:
            raise Refusal("CannotAccessFile", f"Unable to access file {_file(disk.datastore.name, disk.path)}",
                          file=_file(disk.datastore.name, disk.path))  # fmt: skip
        if disk.datastore.lun is None and any(writer is not vm.writer for writer in disk.volume.writers):
            path = _file(disk.datastore.name, disk.path)
            raise Refusal("FileLocked", f"Unable to access file {path} since it is locked", file=path)


def _file(datastore: str, path: str) -> str:
    return f"[{datastore}] {path}"


def start(state: VSphereState, vm: Vm) -> None:
    """The machine starts; its Tools run after the time that a boot takes."""
    state.started(vm)
    boot = vm.boot

    def booted(_now: float) -> None:
        if vm.boot == boot and vm.home.tools and vm.power is PowerState.ON:
            vm.tools_running = True
            state.touch(vm)

    state.world.after(state.world.timing.vm_boot_s, booted)


def power_off(state: VSphereState, vm: Vm, user: str = "") -> Task:
    """PowerOffVM_Task."""

    def check() -> None:
        must_be(vm, PowerState.ON, PowerState.SUSPENDED)

    seconds = state.world.timing.vm_task_s
    return tasks.run(state, "VirtualMachine.powerOff", vm, seconds, lambda: state.stopped(vm), check=check, user=user)


def suspend(state: VSphereState, vm: Vm, user: str = "") -> Task:
    """SuspendVM_Task."""

    def check() -> None:
        must_be(vm, PowerState.ON)

    def work() -> None:
        state.stopped(vm, PowerState.SUSPENDED)

    return tasks.run(state, "VirtualMachine.suspend", vm, state.world.timing.vm_task_s, work, check=check, user=user)


def reset(state: VSphereState, vm: Vm, user: str = "") -> Task:
    """ResetVM_Task."""

    def check() -> None:
        must_be(vm, PowerState.ON)

    def work() -> None:
        state.stopped(vm)
        start(state, vm)

    return tasks.run(state, "VirtualMachine.reset", vm, state.world.timing.vm_task_s, work, check=check, user=user)


def guest_shutdown(state: VSphereState, vm: Vm, *, again: bool = False) -> None:
    """ShutdownGuest (or RebootGuest, ``again``): asked of Tools; returns at once, done when the guest gets there."""
    must_be(vm, PowerState.ON)
    if not vm.tools_running:
        raise Refusal(
            "ToolsUnavailable", "Cannot complete operation because VMware Tools is not running in this virtual machine."
        )
    boot = vm.boot

    def down(_now: float) -> None:
        if vm.boot == boot and vm.power is PowerState.ON:
            state.stopped(vm)
            if again:
                start(state, vm)

    state.world.after(state.world.timing.vm_shutdown_s, down)


# --------------------------------------------------------------------------------------------------------- questions


def _ask_where_from(state: VSphereState, vm: Vm) -> None:
    text = (
        "msg.uuid.altered:This virtual machine might have been moved or copied. In order to configure certain "
        "management and networking features, VMware ESX needs to know if this virtual machine was moved or copied. "
        'If you don\'t know, answer "button.uuid.copiedTheVM".'
    )
    choices = ((CANCEL, "button.uuid.cancel"), (MOVED, "button.uuid.movedTheVM"), (COPIED, "button.uuid.copiedTheVM"))
    vm.question = Question(str(state.rev), text, choices, default=2)
    state.touch(vm)


def answer(state: VSphereState, vm: Vm, question_id: str, choice: str) -> None:
    """AnswerVM: *moved* keeps identity and MACs, *copied* gives new ones, *cancel* gives up the start."""
    question = vm.question
    if question is None or question.id != question_id:
        raise Refusal(
            "InvalidArgument", "A specified parameter was not correct: questionId", invalidProperty="questionId"
        )
    if choice not in {key for key, _ in question.choices}:
        raise Refusal(
            "InvalidArgument", "A specified parameter was not correct: answerChoice", invalidProperty="answerChoice"
        )
    vm.question = None
    if choice == COPIED:
        vm.home.uuid = state.new_uuid(f"copied/{vm.moid}/{state.rev}")
        for card in vm.home.nics:
            if card.address_type != "manual":
                card.mac = state.new_mac()
        state.sync_nics(vm)
    if choice != CANCEL:
        vm.home.moved = False
    state.changed(vm)


# --------------------------------------------------------------------------------------------------------- snapshots


def walk(snapshots: list[Snapshot]) -> Iterator[Snapshot]:
    """A forest of snapshots, parents first."""
    for snapshot in snapshots:
        yield snapshot
        yield from walk(snapshot.below)


def create_snapshot(
    state: VSphereState, vm: Vm, name: str, description: str, *, memory: bool, quiesce: bool, user: str = ""
) -> Task:
    """CreateSnapshot_Task: holds what the disks hold now. Quiesced only where Tools run, as the snapshot then says."""
    now = state.world.now
    images = {disk.key: disk.volume.image(now) for disk in vm.home.disks if not disk.independent}

    def check() -> None:
        if not name:
            raise Refusal("InvalidName", "The name '' is invalid.", name="", entity=vm)

    def work() -> Managed:
        vm.snapshots_made += 1
        snapshot = Snapshot(
            f"{vm.moid}-snapshot-{vm.snapshots_made}" if state.is_host else state.new_id("snapshot"), name, vm=vm
        )
        snapshot.id, snapshot.description, snapshot.created = vm.snapshots_made, description, now
        snapshot.power = vm.power if memory else PowerState.OFF
        snapshot.memory = memory and vm.power is PowerState.ON
        snapshot.quiesced = quiesce and vm.power is PowerState.ON and vm.tools_running
        snapshot.images, snapshot.above = images, vm.current
        snapshot.extra, snapshot.nics = dict(vm.home.extra), [copy(card) for card in vm.home.nics]
        (vm.current.below if vm.current else vm.roots).append(snapshot)
        vm.current = snapshot
        state.keep(snapshot)
        state.changed(vm)
        return snapshot

    seconds = state.world.timing.vm_task_s
    return tasks.run(state, "VirtualMachine.createSnapshot", vm, seconds, work, check=check, user=user)


def _forget(state: VSphereState, vm: Vm, snapshot: Snapshot) -> None:
    siblings = snapshot.above.below if snapshot.above else vm.roots
    place = siblings.index(snapshot)
    siblings[place : place + 1] = snapshot.below
    for child in snapshot.below:
        child.above = snapshot.above
    if vm.current is snapshot:
        vm.current = snapshot.above
    state.remove(snapshot)


def remove_snapshot(
    state: VSphereState, snapshot: Snapshot, *, children: bool, consolidate: bool = True, user: str = ""
) -> Task:
    """RemoveSnapshot_Task: its children move up, or go with it. Not consolidated, the machine says that it needs it."""
    vm = snapshot.vm
    assert vm is not None

    def work() -> None:
        gone = list(walk([snapshot])) if children else [snapshot]
        for one in reversed(gone):
            _forget(state, vm, one)
        vm.consolidate = vm.consolidate or not consolidate
        state.changed(vm)

    return tasks.run(state, "vm.Snapshot.remove", vm, state.world.timing.vm_task_s, work, user=user)


def remove_all_snapshots(state: VSphereState, vm: Vm, *, consolidate: bool = True, user: str = "") -> Task:
    """RemoveAllSnapshots_Task."""

    def work() -> None:
        for snapshot in reversed(list(walk(vm.roots))):
            _forget(state, vm, snapshot)
        vm.consolidate = vm.consolidate or not consolidate
        state.changed(vm)

    seconds = state.world.timing.vm_task_s
    return tasks.run(state, "VirtualMachine.removeAllSnapshots", vm, seconds, work, user=user)


def consolidate_disks(state: VSphereState, vm: Vm, user: str = "") -> Task:
    """ConsolidateVMDisks_Task."""

    def work() -> None:
        vm.consolidate = False
        state.touch(vm)

    seconds = state.world.timing.vm_task_s
    return tasks.run(state, "VirtualMachine.consolidateDisks", vm, seconds, work, user=user)


def revert(state: VSphereState, snapshot: Snapshot, *, stay_off: bool = False, user: str = "") -> Task:
    """RevertToSnapshot_Task: the disks hold again what the snapshot holds, and settings and power are as they were
    then ("Managing Snapshots" of vSphere Virtual Machine Administration: a snapshot preserves the VM's settings)."""
    vm = snapshot.vm
    assert vm is not None

    def check() -> None:
        shared = {id(d.volume) for other in state.vms.values() if other is not vm for d in other.home.disks}
        if any(id(disk.volume) in shared for disk in vm.home.disks):
            raise Refusal("NotSupported", "The operation is not supported on the object.")

    def work() -> None:
        if vm.power is not PowerState.OFF:
            state.stopped(vm)
        for disk in vm.home.disks:
            if disk.key in snapshot.images:
                state.world.replace_image(disk.volume, snapshot.images[disk.key], f"revert of {vm.name}")
        vm.home.extra, vm.home.nics = dict(snapshot.extra), [copy(card) for card in snapshot.nics]
        state.sync_nics(vm)
        vm.current = snapshot
        if snapshot.memory and not stay_off:
            start(state, vm)
        state.changed(vm)

    return tasks.run(state, "vm.Snapshot.revert", vm, state.world.timing.vm_task_s, work, check=check, user=user)
