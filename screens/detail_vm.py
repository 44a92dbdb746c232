"""The detail of a VM: the source and its replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.detail import Detail
from screens.facts_vm import parts
from screens.pairing import vm_pair, vm_uuid
from screens.replications import Replications
from screens.run_messages import ActsAsked, CheckAsked
from screens.scene import Scene
from screens.side_by_side import Part
from screens.vm_offers import asked
from screens.vm_readiness import names_of
from store.estate import VirtualMachine
from store.records import Entry


class VmDetail(Detail):
    PLACE = Place.VM
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.VM)]
    PANE = "replicas"
    KIND = "vm"
    FURTHER = "Replicas"

    def heading(self, scene: Scene) -> str:
        vm = scene.entry("vm", self.key).obj
        return f"VM {vm.name}" if isinstance(vm, VirtualMachine) else self.key

    def parts(self, scene: Scene) -> Sequence[Part]:
        entry = scene.entry("vm", self.key)
        known = Replications(self.around.replicated, self.around.runs.standings).of_entry(entry)
        return parts(scene, entry, self.around.samples.of_vm(vm_uuid(entry)), known)

    def runs_changed(self) -> None:
        self.redraw()

    def sources(self, scene: Scene) -> Sequence[Entry]:
        entry = scene.view.get("vm", self.key)
        if entry is None:
            return ()
        pair = vm_pair(scene, entry)
        return pair.replicas if pair.source is None else (pair.source, *pair.replicas)

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_vm(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def do_check(self) -> None:
        self.post_message(CheckAsked(names_of(self.around.scene(), (self.key,)), vms=True))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), (self.key,), self.around.replicated, self.around.runs.standings)
