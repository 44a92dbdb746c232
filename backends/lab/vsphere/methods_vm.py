"""Methods of machines, snapshots and folders."""

from __future__ import annotations

from typing import Any

from backends.lab.vsphere import changes, machines, tasks
from backends.lab.vsphere.building import build
from backends.lab.vsphere.records import Datacenter, EsxHost, Folder, Managed, Refusal, ResourcePool, Snapshot, Vm
from backends.lab.vsphere.registry import Context, method
from backends.lab.vsphere.specs import changes as read_changes
from backends.lab.vsphere.specs import datastore_of, found, placement
from store.estate import PowerState


@method("PowerOnVM_Task", "VirtualMachine")
def _power_on(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.power_on(context.service.state, this, context.user)


@method("PowerOffVM_Task", "VirtualMachine")
def _power_off(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.power_off(context.service.state, this, context.user)


@method("SuspendVM_Task", "VirtualMachine")
def _suspend(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.suspend(context.service.state, this, context.user)


@method("ResetVM_Task", "VirtualMachine")
def _reset(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.reset(context.service.state, this, context.user)


@method("ShutdownGuest", "VirtualMachine")
def _shutdown(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    machines.guest_shutdown(context.service.state, this)


@method("RebootGuest", "VirtualMachine")
def _reboot(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    machines.guest_shutdown(context.service.state, this, again=True)


@method("AnswerVM", "VirtualMachine")
def _answer(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    machines.answer(context.service.state, this, args["questionId"], args["answerChoice"])


@method("CreateSnapshot_Task", "VirtualMachine")
def _snapshot(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.create_snapshot(
        context.service.state, this, args["name"], args.get("description") or "",
        memory=bool(args["memory"]), quiesce=bool(args["quiesce"]), user=context.user,
    )  # fmt: skip


@method("CreateSnapshotEx_Task", "VirtualMachine")
def _snapshot_ex(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.create_snapshot(
        context.service.state, this, args["name"], args.get("description") or "",
        memory=bool(args["memory"]), quiesce=args.get("quiesceSpec") is not None, user=context.user,
    )  # fmt: skip


@method("RemoveSnapshot_Task", "VirtualMachineSnapshot")
def _remove_snapshot(context: Context, this: Snapshot, args: dict[str, Any]) -> Any:
    consolidate = args.get("consolidate") is not False
    children = bool(args["removeChildren"])
    state = context.service.state
    return machines.remove_snapshot(state, this, children=children, consolidate=consolidate, user=context.user)


@method("RemoveAllSnapshots_Task", "VirtualMachine")
def _remove_all(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    consolidate = args.get("consolidate") is not False
    return machines.remove_all_snapshots(context.service.state, this, consolidate=consolidate, user=context.user)


@method("RevertToSnapshot_Task", "VirtualMachineSnapshot")
def _revert(context: Context, this: Snapshot, args: dict[str, Any]) -> Any:
    off = bool(args.get("suppressPowerOn"))
    return machines.revert(context.service.state, this, stay_off=off, user=context.user)


@method("RevertToCurrentSnapshot_Task", "VirtualMachine")
def _revert_current(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    if this.current is None:
        raise Refusal("NotFound", "The object or item referred to could not be found.")
    off = bool(args.get("suppressPowerOn"))
    return machines.revert(context.service.state, this.current, stay_off=off, user=context.user)


@method("RenameSnapshot", "VirtualMachineSnapshot")
def _rename_snapshot(context: Context, this: Snapshot, args: dict[str, Any]) -> Any:
    this.name = args.get("name") or this.name
    this.description = this.description if args.get("description") is None else args["description"]
    if this.vm is not None:
        context.service.state.touch(this, this.vm)


@method("ConsolidateVMDisks_Task", "VirtualMachine")
def _consolidate(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return machines.consolidate_disks(context.service.state, this, context.user)


@method("ReconfigVM_Task", "VirtualMachine")
def _reconfigure(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    state = context.service.state
    return changes.reconfigure(state, this, read_changes(state, args["spec"]), context.user)


@method("CloneVM_Task", "VirtualMachine")
def _clone(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    state, spec = context.service.state, args["spec"]
    return changes.clone(
        state,
        this,
        args["name"],
        placement(state, found(state, args["folder"], Folder), spec.location),
        changes=read_changes(state, spec.config) if spec.config else None,
        snapshot=found(state, spec.snapshot, Snapshot),
        power_on=bool(spec.powerOn),
        template=bool(spec.template),
        user=context.user,
    )


@method("UnregisterVM", "VirtualMachine")
def _unregister(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    changes.unregister(context.service.state, this)


@method("MarkAsTemplate", "VirtualMachine")
def _as_template(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    machines.must_be(this, PowerState.OFF)
    this.template = True
    context.service.state.changed(this)


# ----------------------------------------------------------------------------------------------------------- entities


@method("Destroy_Task", "ManagedEntity")
def _destroy(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    if not isinstance(this, Vm):
        raise Refusal("NotSupported", "The operation is not supported on the object.")
    return changes.destroy(context.service.state, this, context.user)


@method("Rename_Task", "ManagedEntity")
def _rename(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return changes.rename(context.service.state, this, args["newName"], context.user)


@method("CreateFolder", "Folder")
def _create_folder(context: Context, this: Folder, args: dict[str, Any]) -> Any:
    if "Folder" not in this.child_types or context.service.state.is_host:
        raise Refusal("NotSupported", "The operation is not supported on the object.")
    changes.check_name(this, args["name"])
    return context.service.state.add_folder(args["name"], this)


@method("RegisterVM_Task", "Folder")
def _register(context: Context, this: Folder, args: dict[str, Any]) -> Any:
    state = context.service.state
    pool, host = found(state, args.get("pool"), ResourcePool), found(state, args.get("host"), EsxHost)
    template = bool(args["asTemplate"])
    place = changes.Placement(this, pool, host)
    return changes.register(state, args["path"], args.get("name"), place, template=template, user=context.user)


@method("CreateVM_Task", "Folder")
def _create(context: Context, this: Folder, args: dict[str, Any]) -> Any:
    state, spec = context.service.state, args["config"]
    wanted, datastore = read_changes(state, spec), datastore_of(state, spec)
    place = changes.Placement(
        this, found(state, args["pool"], ResourcePool), found(state, args.get("host"), EsxHost), datastore
    )
    return tasks.run(
        state, "Folder.createVm", this, state.world.timing.vm_task_s, lambda: build(state, wanted, place),
        check=lambda: changes.check_name(this, wanted.name or ""), user=context.user,
    )  # fmt: skip


@method("PowerOnMultiVM_Task", "Datacenter")
def _power_on_many(context: Context, this: Datacenter, args: dict[str, Any]) -> Any:
    raise Refusal("NotSupported", "The operation is not supported on the object.")
