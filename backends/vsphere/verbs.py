"""One verb at a time. Each sends one request and returns at once: a task's id where the server makes one of it.

Whether a verb fits the moment, and what follows, is the caller's to decide. Ids are managed object ids (``vm-42``).
All raise :class:`DeviceError`; a verb is never sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from backends.outcome import DeviceError, Failure, Sent
from backends.parse import mac as parse_mac
from backends.vsphere.session import Session


class NicSetting(Struct, frozen=True):
    """What becomes of a network card, by its device ``key``; what is None stays.

    ``mac``: 12 hex digits, set as a manual address. ``network``: the id of a port group on the machine's host.
    """

    key: int
    mac: str | None = None
    network: str | None = None
    connected: bool | None = None


class ClonePlace(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a clone goes. What is None the server takes from the source."""

    folder: str
    pool: str | None = None
    host: str | None = None
    datastore: str | None = None


def _vm(session: Session, vm: str) -> Any:
    return session.managed("VirtualMachine", vm)


def _maybe(session: Session, kind: str, moid: str | None) -> Any:
    return None if moid is None else session.managed(kind, moid)


def _task(session: Session, call: str, task: Any) -> str:
    moid = getattr(task, "_moId", None)
    if not isinstance(moid, str):
        text = f"expected a task, got {task!r}"
        raise DeviceError(session.device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text)
    return moid


def _start(session: Session, call: str, method: Any, *arguments: Any) -> str:
    return _task(session, call, session.act(call, lambda: method(*arguments)))


# -------------------------------------------------------------------------------------------------------------- power


def power_on(session: Session, vm: str) -> str:
    """PowerOnVM_Task. Task id."""
    return _start(session, "PowerOnVM_Task", _vm(session, vm).PowerOnVM_Task)


def power_off(session: Session, vm: str) -> str:
    """PowerOffVM_Task: as pulling the plug. Task id."""
    return _start(session, "PowerOffVM_Task", _vm(session, vm).PowerOffVM_Task)


def shutdown_guest(session: Session, vm: str) -> None:
    """ShutdownGuest: asks the guest through Tools and returns; the power state tells when it is done."""
    session.act("ShutdownGuest", _vm(session, vm).ShutdownGuest)


def answer(session: Session, vm: str, question: str, choice: str) -> None:
    """AnswerVM: the id of the pending question, and the key of the chosen answer."""
    machine = _vm(session, vm)
    session.act("AnswerVM", lambda: machine.AnswerVM(question, choice))


# ---------------------------------------------------------------------------------------------------------- snapshots


def create_snapshot(
    session: Session, vm: str, name: str, description: str, *, quiesce: bool, memory: bool = False
) -> str:
    """CreateSnapshot_Task. Task id; the task's result is the snapshot."""
    return _start(
        session, "CreateSnapshot_Task", _vm(session, vm).CreateSnapshot_Task, name, description, memory, quiesce
    )


def remove_snapshot(session: Session, snapshot: str, *, children: bool = False) -> str:
    """RemoveSnapshot_Task by the snapshot's id, consolidating its disks. Task id."""
    target = session.managed("VirtualMachineSnapshot", snapshot)
    return _start(session, "RemoveSnapshot_Task", target.RemoveSnapshot_Task, children, True)


def revert_to_snapshot(session: Session, snapshot: str) -> str:
    """RevertToSnapshot_Task: what was written since is gone; the machine stays off. Task id."""
    target = session.managed("VirtualMachineSnapshot", snapshot)
    return _start(session, "RevertToSnapshot_Task", target.RevertToSnapshot_Task, None, True)


# ------------------------------------------------------------------------------------------------------ configuration


def set_nics(session: Session, vm: str, settings: tuple[NicSetting, ...]) -> str:
    """ReconfigVM_Task of network cards. Reads the cards first; a key that is not there is refused unsent. Task id."""
    from pyVmomi import vim

    machine = _vm(session, vm)
    call = "ReconfigVM_Task"
    devices = session.ask("Fetch config", lambda: machine.config.hardware.device)
    cards = {int(one.key): one for one in devices if isinstance(one, vim.vm.device.VirtualEthernetCard)}
    changes = []
    for setting in settings:
        card = cards.get(setting.key)
        if card is None:
            text = f"{vm} has no network card {setting.key}"
            raise DeviceError(session.device, call, Failure.REFUSED, Sent.NO, text)
        _change(session, card, setting)
        changes.append(vim.vm.device.VirtualDeviceSpec(operation="edit", device=card))
    return _start(session, call, machine.ReconfigVM_Task, vim.vm.ConfigSpec(deviceChange=changes))


def _change(session: Session, card: Any, setting: NicSetting) -> None:
    from pyVmomi import vim

    if setting.mac is not None:
        digits = parse_mac(setting.mac).lower()
        card.addressType = "manual"
        card.macAddress = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    if setting.network is not None:
        network = session.managed("Network", setting.network)
        name = session.ask("Fetch name", lambda: network.name)
        card.backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=name, network=network)
    if setting.connected is not None:
        if card.connectable is None:
            card.connectable = vim.vm.device.VirtualDevice.ConnectInfo(allowGuestControl=True)
        card.connectable.startConnected = setting.connected
        card.connectable.connected = setting.connected


def set_extra_config(session: Session, vm: str, values: Mapping[str, str]) -> str:
    """ReconfigVM_Task of extra config: the given keys only; an empty value removes its key. Task id."""
    from pyVmomi import vim

    options = [vim.option.OptionValue(key=key, value=value) for key, value in values.items()]
    spec = vim.vm.ConfigSpec(extraConfig=options)
    return _start(session, "ReconfigVM_Task", _vm(session, vm).ReconfigVM_Task, spec)


# ---------------------------------------------------------------------------------------------------------- inventory


def clone(
    session: Session,
    vm: str,
    name: str,
    place: ClonePlace,
    *,
    snapshot: str | None = None,
    marks: Mapping[str, str] | None = None,
) -> str:
    """CloneVM_Task, powered off; of ``snapshot`` if given, its extra config changed by ``marks``. Task id; the task's
    result is the clone. vCenter only."""
    from pyVmomi import vim

    location = vim.vm.RelocateSpec(
        pool=_maybe(session, "ResourcePool", place.pool),
        host=_maybe(session, "HostSystem", place.host),
        datastore=_maybe(session, "Datastore", place.datastore),
    )
    source = _maybe(session, "VirtualMachineSnapshot", snapshot)
    spec = vim.vm.CloneSpec(location=location, powerOn=False, template=False, snapshot=source)
    if marks:
        spec.config = vim.vm.ConfigSpec(
            extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in marks.items()]
        )
    folder = session.managed("Folder", place.folder)
    return _start(session, "CloneVM_Task", _vm(session, vm).CloneVM_Task, folder, name, spec)


def register(session: Session, path: str, place: ClonePlace, *, name: str | None = None) -> str:
    """RegisterVM_Task of ``[datastore] directory/file.vmx``. Task id; the task's result is the machine."""
    folder = session.managed("Folder", place.folder)
    pool, host = _maybe(session, "ResourcePool", place.pool), _maybe(session, "HostSystem", place.host)
    return _start(session, "RegisterVM_Task", folder.RegisterVM_Task, path, name, False, pool, host)


def destroy(session: Session, vm: str) -> str:
    """Destroy_Task: out of the inventory, its files deleted. Task id."""
    return _start(session, "Destroy_Task", _vm(session, vm).Destroy_Task)


def rename(session: Session, vm: str, name: str) -> str:
    """Rename_Task. Task id."""
    return _start(session, "Rename_Task", _vm(session, vm).Rename_Task, name)
