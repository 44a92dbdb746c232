"""What a run of a recovery plan is about, kept with its plan: the file, priority groups, applications with their
members, which steps are whose, and what each application should come to. Plain records; spans in seconds."""

from __future__ import annotations

from collections.abc import Iterator

from store.record import Record


class RunMember(Record, frozen=True):
    """An LPAR, a protection group, a pod, a remote copy group or a VM: ``kind`` in the word of the file's key.
    ``steps`` are the ids of its own, of a protection group those that its LPARs share; ``start`` the one by which it
    comes up, and ``up`` those after which it serves, after ``p50_s`` as the prediction says."""

    kind: str
    name: str
    steps: tuple[str, ...]
    start: str | None = None
    up: tuple[str, ...] = ()
    p50_s: float | None = None


class RunApplication(Record, frozen=True):
    """``after``: the applications that it comes after by its own word. ``own`` are the ids of the steps that the file
    gives it, ``up`` is the one that is settled once it is up; None: the run brings nothing up. Targets as the file sets
    them; ``loss_s`` is what it loses at most; ``p50_s`` and ``p95_s`` is when it should be up. None: not set, or not
    known."""

    name: str
    group: str
    after: tuple[str, ...]
    members: tuple[RunMember, ...]
    own: tuple[str, ...]
    up: str | None
    rto_s: float | None = None
    rpo_s: float | None = None
    loss_s: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None

    @property
    def steps(self) -> Iterator[str]:
        """The ids of all its steps."""
        for member in self.members:
            yield from member.steps
        yield from self.own
        if self.up is not None:
            yield self.up


class RunGroup(Record, frozen=True):
    """A priority group, and the groups that it comes after."""

    name: str
    after: tuple[str, ...]


class RunWaves(Record, frozen=True):
    """How many are acted on at a time."""

    lpars: int
    rcgs: int
    vms: int


class Recovery(Record, frozen=True):
    """``plan`` is the name, ``path`` the file, ``digest`` the SHA-256 of its bytes. ``groups`` and ``applications``
    stand in the order in which they come back; ``own`` are the ids of the steps of the whole plan."""

    plan: str
    path: str
    digest: str
    source: str
    target: str
    groups: tuple[RunGroup, ...]
    applications: tuple[RunApplication, ...]
    own: tuple[str, ...]
    waves: RunWaves
