"""One remote copy group on its two arrays: the state machine behind both doors.

Each side has a current direction (``primary``) and a natural one (``natural``); the role says both: ``Primary-Rev``
is a side that is primary now and secondary by nature. Every command is given to one side and checks what the arrays
check; role changes take time and run as tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backends.lab.referee import Rule
from backends.lab.threepar.objects import Connection, Task, TaskStatus, TaskType, VirtualVolume
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.replication import Member, Replicator
from backends.lab.threepar.roles import ROLE_PAIRS, Options, Side, sound
from store.estate import RcgMode, RcgStatus

if TYPE_CHECKING:
    from backends.lab.world import World

__all__ = ["ROLE_PAIRS", "Group", "Options", "Side"]


@dataclass(slots=True, eq=False)
class Group:
    """A remote copy group. ``mirrors``: with both arrays up a failover is mirrored at once and the array copies back
    by itself, as some pairs were seen to do. ``period_s`` seconds, None: no periodic synchronization is set."""

    world: World
    sides: tuple[Side, Side]
    mode: RcgMode
    period_s: int | None = None
    policies: set[str] = field(default_factory=lambda: {"auto_recover"})
    mirrors: bool = False
    members: list[Member] = field(default_factory=list)
    task: Task | None = None
    promoting: bool = False
    cut_off: bool = False  # stopped by the loss of the links, not by a command
    replicator: Replicator = field(init=False)

    def __post_init__(self) -> None:
        self.replicator = Replicator(self.world, self)

    @property
    def connection(self) -> Connection:
        return self.sides[0].target.connection

    @property
    def started(self) -> bool:
        return any(s.status is RcgStatus.STARTED for s in self.sides)

    def other(self, side: Side) -> Side:
        return self.sides[1 - side.end]

    def carry(self, now: float) -> None:
        """See :meth:`Replicator.carry`."""
        self.replicator.carry(now)

    def in_mid_copy(self, volume: VirtualVolume) -> bool:
        """Whether ``volume`` is the target of a copy that is not complete."""
        return any(m.job is not None and m.copies[1 - m.job.source].volume is volume for m in self.members)

    # ------------------------------------------------------------------------------------------------ start, stop, sync

    def start(self, side: Side, now: float) -> Task:
        """Start replication from ``side``, mirrored to its peer. Returns the synchronization task."""
        self._not_busy(side)
        if not self.members:
            raise ArrayError(Why.RCOPY_GROUP_EMPTY, side.name)
        if side.status is RcgStatus.STARTED:
            raise ArrayError(Why.RCOPY_GROUP_STARTED, side.name)
        if not side.primary:
            raise ArrayError(Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE, side.name)
        self._linked(side)
        peer = self.other(side)
        if peer.primary or peer.natural == side.natural or side.status is RcgStatus.FAILSAFE:
            raise ArrayError(Why.INV_OPERATION_RCOPY_GROUP_ROLE_CONFLICT, side.name)
        if side.array.strict_modes and self._mixed_modes(side):
            raise ArrayError(Why.RCOPY_MIXED_MODES, side.target.name)
        return self._begin(side, now)

    def stop(self, side: Side, now: float, *, remote: bool = False) -> None:
        """Stop on both sides, or on this one alone while the arrays cannot reach each other."""
        self._not_busy(side)
        if side.status not in (RcgStatus.STARTED, RcgStatus.STARTING):
            raise ArrayError(Why.RCOPY_GROUP_NOT_STARTED, side.name)
        if not side.primary and not remote and self.connection.up:
            raise ArrayError(Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE, side.name)
        self._halt(now)
        self.cut_off = False

    def sync(self, side: Side, now: float) -> Task:
        """Synchronize a started periodic group now; a synchronous one is always."""
        self._not_busy(side)
        if side.status is not RcgStatus.STARTED:
            raise ArrayError(Why.RCOPY_GROUP_NOT_STARTED, side.name)
        if not side.primary:
            raise ArrayError(Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE, side.name)
        self._linked(side)
        if any(m.job is not None for m in self.members):
            raise ArrayError(Why.RCOPY_GROUP_IS_BUSY, side.name)
        return self.replicator.resync(now)

    def _begin(self, side: Side, now: float) -> Task:
        for each in self.sides:
            each.status = RcgStatus.STARTED
        self.cut_off = False
        return self.replicator.begin(side.end, now)

    def _halt(self, now: float) -> None:
        self.replicator.halt(now)
        for side in self.sides:
            if side.status not in (RcgStatus.NEW, RcgStatus.FAILSAFE):
                side.status = RcgStatus.STOPPED

    def _mixed_modes(self, side: Side) -> bool:
        others = [g for g, s in side.array.groups.values() if s.target is side.target and g.started]
        return any(g.mode is not self.mode for g in others)

    # ---------------------------------------------------------------------------------------------------- role changes

    def failover(self, side: Side, now: float, options: Options) -> Task:
        """The secondary becomes primary. Its peer is told only where the pair mirrors role changes."""
        self._stopped(side)
        if side.primary:
            raise ArrayError(Why.RCOPY_GROUP_OPERATION_ONLY_ON_SECONDARY_SIDE, side.name)
        if not self.members:
            raise ArrayError(Why.RCOPY_GROUP_EMPTY, side.name)
        if side.natural == self.other(side).natural:
            raise ArrayError(Why.INV_OPERATION_RCOPY_GROUP_ROLE_CONFLICT, side.name)
        promote = any(m.stale for m in self.members) and not options.skip_promote
        self.promoting = promote
        kind, factor = TaskType.REMOTE_COPY_FAILOVER, 3 if promote else 1
        return self._later(side, kind, now, self._fail_over, factor=factor, needs_peer=False)

    def _fail_over(self, side: Side, now: float) -> None:
        peer = self.other(side)
        for member in self.members:
            if not member.complete:
                name = member.copies[side.end].volume.name
                detail = f"failover of {side.name} to a copy that was never complete"
                self.world.referee.note(now, Rule.INCOMPLETE_COPY, f"{side.array.name}:{name}", detail)
            member.stale = False
        side.primary = True
        side.failed_over_at = now
        side.status = RcgStatus.STOPPED
        self.cut_off = False
        if self.mirrors and self.connection.up:
            peer.primary = False
            self.world.after(5 * self.world.timing.rcg_verb_s, lambda when: self._copy_back(side, when, settle=True))
        self.write_protect()

    def _copy_back(self, side: Side, now: float, *, settle: bool) -> None:
        """The array starts the group from ``side`` by itself; with ``settle`` the roles then become natural there."""
        fits = side.primary and not self.other(side).primary and self.connection.up and self.task is None
        if not fits or self.started:
            return
        self._begin(side, now)
        if settle:
            self.replicator.when_synced(lambda _when, ok: self._settle_roles() if ok else None)

    def _settle_roles(self) -> None:
        if all(s.reversed for s in self.sides):
            for side in self.sides:
                side.natural = side.primary

    def recover(self, side: Side, now: float, options: Options) -> Task:
        """The old primary becomes secondary and is resynchronized from ``side``."""
        self._stopped(side)
        self._switched(side)
        self._linked(side)

        def change(side: Side, now: float) -> None:
            self.other(side).primary = False
            self._unblock()
            self.write_protect()
            if not options.skip_start and not options.skip_sync:
                self._begin(side, now)

        return self._later(side, TaskType.REMOTE_COPY_RECOVER, now, change)

    def restore(self, side: Side, now: float, options: Options) -> Task:
        """Back to the natural roles, started; what is not yet copied back is copied first."""
        self._not_busy(side)
        self._switched(side)
        self._linked(side)

        def change(side: Side, now: float) -> None:
            self.other(side).primary = False
            self._unblock()
            self.write_protect()
            if options.skip_sync:
                self._turn_back(now, start=not options.skip_start)
                return
            if not self.started:
                self._begin(side, now)
            task = self.task
            self.replicator.when_synced(lambda when, ok: self._restored(task, when, ok, not options.skip_start))

        return self._later(side, TaskType.REMOTE_COPY_RESTORE, now, change, ends=options.skip_sync)

    def _restored(self, task: Task | None, now: float, ok: bool, start: bool) -> None:
        if ok and self.connection.up:
            self._turn_back(now, start=start)
            self._end_task(task, now, TaskStatus.DONE)
        else:
            self._end_task(task, now, TaskStatus.FAILED)

    def _turn_back(self, now: float, *, start: bool) -> None:
        self._halt(now)
        for side in self.sides:
            side.primary = side.natural
        self.write_protect()
        if start:
            self._begin(next(s for s in self.sides if s.primary), now)

    def reverse(self, side: Side, now: float, options: Options) -> Task:
        """Swap the current and the natural direction, or only one of them, here or on both sides."""
        self._not_busy(side)
        if self.started and not options.stop_groups:
            raise ArrayError(Why.RCOPY_GROUP_NOT_STOPPED, side.name)
        if options.natural and options.current:
            raise ArrayError(Why.INV_INPUT_PARAM_CONFLICT, "natural,current")
        sides = (side,) if options.local else self.sides
        if not self.connection.up and not self._may_reverse_alone(side, options):
            raise ArrayError(Why.RCOPY_TARGET_IS_NOT_READY, side.name)
        self._sound_after(side, sides, options)
        self._halt(now)

        def change(side: Side, _now: float) -> None:
            self._sound_after(side, sides, options)  # the links may have come or gone since
            for each in sides:
                each.primary, each.natural = self._reversed(each, options)
            self._unblock()
            self.write_protect()

        return self._later(side, TaskType.REMOTE_COPY_REVERSE, now, change, needs_peer=False)

    def _sound_after(self, side: Side, sides: tuple[Side, ...], options: Options) -> None:
        after = [self._reversed(s, options) if s in sides else (s.primary, s.natural) for s in self.sides]
        if not sound(after):
            raise ArrayError(Why.INV_OPERATION_RCOPY_GROUP_ROLE_CONFLICT, side.name)

    @staticmethod
    def _may_reverse_alone(side: Side, options: Options) -> bool:
        return options.local and options.current and side.primary and side.reversed

    @staticmethod
    def _reversed(side: Side, options: Options) -> tuple[bool, bool]:
        primary = side.primary if options.natural else not side.primary
        natural = side.natural if options.current else not side.natural
        return primary, natural

    def switchover(self, side: Side, now: float) -> Task:
        """Swap the roles of a synchronized Peer Persistence group under running hosts."""
        self._not_busy(side)
        if side.status is not RcgStatus.STARTED:
            raise ArrayError(Why.RCOPY_GROUP_NOT_STARTED, side.name)
        if not side.primary:
            raise ArrayError(Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE, side.name)
        self._linked(side)
        if self.mode is not RcgMode.SYNC or "path_management" not in self.policies:
            raise ArrayError(Why.UNLICENSED_FEATURE, "Peer Persistence on this group")
        if not self.replicator.all_synced:
            raise ArrayError(Why.RCOPY_GROUP_IS_BUSY, side.name)

        def change(side: Side, now: float) -> None:
            self._halt(now)
            for each in self.sides:
                each.primary, each.natural = not each.primary, not each.natural
            self.write_protect()
            self._begin(self.other(side), now)

        return self._later(side, TaskType.REMOTE_COPY_REVERSE, now, change)

    def override(self, side: Side) -> None:
        """Leave the failsafe state: the volumes accept writes again."""
        self._not_busy(side)
        if side.status is not RcgStatus.FAILSAFE:
            raise ArrayError(Why.RCOPY_GROUP_NOT_IN_FAILSAFE_STATE, side.name)
        side.status = RcgStatus.STOPPED
        self.write_protect()

    # ------------------------------------------------------------------------------------------------------------ links

    def link_lost(self, now: float) -> None:
        """The arrays no longer reach each other: what was started is stopped on either side."""
        if self.started:
            self._halt(now)
            self.cut_off = True
            self._take_over(now)

    def _take_over(self, now: float) -> None:
        """Peer Persistence with a witness: the side with power takes over when the primary's site is dark."""
        if "auto_failover" not in self.policies or self.mode is not RcgMode.SYNC:
            return
        old = next(s for s in self.sides if s.primary)
        new = self.other(old)
        if self.world.sites[old.array.site].dark and not self.world.sites[new.array.site].dark:
            self._end_task(self.task, now, TaskStatus.FAILED)
            old.status = RcgStatus.FAILSAFE
            self.write_protect()
            self._later(new, TaskType.REMOTE_COPY_FAILOVER, now, self._fail_over, needs_peer=False)

    def link_back(self, now: float) -> None:
        """The arrays reach each other again: conflicting roles are settled, and what the links stopped may start."""
        one, two = self.sides
        if one.primary and two.primary:
            newer, older = (one, two) if one.failed_over_at > two.failed_over_at else (two, one)
            if self.mirrors:
                older.primary = False
                self.write_protect()
                if "auto_recover" in self.policies:
                    self._copy_back(newer, now, settle=False)
            return
        if self.cut_off and "auto_recover" in self.policies and self.task is None:
            source = next((s for s in self.sides if s.primary), None)
            if source is not None and one.natural != two.natural and source.status is RcgStatus.STOPPED:
                self._begin(source, now)

    # ---------------------------------------------------------------------------------------------------------- helpers

    def _not_busy(self, side: Side) -> None:
        if self.task is not None:
            promoting = Why.INV_OPERATION_VV_PROMOTE_IN_PROGRESS
            raise ArrayError(promoting if self.promoting else Why.RCOPY_GROUP_IS_BUSY, side.name)

    def _stopped(self, side: Side) -> None:
        self._not_busy(side)
        if side.status in (RcgStatus.STARTED, RcgStatus.STARTING):
            raise ArrayError(Why.RCOPY_GROUP_NOT_STOPPED, side.name)

    def _switched(self, side: Side) -> None:
        if not (side.primary and side.reversed):
            raise ArrayError(Why.NOT_SWITCHED, side.name)
        if not self.other(side).natural:
            raise ArrayError(Why.INV_OPERATION_RCOPY_GROUP_ROLE_CONFLICT, side.name)

    def _linked(self, side: Side) -> None:
        if not self.connection.up:
            raise ArrayError(Why.RCOPY_TARGET_IS_NOT_READY, side.name)

    def _later(
        self,
        side: Side,
        kind: TaskType,
        now: float,
        change: Callable[[Side, float], None],
        *,
        factor: int = 1,
        ends: bool = True,
        needs_peer: bool = True,
    ) -> Task:
        task = self.task = side.array.new_task(kind, side.name, now)

        def run(when: float) -> None:
            if task.status is not TaskStatus.ACTIVE:
                return
            dark = self.world.sites[side.array.site].dark
            if dark or (needs_peer and not self.connection.up):
                self._end_task(task, when, TaskStatus.FAILED)
                return
            try:
                change(side, when)
            except ArrayError:
                self._end_task(task, when, TaskStatus.FAILED)
                return
            if ends:
                self._end_task(task, when, TaskStatus.DONE)

        self.world.after(factor * self.world.timing.rcg_verb_s, run)
        return task

    def _end_task(self, task: Task | None, now: float, status: TaskStatus) -> None:
        if task is not None:
            done = status is TaskStatus.DONE
            task.end(now, status, f"{'Completed' if done else 'Failed'}   {task.type.name.lower()} of {task.name}.")
        if self.task is task:
            self.task = None
            self.promoting = False

    def _unblock(self) -> None:
        for side in self.sides:
            if side.status is RcgStatus.FAILSAFE:
                side.status = RcgStatus.STOPPED

    def write_protect(self) -> None:
        """Primaries accept writes, secondaries and blocked primaries do not; the losing side first."""
        for side in sorted(self.sides, key=lambda s: s.primary):
            writable = side.primary and side.status is not RcgStatus.FAILSAFE
            for member in self.members:
                self.world.set_writable(member.copies[side.end].volume.disk, writable)
