"""What the campaigns do to VMs that are replicated or backed up: the cases, an estate to try them on, and a run of
each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from app.recovery.attempt import Pace
from app.recovery.runner import Runner
from app.recovery.vm import operate
from app.recovery.vm.failover_plan import Asked
from app.recovery.vmbackup import facts, folders
from app.recovery.vmbackup import operate as backups
from app.recovery.vmbackup.restore_plan import Asked as Restored
from app.settings import load
from backends.lab.faults import FaultKind
from backends.lab.vsphere.records import Vm
from store.estate import PowerState
from store.runs import Plan, Run, RunState
from tests.faults import ranges
from tests.faults.ranges import next_run_id
from tests.faults.vm_estate import VmEstate, vm_estate

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=0.2, busy_s=0.1, retries=5)
ON, OFF = PowerState.ON, PowerState.OFF
NOTHING = "nothing is sent"


@dataclass(frozen=True)
class Case:
    """What is done to a VM. ``dark``: its site is away meanwhile; ``within``: both sides are of one vCenter."""

    verb: str
    dark: bool = False
    within: bool = False

    @property
    def name(self) -> str:
        return f"{self.verb}{' of a dark site' if self.dark else ''}{' within one vCenter' if self.within else ''}"


CASES = (
    Case("replicate"),
    Case("replicate", within=True),
    Case("failover"),
    Case("disaster"),
    Case("disaster", dark=True),
    Case("drill"),
    Case("cleanup"),
    Case("undo"),
    Case("failback"),
    Case("backup"),
    Case("restore"),
)


@dataclass
class Range(ranges.Range[VmEstate]):
    """VMs at paris, each replicated to lyon."""

    cases = CASES
    kinds: ClassVar[tuple[FaultKind, ...]] = tuple(FaultKind)
    sent: ClassVar[Mapping[str, str]] = {
        "vm.freeze": "CreateSnapshot_Task",
        "vm.thaw": "RemoveSnapshot_Task",
        "vm.revert": "RevertToSnapshot_Task",
        "vm.mark": "ReconfigVM_Task",
        "vm.complete": "ReconfigVM_Task",
        "vm.cards": "ReconfigVM_Task",
        "vm.stop": "ShutdownGuest",
        "vm.stop at once": "PowerOffVM_Task",
        "vm.destroy": "Destroy_Task",
        "vm.rename": "Rename_Task",
        "vm.clone": "CloneVM_Task",
        "vm.carry": "ImportVApp",
        "vm.start": "PowerOnVM_Task",
        "vmbackup.export": "ExportSnapshot",
        "vmbackup.seal": NOTHING,
        "vmbackup.restore": "ImportVApp",
    }
    repeats: ClassVar[frozenset[str]] = frozenset(
        {"ImportVApp", "ReconfigVM_Task", "Destroy_Task", "ExportSnapshot", NOTHING}
    )
    """An import that was cut off goes away with its lease, or is destroyed before it is made anew; a mark is written by
    more than the step that is for it; an export changes nothing."""

    def plan(self, case: Case, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        name = self.estate.fresh(within=case.within)
        settings = load(self.estate.config)
        root = self.estate.directory / "backups"
        root.mkdir(exist_ok=True)
        self.operations.settings = replace(self.operations.settings, replications=settings.replications, backups=root)
        drill = self._before(case, name)
        if case.dark:
            self.estate.set_dark(True)
        run_id = next_run_id()
        return self.agreed(run_id, plan := self._planned(case.verb, name, drill, run_id), limit_s), plan, name

    def _planned(self, verb: str, name: str, drill: str, run_id: str) -> Plan:
        match verb:
            case "replicate":
                return operate.plan_pass(self.operations, [name], run_id)
            case "failover":
                return operate.plan_failover(self.operations, [name], Asked(), run_id)
            case "disaster":
                return operate.plan_failover(self.operations, [name], Asked(disaster=True), run_id)
            case "drill":
                return operate.plan_drill(self.operations, [name], run_id)
            case "cleanup":
                return operate.plan_cleanup(self.operations, drill, run_id)
            case "undo":
                return operate.plan_undo(self.operations, [name], run_id)
            case "backup":
                return backups.plan_backup(self.operations, [name], run_id, datetime.now(UTC))
            case "restore":
                asked = Restored("vc-lyon", f"{name}_again", networks={"PROD": "PROD-L"})
                return backups.plan_restore(self.operations, self._backup(name).folder.relative, asked, run_id)
            case _:
                return operate.plan_failback(self.operations, [name], run_id)

    def _backup(self, name: str) -> folders.Kept:
        kept, left = folders.scan(self.estate.directory / "backups")
        assert not left
        (mine,) = [one for one in kept if one.facts is not None and one.facts.vm == name]
        return mine

    def _before(self, case: Case, name: str) -> str:
        """What happened to the VM before. Returns the id of its drill, where there was one."""
        drill = next_run_id()
        if case.verb == "restore":
            self._done("backup", name, next_run_id())
        elif not (case.verb == "backup" or (case.verb == "replicate" and case.within)):
            self._done("replicate", name, next_run_id())
        if case.verb == "cleanup":
            self._done("drill", name, drill)
        if case.verb in ("undo", "failback"):
            self._done("failover", name, next_run_id())
        return drill

    def _done(self, verb: str, name: str, run_id: str) -> None:
        plan = self._planned(verb, name, "", run_id)
        assert not plan.refused, (plan.name, plan.refused)
        self.operations.agree(run_id, plan, plan.confirm)
        run = Runner(self.ledger, self.operations.devices, "before", PACE).run(run_id, wait_for_operator=False)
        assert run.state is RunState.SUCCEEDED, [(step.reason, step.answer) for step in run.steps]

    def watched(self, case: Case, run: Run, name: str) -> Callable[[], str | None]:
        with self.estate.world.turn():
            losses = len(self.estate.world.referee.losses)

        def wrong() -> str | None:
            with self.estate.world.turn():
                found = [*self._lacking(case, run, name), *self._lost(run, name, losses)]
            return "; ".join(found) or None

        return wrong

    def _lost(self, run: Run, name: str, before: int) -> Iterator[str]:
        """No more than was agreed to: n + 1 writes, a second apart, are made in little more than n seconds."""
        for loss in self.estate.world.referee.losses[before:]:
            bound = run.plan.loss_s
            if loss.origin == name and not loss.drill and bound is not None and loss.seconds > bound + 1.0:
                yield f"{loss.seconds} s were lost, {bound} s were agreed to"

    def _lacking(self, case: Case, run: Run, name: str) -> Iterator[str]:
        """What the world does not hold that it must."""
        if case.verb in ("backup", "restore"):
            yield from self._not_kept(name)
            yield from self._left([self.estate.paris.vm(name)], f"drdeck-{run.id}")
            yield from self._not_restored(name) if case.verb == "restore" else ()
            return
        source, target = self.estate.paris, self.estate.paris if case.within else self.estate.lyon
        replicas = [vm for vm in target.vms() if vm.home.extra.get("drdeck.replication") == name]
        whole = [vm for vm in replicas if vm.home.extra.get("drdeck.replica.complete") == "true"]
        wanted = 2 if case.verb in ("failover", "undo", "failback") or case == Case("replicate") else 1
        if len(replicas) != wanted or len(whole) != wanted:
            yield f"{len(whole)} of {len(replicas)} copies are complete, {wanted} are wanted"
        home, there = source.vm(name).power, max((vm.power for vm in replicas), key=lambda p: p is ON, default=OFF)
        on = {"failover": (OFF, ON), "disaster": (OFF, ON)}.get(case.verb, (ON, OFF))
        if (home, there) != on:
            yield f"it is {home} at home and {there} at the other side"
        drills = target.vms(f"{name}_drill_")
        if [vm.power for vm in drills] != ([ON] if case.verb == "drill" else []):
            yield f"drills: {[(vm.name, vm.power) for vm in drills]}"
        yield from self._left([*source.vms(name), *replicas], f"drdeck-{run.id}")
        if case.verb == "failback" and source.vm(name).home.disks[0].volume.stored.origin != name:
            yield "it does not hold its own data"

    def _not_kept(self, name: str) -> Iterator[str]:
        """What there is of its backup that is not whole."""
        kept, left = folders.scan(self.estate.directory / "backups")
        mine = [one.facts for one in kept if one.facts is not None and one.facts.vm == name]
        if len(mine) != 1 or mine[0].verified_at is None or left:
            yield f"{len(mine)} backups, and not whole: {[one.path for one in left]}"
        for one in kept:
            if one.facts is not None:
                facts.agreed(one.folder.final, one.facts)

    def _not_restored(self, name: str) -> Iterator[str]:
        made = self.estate.lyon.vms(f"{name}_again")
        if [(vm.power, vm.busy, vm.home.disks[0].volume.stored.origin) for vm in made] != [(OFF, None, name)]:
            yield f"restored: {[(vm.name, vm.power, vm.busy) for vm in made]}"

    @staticmethod
    def _left(vms: list[Vm], snapshot: str) -> Iterator[str]:
        for vm in vms:
            if any(one.name == snapshot for one in vm.roots):
                yield f"{vm.name} still has the snapshot {snapshot}"


@contextmanager
def ready(directory: Path, call_s: float | None = None) -> Iterator[Range]:
    """An estate whose leases end soon, and a console on it."""
    with vm_estate(directory) as estate:
        for one in (estate.paris, estate.lyon):
            one.state.lease_s = 2
        with ranges.console(Range, estate, directory, call_s) as at:
            yield at
