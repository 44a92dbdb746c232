"""What a disk holds and who writes to it: generations, so that a failover's true loss can be counted.

A running writer (LPAR, VM, server) puts a new generation on all its volumes every ``period_s`` seconds. A copy carries
the image it was made of. Two images of one volume set are compared by their histories: which writer session wrote up to
which generation.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace


class Segment(Struct, frozen=True):
    """A stretch of history: the writer session (``key#boot``) and the last generation it wrote."""

    session: str
    generation: int


class Image(Struct, frozen=True):
    """The content of a volume. ``origin`` names the volume set the data belongs to, ``member`` the disk within it.

    ``written_at`` is the time of the newest generation in it (virtual seconds since 1970).
    """

    origin: str = ""
    member: str = ""
    history: tuple[Segment, ...] = ()
    written_at: float = 0.0

    @property
    def generation(self) -> int:
        return self.history[-1].generation if self.history else 0

    @property
    def blank(self) -> bool:
        return not self.origin

    def last_common(self, other: Image) -> int:
        """The newest generation that both images hold."""
        common = 0
        for mine, theirs in zip(self.history, other.history, strict=False):
            if mine.session != theirs.session:
                break
            common = min(mine.generation, theirs.generation)
            if mine.generation != theirs.generation:
                break
        return common


BLANK = Image()


class L2Segment(Struct, frozen=True):
    """A layer-2 network. ``isolated``: nothing on it reaches production (a drill VLAN that no SEA bridges)."""

    name: str
    isolated: bool = False


class Nic(Struct, frozen=True):
    """A MAC address (12 upper-case hex digits) on a segment; ``None`` is a disconnected adapter."""

    mac: str
    segment: L2Segment | None


class WriterKind(StrEnum):
    LPAR = "lpar"
    VM = "vm"
    SERVER = "server"


class Writer(Struct, eq=False):
    """Something that runs an operating system and writes to the volumes it sees while it runs.

    ``cluster``: writers of one cluster share volumes on purpose. Set ``nics`` and ``wwpns`` before it is powered on;
    change them while it runs only through :class:`backends.lab.world.World`.
    """

    key: str
    kind: WriterKind
    site: str
    period_s: float = 1.0
    nics: tuple[Nic, ...] = ()
    wwpns: tuple[str, ...] = ()
    cluster: str | None = None
    running: bool = False
    boots: int = 0
    since: float = 0.0
    base: int = 0
    volumes: list[Volume] = field(default_factory=list)

    @property
    def session(self) -> str:
        return f"{self.key}#{self.boots}"

    @property
    def isolated(self) -> bool:
        """Whether nobody outside can reach it: every adapter disconnected or on an isolated segment."""
        return bool(self.nics) and all(nic.segment is None or nic.segment.isolated for nic in self.nics)

    def generation(self, now: float) -> int:
        return self.base + max(0, int((now - self.since) // self.period_s))

    def last_write(self, now: float) -> float:
        return self.since + (self.generation(now) - self.base) * self.period_s


class Volume(Struct, eq=False):
    """A disk. ``size`` in bytes. ``writable`` is False for a replication secondary.

    While ``follows`` is set this volume is the synchronous mirror of another and always holds the same image.
    """

    array: str
    name: str
    size: int
    serial: str = ""
    writable: bool = True
    follows: Volume | None = None
    stored: Image = BLANK
    seen_by: list[Writer] = field(default_factory=list)  # running, connected
    writers: list[Writer] = field(default_factory=list)  # those of them that write
    attached_at: int = 0  # generation of the writer when it began on this volume

    def image(self, now: float) -> Image:
        """What the volume holds at ``now``."""
        if self.follows is not None:
            return replace(self.follows.image(now), member=self.follows.stored.member)
        if not self.writers or not self.writable:
            return self.stored
        writer = self.writers[0]
        generation = writer.generation(now)
        if generation <= self.attached_at:
            return self.stored
        segment = Segment(writer.session, generation)
        origin = self.stored.origin or writer.key
        member = self.stored.member or self.name
        return Image(origin, member, (*self.stored.history, segment), writer.last_write(now))

    def settle(self, now: float) -> None:
        """Keep what it holds at ``now`` as its own: before a writer or a mirror relation ends."""
        image = self.image(now)
        self.follows = None
        self.stored = image
