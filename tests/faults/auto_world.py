"""A lab of two sites for stories of outages: machines at Paris, their replicas at Lyon, a console at Lyon, and all that
can come between them. What a witness says is taken from the world in the process; the doors are in auto_doors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.auto_records import AutoGroup, AutoMode, Endpoint
from app.recovery.auto.gather import Seen
from app.recovery.auto.port import Drawn, Drill, Outcome, Powers, Result
from app.recovery.auto.rules import Finding, Member, Replicas
from backends.lab.clock import Clock
from backends.lab.volumes import Image, Segment
from backends.lab.vsphere import machines
from backends.lab.vsphere.records import Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import World
from store.auto_records import Answer, Part, Says
from store.estate import PowerState, SiteRole
from store.readiness import Verdict
from store.runs import Plan

EPOCH = 1_790_000_000.0
PASS_S = 300.0


@dataclass
class Cuts:
    """What is broken beside the power of Paris. ``lies``: what a witness says whatever is true. ``late``: whose answers
    come too late. ``neighbour``: another device at Paris follows the site, answers come what may, or says nothing."""

    uplink: bool = False  # the console reaches neither its gateway nor anything
    wan: bool = False  # the console and Lyon do not reach Paris; the path of its own still does
    links: bool = False  # the replication link alone
    isolated: bool = False  # Paris reaches nobody, and its hosts power their machines off
    center: bool = False  # the hypervisor's server at Paris is broken; the machines run on
    dr: bool = False  # the hypervisor of Lyon does not answer
    lies: dict[Part, Says] = field(default_factory=dict)
    late: set[Part] = field(default_factory=set)
    neighbour: str = "follows"  # "alive", "mute"
    incomplete: set[str] = field(default_factory=set)


@dataclass
class Paired:
    source: Vm
    replica: Vm
    frozen: float


class AutoWorld:
    """The two sites on a virtual clock that only :meth:`pass_time` moves."""

    def __init__(self, groups: Sequence[int], brake: int) -> None:
        """``groups``: how many machines each has."""
        self.clock_s = Clock(EPOCH, speed=0)
        self.world = World(clock=self.clock_s)
        self.world.add_site("paris", SiteRole.PROD, l2_stretched=True)
        self.world.add_site("lyon", SiteRole.DR, l2_stretched=True)
        prod = self.world.add_segment("prod")
        self.paris, self.lyon = (self._center(name, site, prod) for name, site in (("vc-p", "paris"), ("vc-l", "lyon")))
        self.pairs: dict[str, Paired] = {}
        self.groups: list[AutoGroup] = []
        self.brake = brake
        for number, count in enumerate(groups):
            names = tuple(f"vm{number}{letter}" for letter in "abc"[:count])
            for name in names:
                self.pairs[name] = self._pair(name)
            self.groups.append(self._group(f"g{number}", names))
        self.cuts = Cuts()
        self.passing = True
        self.digests = {group.name: "as drilled" for group in self.groups}
        self.drills = {group.name: self.now() for group in self.groups}
        self.acted = False
        self.started: list[str] = []
        self.dies_when_firing = False

    @staticmethod
    def _group(name: str, vms: tuple[str, ...]) -> AutoGroup:
        path = Endpoint("192.0.2.9", 22)
        return AutoGroup(name, "vc-p", "vc-l", "paris", "lyon", vms, "array-l", path, "192.0.2.77", AutoMode.AUTOMATIC)

    def _center(self, name: str, site: str, prod: object) -> VSphereState:
        state = VSphereState(self.world, name, site)
        state.add_datacenter("DC")
        state.add_host(f"esx.{site}", state.add_cluster("cluster"))
        state.add_datastore("ds", 4096 * GIB)
        state.add_network("PROD", prod)  # type: ignore[arg-type]
        return state

    def _pair(self, name: str) -> Paired:
        image = Image(name, "disk0", (Segment("installed", 1000),))
        made = []
        for state, called, running in ((self.paris, name, True), (self.lyon, f"{name}_replica", False)):
            vm = state.add_vm(
                called, state.datastores[0], disks=(GIB,), images=(image,), networks=(state.networks[0],),
                macs=(f"0050563F{len(self.pairs):04X}",), running=running,
            )  # fmt: skip
            made.append(vm)
        return Paired(made[0], made[1], EPOCH)

    # ------------------------------------------------------------------------------------------------------- time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock_s.now(), UTC)

    def pass_time(self, seconds: float) -> None:
        """Time goes on, and every five minutes the replication passes where it can."""
        before = self.clock_s.now()
        self.clock_s.advance(seconds)
        with self.world.turn() as now:
            if int(before // PASS_S) != int(now // PASS_S):
                self._replicate(now)

    def _replicate(self, now: float) -> None:
        cuts = self.cuts
        cut = cuts.wan or cuts.links or cuts.isolated or self.world.sites["paris"].dark
        for pair in self.pairs.values():
            if self.passing and not cut and not pair.replica.writer.running:
                image = pair.source.home.disks[0].volume.image(now)
                self.world.replace_image(pair.replica.home.disks[0].volume, image, "replication pass")
                pair.frozen = now

    # ------------------------------------------------------------------------------------------------- what happens

    def dark(self, dark: bool, autostart: bool = False) -> None:
        """Paris loses its power, or has it back, and then starts its machines by itself or not."""
        with self.world.turn():
            were = [pair.source for pair in self.pairs.values() if pair.source.power is PowerState.ON]
            self.world.set_dark("paris", dark)
            if dark:
                self._were_on = were
            elif autostart and not self.cuts.isolated:
                for vm in getattr(self, "_were_on", []):
                    if vm.power is PowerState.OFF:
                        machines.start(self.paris, vm)

    def shut_down(self, name: str) -> None:
        """Somebody powers a machine off on purpose."""
        with self.world.turn():
            vm = self.pairs[name].source
            if vm.power is PowerState.ON:
                self.paris.stopped(vm)

    def start(self, name: str) -> None:
        with self.world.turn():
            vm = self.pairs[name].source
            if vm.power is PowerState.OFF and not self.world.sites["paris"].dark and not self.cuts.isolated:
                machines.start(self.paris, vm)

    def isolate(self) -> None:
        """Paris reaches nobody; its hosts find that out and power their machines off."""
        self.cuts.isolated = True
        with self.world.turn():
            for pair in self.pairs.values():
                if pair.source.power is PowerState.ON:
                    self.paris.stopped(pair.source)

    # --------------------------------------------------------------------------------------------- what is true now

    def truly(self, part: Part) -> Says:
        """What an honest witness says now."""
        cuts, dark = self.cuts, self.world.sites["paris"].dark
        gone = dark or cuts.isolated
        if part is Part.API:
            return Says.DOWN if gone or cuts.wan or cuts.uplink or cuts.center else Says.UP
        if part is Part.LINK:
            if cuts.uplink:
                return Says.UNKNOWN  # the array at Lyon cannot be asked
            return Says.DOWN if gone or cuts.wan or cuts.links else Says.UP
        return Says.DOWN if gone else Says.UP

    def said(self, part: Part) -> Says:
        """While the other two are cut off by the network, the path alone knows that Paris runs: a lie of it then would
        be a second fault at once, which no rule of two out of three can see."""
        lie = self.cuts.lies.get(part)
        if lie is None or (part is Part.PATH and lie is Says.DOWN and self.cuts.wan):
            return self.truly(part)
        return lie

    def off(self, group: AutoGroup) -> tuple[str, ...]:
        return tuple(name for name in group.vms if self.pairs[name].source.power is not PowerState.ON)

    def neighbour(self) -> bool | None:
        """Whether another device at Paris is silent."""
        if self.cuts.neighbour == "mute":
            return None
        cut = self.cuts.wan or self.cuts.uplink or self.cuts.isolated
        return (cut or self.world.sites["paris"].dark) and self.cuts.neighbour != "alive"

    def dr_answers(self) -> bool:
        return not (self.cuts.dr or self.cuts.uplink)


@dataclass
class WorldEyes:
    """As :class:`app.recovery.auto.gather.Eyes`, without the doors."""

    at: AutoWorld

    def look(self, groups: Sequence[AutoGroup], suspected: Callable[[AutoGroup], bool]) -> dict[str, Seen]:
        return {group.name: self._seen(group) for group in groups}

    def _seen(self, group: AutoGroup) -> Seen:
        world, now = self.at, self.at.now()
        answers = tuple(self._answer(part, now) for part in Part)
        heard = world.said(Part.API) is Says.UP
        silent = world.neighbour()
        verdict = {True: Verdict.HOLDS, False: Verdict.FAILS, None: Verdict.UNKNOWN}[silent]
        recovery = WorldRecovery(world)
        return Seen(
            answers=answers,
            off=world.off(group) if heard else None,
            gateway=Finding(Verdict.FAILS if world.cuts.uplink else Verdict.HOLDS, "the gateway", now),
            dr=Finding(Verdict.HOLDS if world.dr_answers() else Verdict.FAILS, "Lyon", now),
            site=Finding(verdict, "the HMC of Paris", now),
            replicas=recovery.replicas(group),
            drill=recovery.drill(group),
            digest=recovery.digest(group),
        )

    def _answer(self, part: Part, now: datetime) -> Answer:
        at = datetime.fromtimestamp(now.timestamp() - 90, UTC) if part in self.at.cuts.late else now
        return Answer(part, self.at.said(part), f"{part} {self.at.said(part)}", at)


@dataclass
class WorldRecovery:
    """As :class:`app.recovery.auto.port.Recovery`: the replicas of the lab, powered on where it is decided."""

    at: AutoWorld
    plans: int = 0

    def replicas(self, group: AutoGroup) -> Replicas | None:
        if not self.at.dr_answers():
            return None
        return Replicas(tuple(self._member(name) for name in group.vms), 0.0, self.at.now())

    def _member(self, name: str) -> Member:
        pair = self.at.pairs[name]
        frozen = None if name in self.at.cuts.incomplete else datetime.fromtimestamp(pair.frozen, UTC)
        return Member(name, frozen, pair.replica.power is not PowerState.OFF, "of the lab")

    def targets(self, group: AutoGroup) -> tuple[str, ...]:
        return ()

    def powers(self, group: AutoGroup) -> Powers:
        return Powers(None, any(self.at.pairs[name].replica.power is PowerState.ON for name in group.vms))

    def checks(self, group: AutoGroup) -> tuple[()]:
        return ()

    def drill(self, group: AutoGroup) -> Drill:
        return Drill(self.at.drills[group.name], "as drilled")

    def digest(self, group: AutoGroup) -> str:
        return self.at.digests[group.name]

    def fence(self, group: AutoGroup) -> Finding:
        return Finding(Verdict.UNKNOWN, "the source is silent", self.at.now())

    def plan_disaster(self, group: AutoGroup) -> Drawn:
        return Drawn("run", Plan("vm failover", f"failover of {group.name}", group.targets, self.at.now()))

    def propose(self, drawn: Drawn) -> str:
        self.plans += 1
        return f"prepared {self.plans}"

    def run(self, group: AutoGroup, drawn: Drawn, armed: object, began: Callable[[str], None]) -> Outcome:
        began(f"run of {group.name}")
        with self.at.world.turn():
            for name in group.vms:
                machines.start(self.at.lyon, self.at.pairs[name].replica)
        self.at.started.append(group.name)
        return Outcome(Result.DONE, f"{len(group.vms)} machines run at Lyon")
