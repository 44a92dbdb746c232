"""What a recovery plan says, typed: which applications come back at the other site, in which order, by what steps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

PLAN_KEYS = (
    *("from", "to", "maintenance", "waves", "networks", "rcg_hosts", "drill_hosts", "steps", "groups", "applications"),
)
WAVE_KEYS = ("lpars", "rcgs", "vms")
GROUP_KEYS = ("name", "after")
MEMBER_KEYS = ("lpars", "pgroups", "pods", "rcgs", "vms")
APPLICATION_KEYS = ("name", "group", "rto", "rpo", "after", *MEMBER_KEYS, "inside", "steps")
STEP_KEYS = ("when", "kinds", "name", "command", "on", "tcp", "http", "ask", "timeout")


class Kind(StrEnum):
    """What is done with a plan.

    ``PLANNED``: production is stopped and nothing lost; ``DISASTER``: the old site is lost or given up. ``DRILL``: all
    of it comes up on copies, in isolation, while production runs on; ``CLEANUP`` takes away what the last drill made.
    ``REPROTECT``: after a failover everything is replicated from where it runs to where it was; ``FAILBACK``: the
    planned run the other way.
    """

    PLANNED = "planned"
    DISASTER = "disaster"
    DRILL = "drill"
    CLEANUP = "cleanup"
    REPROTECT = "reprotect"
    FAILBACK = "failback"


USUAL_KINDS = (Kind.PLANNED, Kind.DISASTER)
"""The kinds of run that a step belongs to where the file does not say."""

STEP_KINDS = (*USUAL_KINDS, Kind.DRILL, Kind.FAILBACK)
"""Those that it can say."""


class MemberKind(StrEnum):
    """What a member is, in the words of the file's keys."""

    LPAR = "lpars"
    PGROUP = "pgroups"
    POD = "pods"
    RCG = "rcgs"
    VM = "vms"


class When(StrEnum):
    """When a step of an application is done.

    ``BEFORE_STOP``: before its LPARs and VMs are stopped, in a planned run or a failback. ``BEFORE_START``: once its
    storage is at the other site, before they are started there. ``AFTER_START``: once they are up, before what comes
    after it.
    """

    BEFORE_STOP = "before-stop"
    BEFORE_START = "before-start"
    AFTER_START = "after-start"


class PlanWhen(StrEnum):
    """When a step of the whole plan is done: before everything else, or once every application is up."""

    FIRST = "first"
    LAST = "last"


class Waves(Struct, frozen=True):
    """How many are acted on at a time: LPARs and VMs being started, remote copy groups being failed over."""

    lpars: int = 32
    rcgs: int = 16
    vms: int = 10


class Command(Struct, frozen=True):
    """A program with its arguments; no shell is asked. ``on`` names a host of the configuration, None: this machine.
    ``timeout_s``: seconds."""

    argv: tuple[str, ...]
    on: str | None
    timeout_s: float


class TcpProbe(Struct, frozen=True):
    """A TCP port that is to answer within ``timeout_s`` seconds."""

    host: str
    port: int
    timeout_s: float


class HttpProbe(Struct, frozen=True):
    """An address that is to answer with a status of 200 to 399 within ``timeout_s`` seconds."""

    url: str
    timeout_s: float


class Prompt(Struct, frozen=True):
    """Something that a person does, and says so."""

    instruction: str


class PlanStep(Struct, frozen=True):
    """A step that is none of a member. ``name`` is how it is shown, ``line`` where it stands in the file, ``kinds`` in
    which kinds of run it is done: what sends clients to the other site belongs into no drill."""

    when: When | PlanWhen
    name: str
    does: Command | TcpProbe | HttpProbe | Prompt
    line: int
    kinds: tuple[Kind, ...] = USUAL_KINDS


class Member(Struct, frozen=True):
    """Something that is failed over with an application. ``name`` is that of an LPAR (``system`` where the file says
    which managed system of the old site it is on), of a protection group or a pod on its source, of a remote copy group
    on its natural primary, or of a ``[[replications]]``."""

    kind: MemberKind
    name: str
    line: int
    system: str | None = None

    @property
    def key(self) -> str:
        """What is the same in every plan that names it."""
        return f"{self.kind}:{self.name}"

    @property
    def computes(self) -> bool:
        """Whether it is stopped and started, and no storage."""
        return self.kind in (MemberKind.LPAR, MemberKind.VM)


class Application(Struct, frozen=True):
    """``after``: the applications that must be up before this one is started; ``inside``: the same among its own LPARs
    and VMs, by name. ``rto_s`` and ``rpo_s`` are its targets in seconds, None: none is set."""

    name: str
    group: str
    line: int
    members: tuple[Member, ...]
    after: tuple[str, ...] = ()
    inside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rto_s: float | None = None
    rpo_s: float | None = None
    steps: tuple[PlanStep, ...] = ()

    def of(self, kind: MemberKind) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.kind is kind)

    def at(self, when: When) -> tuple[PlanStep, ...]:
        """Its steps of that moment, in the order of the file."""
        return tuple(step for step in self.steps if step.when is when)


class Group(Struct, frozen=True):
    """A priority group: its applications are started once those of the groups ``after`` which it comes are up."""

    name: str
    after: tuple[str, ...]
    line: int


class RecoveryPlan(Struct, frozen=True):
    """One file. ``source`` and ``target`` are sites; ``digest`` is the SHA-256 of its bytes, in hex. ``networks``: what
    port groups of VMs are called at the target, where it is another name than that of its ``[[replications]]``;
    ``rcg_hosts`` the same of the hosts that see the volumes of remote copy groups, ``drill_hosts`` of those that see
    them in a drill and see nothing else. ``maintenance``: it is run as planned only while maintenance is open at the
    site that it leaves."""

    name: str
    path: Path
    digest: str
    source: str
    target: str
    groups: tuple[Group, ...]
    applications: tuple[Application, ...]
    waves: Waves = field(default_factory=Waves)
    networks: Mapping[str, str] = field(default_factory=dict)
    rcg_hosts: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[PlanStep, ...] = ()
    drill_hosts: Mapping[str, str] = field(default_factory=dict)
    maintenance: bool = False

    @property
    def members(self) -> tuple[tuple[Application, Member], ...]:
        return tuple((application, member) for application in self.applications for member in application.members)

    def names(self, kind: MemberKind) -> tuple[str, ...]:
        """The members of a kind by name, in the order of the file."""
        return tuple(member.name for _, member in self.members if member.kind is kind)

    def at(self, when: PlanWhen) -> tuple[PlanStep, ...]:
        return tuple(step for step in self.steps if step.when is when)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the configuration that its commands run on."""
        on = [step.does.on for step in self.every_step if isinstance(step.does, Command) and step.does.on is not None]
        return tuple(dict.fromkeys(on))

    def of_kind(self, kind: Kind) -> RecoveryPlan:
        """With the steps of its own that belong into a run of this kind alone."""
        mine = tuple(step for step in self.steps if kind in step.kinds)
        applications = tuple(
            replace(each, steps=tuple(step for step in each.steps if kind in step.kinds)) for each in self.applications
        )
        return replace(self, steps=mine, applications=applications)

    @property
    def every_step(self) -> tuple[PlanStep, ...]:
        """Its own steps and those of its applications."""
        return (*self.steps, *(step for application in self.applications for step in application.steps))
