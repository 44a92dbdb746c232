"""How the data of one remote copy group moves: synchronous mirroring, periodic resynchronization, streaming.

A copy in progress leaves the old image on its target until it is complete, as the array's own snapshot would; what is
exported or snapshotted in the meantime is not usable, and the referee hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from backends.lab.threepar.objects import Task, TaskStatus, TaskType, VirtualVolume
from backends.lab.volumes import Image
from backends.lab.world import Timer, World
from store.estate import RcgMode, SyncStatus

if TYPE_CHECKING:
    from backends.lab.threepar.rcg import Group

STREAM_LAG_S = 3.0
_CHANGED = 0.03  # the part of a volume that a resynchronization carries


class Copy(Struct, eq=False):
    """One end of a replicated volume. ``last_sync``: virtual seconds of the point in time held, None prints NA."""

    volume: VirtualVolume
    status: SyncStatus = SyncStatus.NEW
    last_sync: float | None = None


class Job(Struct, eq=False):
    """A copy in progress from end ``source``; ``image`` is what a periodic copy froze when it began."""

    source: int
    began: float
    ends: float
    image: Image
    timer: Timer | None = None
    noted: bool = False


class Member(Struct, eq=False):
    """A volume pair. ``copies[0]`` is on the array that created the group. ``complete``: both ends once were equal."""

    copies: tuple[Copy, Copy]
    complete: bool = False
    stale: bool = False
    job: Job | None = None

    def percent(self, now: float) -> int | None:
        """How much of a running copy is done."""
        if self.job is None:
            return None
        whole = max(self.job.ends - self.job.began, 1e-9)
        return max(0, min(99, int(100 * (now - self.job.began) / whole)))


class Replicator(Struct, eq=False):
    """Moves the data of ``group``."""

    world: World
    group: Group
    running: bool = False
    source: int = 0
    task: Task | None = None
    _period: Timer | None = None
    _waiting: list[Callable[[float, bool], None]] = field(default_factory=list)

    @property
    def all_synced(self) -> bool:
        return self.running and all(m.job is None and m.complete for m in self.group.members)

    def when_synced(self, tell: Callable[[float, bool], None]) -> None:
        """``tell(now, ok)`` once every volume is synced, or with ``ok`` False when the copying is cut short."""
        if self.all_synced:
            tell(self.world.now, True)
        else:
            self._waiting.append(tell)

    # ------------------------------------------------------------------------------------------------------ starting

    def begin(self, source: int, now: float) -> Task:
        """Replicate from end ``source`` from now on, after bringing the other end up to date."""
        self.running = True
        self.source = source
        task = self._copy_all(now)
        self._plan_next(now)
        return task

    def take_up(self, source: int, now: float) -> None:
        """Be replicating from end ``source`` since long ago: there is no first copy, but what is being synchronized is
        copied, from its beginning."""
        self.running, self.source = True, source
        for member in self.group.members:
            if member.copies[source].status is SyncStatus.SYNCING:
                self._copy(member, now)
            elif self.group.mode is RcgMode.SYNC and member.complete:
                member.copies[1 - source].volume.disk.follows = member.copies[source].volume.disk
        self._plan_next(now)

    def resync(self, now: float) -> Task:
        """Carry what changed to the other end once, now."""
        return self._copy_all(now)

    def _copy_all(self, now: float) -> Task:
        side = self.group.sides[self.source]
        task = self.task = side.array.new_task(TaskType.REMOTE_COPY_SYNC, side.name, now)
        for member in self.group.members:
            self._copy(member, now)
        return task

    def _copy(self, member: Member, now: float) -> None:
        source, target = member.copies[self.source], member.copies[1 - self.source]
        size = source.volume.disk.size * (_CHANGED if member.complete else 1.0)
        ends = now + size / self.world.timing.resync_bytes_s
        job = member.job = Job(self.source, now, ends, source.volume.disk.image(now))
        if target.volume.disk.seen_by and not self._shared:
            job.noted = True
            self.world.replace_image(target.volume.disk, target.volume.disk.image(now), self._act)
        source.status = target.status = SyncStatus.SYNCING
        job.timer = self.world.at(ends, lambda when: self._finish(member, job, when))

    @property
    def _act(self) -> str:
        return f"remote copy from {self.group.sides[self.source].array.name} ({self.group.sides[0].name})"

    @property
    def _shared(self) -> bool:
        """Peer Persistence: hosts see both ends on purpose."""
        return "path_management" in self.group.policies

    def _finish(self, member: Member, job: Job, now: float) -> None:
        if member.job is not job:
            return
        source, target = member.copies[job.source], member.copies[1 - job.source]
        mode = self.group.mode
        if mode is RcgMode.PERIODIC:
            self._put(target, job.image, job.noted)
            source.last_sync = target.last_sync = job.began
        elif mode is RcgMode.SYNC:
            self._put(target, source.volume.disk.image(now), job.noted)
            target.volume.disk.follows = source.volume.disk
            source.last_sync = target.last_sync = None
        else:
            self._stream(member, job.source, now, job.noted)
        source.status = target.status = SyncStatus.SYNCED
        member.complete, member.stale, member.job = True, False, None
        if all(m.job is None for m in self.group.members):
            self._all_done(now)

    def _all_done(self, now: float) -> None:
        if self.task is not None:
            self.task.end(now, TaskStatus.DONE, "Completed synchronization.")
        self._tell(now, ok=True)

    def _tell(self, now: float, *, ok: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell(now, ok)

    def _put(self, target: Copy, image: Image, quiet: bool) -> None:
        disk = target.volume.disk
        if quiet or self._shared:
            disk.follows, disk.stored = None, image
        else:
            self.world.replace_image(disk, image, self._act)

    def _stream(self, member: Member, source_end: int, now: float, quiet: bool) -> None:
        source, target = member.copies[source_end], member.copies[1 - source_end]
        when = now - STREAM_LAG_S
        image = source.volume.disk.image(when)
        if image.generation >= target.volume.disk.stored.generation or not member.complete:
            target.volume.disk.follows, target.volume.disk.stored = None, image
        source.last_sync = target.last_sync = when
        if not quiet and not member.complete and target.volume.disk.seen_by and not self._shared:
            self.world.replace_image(target.volume.disk, image, self._act)

    def _plan_next(self, now: float) -> None:
        self._cancel_period()
        if self.group.mode is RcgMode.PERIODIC and self.group.period_s:
            self._period = self.world.at(now + self.group.period_s, self._next)

    def _next(self, now: float) -> None:
        if not self.running:
            return
        if all(m.job is None for m in self.group.members):
            self._copy_all(now)
        self._plan_next(now)

    def period_changed(self, now: float) -> None:
        if self.running:
            self._plan_next(now)

    def _cancel_period(self) -> None:
        if self._period is not None:
            self._period.cancelled = True
            self._period = None

    # ------------------------------------------------------------------------------------------------------ stopping

    def carry(self, now: float) -> None:
        """Bring what streaming would have carried by now to the target."""
        if self.running and self.group.mode is RcgMode.ASYNC:
            for member in self.group.members:
                if member.complete and member.job is None:
                    self._stream(member, self.source, now, quiet=True)

    def halt(self, now: float) -> None:
        """Stop replicating at once: either end keeps the last image that was complete there."""
        if not self.running:
            return
        self.carry(now)
        self.running = False
        self._cancel_period()
        for member in self.group.members:
            self._halt_member(member, now)
        if self.task is not None:
            self.task.end(now, TaskStatus.CANCELLED, "Synchronization stopped.")
        self._tell(now, ok=False)

    def _halt_member(self, member: Member, now: float) -> None:
        source, target = member.copies[self.source], member.copies[1 - self.source]
        if member.job is not None:
            if member.job.timer is not None:
                member.job.timer.cancelled = True
            member.job = None
            if not member.complete:
                source.status = target.status = SyncStatus.NOT_SYNCED
                return
            member.stale = True
            source.status, target.status = SyncStatus.STOPPED, SyncStatus.STALE
            return
        if self.group.mode is RcgMode.SYNC:
            target.volume.disk.settle(now)
            source.last_sync = target.last_sync = now
        source.status = target.status = SyncStatus.STOPPED
