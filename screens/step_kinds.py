"""What the kinds of step are called where many are counted together, and how far each has come. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from screens.cells import Cell, Line, Tone, line_width
from screens.status import GLYPHS
from store.runs import SETTLED, PlannedStep, Run, StepState

MANY = 20
"""Beyond so many steps they are counted by kind too."""

_WORDS = {
    "rcg.start": ("start", "start replication"),
    "rcg.stop": ("stop", "stop replication"),
    "rcg.sync": ("synchronise", "synchronise"),
    "rcg.wait-synced": ("synced", "wait until all is in sync"),
    "rcg.failover": ("fail over", "fail a group over"),
    "rcg.recover": ("recover", "recover a group"),
    "rcg.restore": ("restore", "restore a group"),
    "rcg.reverse": ("reverse", "reverse roles"),
    "rcg.switchover": ("switch over", "switch a group over"),
    "rcg.create": ("make", "make a group"),
    "rcg.remove": ("remove", "remove a group"),
    "rcg.period": ("period", "set a period"),
    "rcg.admit": ("admit", "replicate a volume"),
    "rcg.dismiss": ("dismiss", "replicate a volume no longer"),
    "vv.create": ("make", "make a volume"),
    "vv.delete": ("delete", "delete a volume"),
    "vlun.remove": ("take away", "take a volume away from a host"),
    "vlun.create": ("show", "show a volume to a host"),
    "vlun.none": ("unseen", "see that no host has a volume"),
    "sv.create": ("keep", "keep a snapshot"),
    "sv.set": ("snapshots", "take snapshots of one moment"),
    "sv.remove": ("remove", "remove a snapshot"),
    "pg.snapshot": ("snapshot", "take a snapshot of a protection group"),
    "pg.send": ("send", "send a snapshot to a target"),
    "pg.arrived": ("arrived", "wait until a snapshot is there"),
    "pg.restore": ("restore", "restore a protection group"),
    "volume.keep": ("keep", "keep what is overwritten"),
    "volume.overwrite": ("overwrite", "overwrite a volume"),
    "volume.tag": ("tag", "write a pairing tag"),
    "volume.pair": ("pair", "pair a volume at home"),
    "volume.untag": ("untag", "take a pairing tag off"),
    "db.begin": ("begin backup", "put a database into backup mode"),
    "db.end": ("end backup", "take a database out of backup mode"),
    "pod.demote": ("demote", "demote a pod"),
    "pod.discard": ("discard", "demote a pod without its writes"),
    "pod.promote": ("promote", "promote a pod"),
    "pod.undo": ("undo", "promote a pod with what a demotion kept"),
    "pod.replicating": ("replicating", "wait until a pod replicates"),
    "vm.freeze": ("snapshot", "take a snapshot of a VM"),
    "vm.thaw": ("remove", "remove a snapshot of a VM"),
    "vm.revert": ("revert", "take a VM back to a snapshot"),
    "vm.mark": ("mark", "mark a VM"),
    "vm.complete": ("complete", "check a copy, and mark it complete"),
    "vm.stop": ("stop", "stop a VM"),
    "vm.cards": ("networks", "set networks and MACs of a VM"),
    "vm.destroy": ("destroy", "destroy a copy of a VM"),
    "vm.rename": ("rename", "rename a VM"),
    "vm.autostart": ("auto-start", "set whether a VM starts with its host"),
    "vm.clone": ("clone", "clone a VM"),
    "vm.carry": ("carry", "carry a VM to another server"),
    "vm.start": ("power on", "power a VM on"),
    "vm.up": ("up", "wait until a VM is up"),
    "volume.make": ("make", "make a volume"),
    "host.make": ("host", "make a host"),
    "host.wwns": ("WWNs", "add WWNs to a host"),
    "host.connect": ("show", "show a volume to a host"),
    "host.disconnect": ("take away", "take a volume away from a host"),
    "drill.mark": ("mark", "mark a volume as the drill's"),
    "drill.destroy": ("destroy", "destroy a volume of the drill"),
    "drill.profile": ("profile", "make a profile for the drill"),
    "pg.schedule": ("schedule", "switch a replication schedule"),
    "pg.make": ("make group", "make a protection group"),
    "pg.members": ("members", "add members to a protection group"),
    "pg.target": ("target", "add a target to a protection group"),
    "pg.allow": ("allow", "allow replication to a target"),
    "pg.every": ("interval", "set a replication interval"),
    "lpar.stop": ("stop", "stop an LPAR"),
    "lpar.activate": ("activate", "activate an LPAR"),
    "lpar.up": ("up", "wait until an LPAR answers"),
    "lpar.define": ("define", "define an LPAR"),
    "lpar.redefine": ("correct", "correct a definition"),
    "vios.server": ("VIOS adapter", "add an adapter to a VIOS"),
    "vios.keep": ("VIOS profile", "keep an adapter in the profile of a VIOS"),
    "vios.map": ("map", "map an adapter to a port"),
    "plan.command": ("command", "run a command"),
    "plan.tcp": ("probe", "wait until a port answers"),
    "plan.http": ("probe", "wait until an address answers"),
    "plan.ask": ("person", "ask a person"),
    "plan.reached": ("reached", "reach a point of the plan"),
    "vmbackup.export": ("export", "export a VM to the directory for backups"),
    "vmbackup.seal": ("verify", "verify a backup"),
    "vmbackup.clear": ("clear", "delete what is left of a backup"),
    "vmbackup.drop": ("retention", "delete a backup that a schedule made"),
    "vmbackup.restore": ("restore", "import a VM from a backup"),
}
"""The kinds: in a word, and in a sentence about one."""


def word(kind: str) -> str:
    """The kind in a word; one that is not known by its own name."""
    return _WORDS.get(kind, (kind, kind))[0]


def sentence(kind: str) -> str:
    """The kind in a sentence about one step."""
    return _WORDS.get(kind, (kind, kind))[1]


class Heap(Struct, frozen=True):
    """Steps of one kind on one device: how many there are, and how many are destructive."""

    kind: str
    device: str
    count: int
    destructive: int


def heaps(steps: Sequence[PlannedStep]) -> list[Heap]:
    """The steps by kind and device, in the order of the first of each."""
    counts = Counter((step.kind, step.device) for step in steps)
    bad = Counter((step.kind, step.device) for step in steps if step.destructive)
    return [Heap(kind, device, count, bad[kind, device]) for (kind, device), count in counts.items()]


def phase_lines(run: Run, width: int) -> tuple[Line, ...]:
    """How far each kind of step has come; nothing for a run of few steps."""
    undoes = run.plan.undoes
    kinds = {step.id: step.kind for step in run.plan.steps if step.id not in undoes}
    if len(kinds) <= MANY:
        return ()
    states: dict[str, Counter[StepState]] = {}
    for record in run.steps:
        if record.id in kinds:
            states.setdefault(kinds[record.id], Counter())[record.state] += 1
    return tuple(_flowed([_phase(kind, states[kind]) for kind in states], width))


def _phase(kind: str, states: Counter[StepState]) -> Cell:
    total, done = states.total(), sum(states[state] for state in SETTLED)
    stuck = states[StepState.FAILED] + states[StepState.UNKNOWN]
    begun = done or states[StepState.RUNNING]
    tone = Tone.BAD if stuck else Tone.OK if done == total else Tone.BUSY if begun else Tone.OFF
    failed = f" {stuck} stuck" if stuck else ""
    return Cell(f"{GLYPHS[tone]} {word(kind)} {done}/{total}{failed}", tone)


def _flowed(cells: Sequence[Cell], width: int) -> Iterator[Line]:
    line: list[Cell] = []
    for cell in cells:
        if line and line_width(tuple(line)) + 2 + cell.width > width:
            yield tuple(line)
            line = []
        line += [cell] if not line else [Cell("  "), cell]
    if line:
        yield tuple(line)
