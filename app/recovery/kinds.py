"""The kinds of step there are, by the names under which the store keeps them."""

from __future__ import annotations

from functools import cache
from typing import Any

from app.recovery.pg import database_steps
from app.recovery.pg import steps as pg_steps
from app.recovery.plan import steps as plan_steps
from app.recovery.pod import steps as pod_steps
from app.recovery.pra import array_steps, drill_steps, hmc_steps, power_steps, reprotect_steps
from app.recovery.rcg import drill_steps as rcg_drill
from app.recovery.rcg import object_steps, provision_steps, role_steps
from app.recovery.step import Step
from app.recovery.vm import autostart_steps, copy_steps
from app.recovery.vm import power_steps as vm_power
from app.recovery.vm import steps as vm_steps
from app.recovery.vmbackup import restore_steps as vm_restore_steps
from app.recovery.vmbackup import steps as vm_backup_steps
from store.recorded import RecordError, from_text, to_text

_KINDS: dict[str, type[Any]] = {
    "rcg.start": role_steps.Start,
    "rcg.stop": role_steps.Stop,
    "rcg.sync": role_steps.Sync,
    "rcg.wait-synced": role_steps.WaitSynced,
    "rcg.failover": role_steps.Failover,
    "rcg.recover": role_steps.Recover,
    "rcg.restore": role_steps.Restore,
    "rcg.reverse": role_steps.Reverse,
    "rcg.switchover": role_steps.Switchover,
    "rcg.create": provision_steps.MakeGroup,
    "rcg.remove": provision_steps.RemoveRcg,
    "rcg.period": provision_steps.Period,
    "rcg.admit": provision_steps.Admit,
    "rcg.dismiss": provision_steps.Dismiss,
    "vv.create": provision_steps.MakeVolume,
    "vv.delete": provision_steps.DeleteVv,
    "vlun.remove": object_steps.Unexport,
    "vlun.create": object_steps.Export,
    "vlun.none": object_steps.Unexported,
    "sv.create": object_steps.Snapshot,
    "sv.set": rcg_drill.TakeSet,
    "sv.remove": rcg_drill.DropSnapshot,
    "db.begin": database_steps.BeginBackup,
    "db.end": database_steps.EndBackup,
    "pg.snapshot": pg_steps.TakeSnapshot,
    "pg.send": pg_steps.SendTaken,
    "pg.arrived": pg_steps.WaitArrived,
    "pg.restore": pg_steps.RestoreAll,
    "volume.keep": pg_steps.KeepVolumes,
    "volume.overwrite": pg_steps.Overwrite,
    "volume.tag": pg_steps.WriteTag,
    "volume.make": array_steps.MakeVolume,
    "host.make": array_steps.MakeHost,
    "host.wwns": array_steps.AddWwns,
    "host.connect": array_steps.Connect,
    "drill.mark": drill_steps.MarkVolume,
    "drill.destroy": drill_steps.DestroyVolume,
    "drill.profile": drill_steps.MakeProfile,
    "host.disconnect": array_steps.Disconnect,
    "pg.schedule": pg_steps.SetSchedule,
    "pg.make": reprotect_steps.MakeGroup,
    "pg.members": reprotect_steps.AddMembers,
    "pg.target": reprotect_steps.AddTarget,
    "pg.allow": reprotect_steps.AllowTarget,
    "pg.every": reprotect_steps.SetEvery,
    "volume.pair": reprotect_steps.PairSource,
    "lpar.stop": power_steps.StopLpar,
    "lpar.activate": power_steps.ActivateLpar,
    "lpar.up": power_steps.WaitUp,
    "lpar.define": hmc_steps.DefineLpar,
    "lpar.redefine": hmc_steps.RedefineLpar,
    "vios.server": hmc_steps.AddServer,
    "vios.keep": hmc_steps.KeepServer,
    "vios.map": hmc_steps.MapPort,
    "volume.untag": pg_steps.DropTag,
    "pod.demote": pod_steps.Demote,
    "pod.discard": pod_steps.Discard,
    "pod.promote": pod_steps.Promote,
    "pod.undo": pod_steps.Undo,
    "pod.replicating": pod_steps.WaitReplicating,
    "vm.freeze": vm_steps.Freeze,
    "vm.thaw": vm_steps.Thaw,
    "vm.revert": vm_steps.RevertTo,
    "vm.mark": vm_steps.Mark,
    "vm.complete": vm_steps.Complete,
    "vm.stop": vm_steps.StopVm,
    "vm.cards": vm_steps.Cards,
    "vm.destroy": vm_steps.Destroy,
    "vm.rename": vm_steps.Rename,
    "vm.autostart": autostart_steps.WithHost,
    "vm.clone": copy_steps.CloneVm,
    "vm.carry": copy_steps.CarryVm,
    "vm.start": vm_power.StartVm,
    "vm.up": vm_power.WaitVm,
    "vmbackup.export": vm_backup_steps.ExportVm,
    "vmbackup.seal": vm_backup_steps.SealBackup,
    "vmbackup.clear": vm_backup_steps.ClearPartial,
    "vmbackup.drop": vm_backup_steps.DropBackup,
    "vmbackup.restore": vm_restore_steps.RestoreVm,
    "plan.command": plan_steps.RunCommand,
    "plan.tcp": plan_steps.ProbeTcp,
    "plan.http": plan_steps.ProbeHttp,
    "plan.ask": plan_steps.Ask,
    "plan.reached": plan_steps.Reached,
}


FRESH = frozenset({"lpar.activate", "vm.start"})
"""Kinds of step whose verb rests on looks of its very moment: what goes live twice cannot be taken back."""


class UnknownStepError(ValueError):
    """The store keeps a step that this program does not know, or not in this form."""


ASKED = frozenset({"plan.command"})
"""Kinds of step of which no look tells whether they were done: where that is not known they are done anew on the word
of a person about that very step, and on nothing else."""


def made(kind: str, params: str) -> Step:
    """The step out of its stored kind and parameters. Raises :class:`UnknownStepError`."""
    if kind not in _KINDS:
        raise UnknownStepError(f"a step of kind {kind!r}: this program does not know it")
    try:
        step: Step = from_text(_KINDS[kind], params)
    except RecordError as error:
        raise UnknownStepError(f"a step of kind {kind}: {error}") from None
    return step


def stored(step: Step) -> tuple[str, str]:
    """Kind and parameters of a step, as the store keeps them."""
    return _names()[type(step)], to_text(step)


@cache
def _names() -> dict[type, str]:
    return {cls: kind for kind, cls in _KINDS.items()}
