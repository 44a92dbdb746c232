"""Machines of the lab under any order of verbs: power, workload and snapshots stay in step."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from backends.lab.clock import Clock
from backends.lab.vsphere import changes, machines
from backends.lab.vsphere.records import Refusal, Task
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import World
from store.estate import PowerState, SiteRole


class Machines(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(clock=Clock(1_790_000_000.0, speed=0))
        self.world.add_site("paris", SiteRole.PROD)
        self.state = VSphereState(self.world, "vc", "paris")
        self.state.add_datacenter("DC")
        self.state.add_host("esx1")
        segment = self.world.add_segment("prod")
        network = self.state.add_network("PROD", segment)
        store = self.state.add_datastore("ds", 10_000 * GIB)
        self.vm = self.state.add_vm("a", store, networks=(network,))
        self.newest = 0

    @rule(verb=st.sampled_from([machines.power_on, machines.power_off, machines.suspend, machines.reset]))
    def power(self, verb: object) -> None:
        with self.world.turn():
            before = self.vm.power
            task = verb(self.state, self.vm)  # type: ignore[operator]
            assert isinstance(task, Task)
            if task.fault is not None and task.fault.fault == "InvalidPowerState":
                assert task.fault.fields["existingState"] is before

    @rule(again=st.booleans())
    def guest(self, again: bool) -> None:
        with self.world.turn():
            try:
                machines.guest_shutdown(self.state, self.vm, again=again)
            except Refusal as refusal:
                assert refusal.fault in ("InvalidPowerState", "ToolsUnavailable")

    @rule(memory=st.booleans())
    def snapshot(self, memory: bool) -> None:
        with self.world.turn():
            machines.create_snapshot(self.state, self.vm, "s", "", memory=memory, quiesce=True)

    @rule(pick=st.integers(0, 5), children=st.booleans())
    def unsnapshot(self, pick: int, children: bool) -> None:
        with self.world.turn():
            known = list(machines.walk(self.vm.roots))
            if known and self.vm.busy is None:
                machines.remove_snapshot(self.state, known[pick % len(known)], children=children)

    @rule(pick=st.integers(0, 5))
    def revert(self, pick: int) -> None:
        with self.world.turn():
            known = list(machines.walk(self.vm.roots))
            if known and self.vm.busy is None:
                machines.revert(self.state, known[pick % len(known)])

    @rule(cpus=st.integers(1, 8))
    def reconfigure(self, cpus: int) -> None:
        with self.world.turn():
            version = changes.version_of(self.vm)
            running = self.vm.power is not PowerState.OFF
            resized = cpus != self.vm.home.cpus
            task = changes.reconfigure(self.state, self.vm, changes.Changes(cpus=cpus))
            if running and resized:
                assert task.fault is not None
                assert changes.version_of(self.vm) == version

    @rule(seconds=st.floats(0.01, 30))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    @invariant()
    def the_workload_runs_exactly_while_the_machine_is_on(self) -> None:
        assert self.vm.writer.running == (self.vm.power is PowerState.ON)
        assert not (self.vm.tools_running and self.vm.power is not PowerState.ON)

    @invariant()
    def the_snapshot_tree_is_whole(self) -> None:
        known = list(machines.walk(self.vm.roots))
        assert all(one.moid in self.state.objects for one in known)
        assert all((one.above is None) == (one in self.vm.roots) for one in known)
        assert self.vm.current is None or self.vm.current in known

    @invariant()
    def one_machine_alone_breaks_no_rule(self) -> None:
        assert self.world.referee.violations == []


Machines.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestMachines = Machines.TestCase
