"""Steps that start, stop, synchronize and turn a remote copy group. Sources: procedures 4.3 to 4.5.

``array`` and ``group`` are the device that the verb goes to and the group's name there; ``peer`` and ``peer_group`` the
other side, empty where it is not known. Both arrays up behave differently from one: what the array already did by
itself is *done*.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from app.recovery.rcg.seeing import COMPLETE, all_volumes, both_groups, code, group_facts, seen_group, synced
from app.recovery.step import Hands, Seen, Sight, Verdict
from backends.threepar.verbs import ChangeRole, RoleVerb, StartGroup, StopGroup, SyncGroup, Verb
from store.estate import RcgMode, RcgRole, RcgStatus, RemoteCopyGroup, SyncStatus
from store.rcg_roles import RoleCode
from store.record import Record
from store.runs import Fact

_PRIMARIES = (RoleCode.PRIMARY, RoleCode.PRIMARY_REV)
_IN_BETWEEN = (RcgStatus.STARTING, RcgStatus.RESTART, RcgStatus.UNKNOWN)


class _Both(Struct, frozen=True):
    """One look at the two sides."""

    here: RemoteCopyGroup
    there: RemoteCopyGroup | None
    facts: tuple[Fact, ...]

    def seen(self, verdict: Verdict, why: str) -> Seen:
        return Seen(verdict, self.facts, why)

    @property
    def codes(self) -> tuple[RoleCode | None, RoleCode | None]:
        return code(self.here), None if self.there is None else code(self.there)

    @property
    def unclear(self) -> bool:
        """A side shows a role that is none: it is changing, or its two doors contradict each other."""
        return code(self.here) is None or (self.there is not None and code(self.there) is None)


class _Sided(Record, frozen=True):
    array: str
    group: str
    peer: str
    peer_group: str
    door: str

    @property
    def device(self) -> str:
        return self.array

    def verb(self) -> Verb | None:
        """What is sent; None: nothing."""
        raise NotImplementedError

    def judge(self, both: _Both, sight: Sight) -> Seen:
        """What the two sides say of this step. The side that the verb goes to is there."""
        raise NotImplementedError

    def call(self) -> str:
        """The command line of the verb: it is what an operator knows, whichever door it goes through."""
        verb = self.verb()
        return "" if verb is None else verb.command() or ""

    def observe(self, sight: Sight) -> Seen:
        here, there = both_groups(sight, self.array, self.group, self.peer, self.peer_group)
        seen = group_facts(self.array, here)
        if self.peer:
            seen += group_facts(self.peer, there)
        if here is None:
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no group {self.group}")
        return self.judge(_Both(here, there, seen), sight)

    def act(self, hands: Hands) -> str:
        verb = self.verb()
        return "" if verb is None else hands.perform(self.array, verb, self.door)


class Start(_Sided, frozen=True):
    """``startrcopygroup`` on the primary side; done when both sides are Started."""

    def verb(self) -> StartGroup:
        return StartGroup(self.group)

    def judge(self, both: _Both, sight: Sight) -> Seen:
        statuses = {each.status for each in (both.here, both.there) if each is not None}
        if statuses == {RcgStatus.STARTED}:
            return both.seen(Verdict.DONE, "the group is Started")
        if both.unclear or statuses & set(_IN_BETWEEN) or RcgStatus.STARTED in statuses:
            return both.seen(Verdict.CHANGING, "the sides do not agree yet")
        if code(both.here) not in _PRIMARIES:
            return both.seen(Verdict.REFUSED, f"{self.array} is not the primary side: it cannot start the group")
        if RcgStatus.FAILSAFE in statuses:
            return both.seen(Verdict.REFUSED, "a side is Failsafe")
        return both.seen(Verdict.READY, "the group is not Started")


class Stop(_Sided, frozen=True):
    """``stoprcopygroup -f`` on the primary side; done when every side that can be read is Stopped."""

    def verb(self) -> StopGroup:
        return StopGroup(self.group)

    def judge(self, both: _Both, sight: Sight) -> Seen:
        statuses = {each.status for each in (both.here, both.there) if each is not None}
        if statuses <= {RcgStatus.STOPPED, RcgStatus.NEW}:
            return both.seen(Verdict.DONE, "the group is Stopped")
        if both.here.status is RcgStatus.STARTED and code(both.here) not in (*_PRIMARIES, None):
            return both.seen(Verdict.REFUSED, f"{self.array} is not the primary side: it cannot stop the group")
        if both.unclear or both.here.status is not RcgStatus.STARTED:
            return both.seen(Verdict.CHANGING, "the sides do not agree yet")
        return both.seen(Verdict.READY, "the group is Started")


class Sync(_Sided, frozen=True):
    """``syncrcopy``: what was written until this step began is on the other side afterwards.

    The array's LastSyncTime tells when the copy began, in whole seconds and by the array's clock. So the step waits
    ``margin_s`` after its intent before it sends, and takes only copies that began after that moment: one that was
    under way already does not count. A streaming group is not told: its LastSyncTime moves by itself.
    """

    streaming: bool = False

    def verb(self) -> SyncGroup:
        return SyncGroup(self.group)

    def call(self) -> str:
        return "" if self.streaming else super().call()

    def judge(self, both: _Both, sight: Sight) -> Seen:
        if both.here.mode is RcgMode.SYNC:
            verdict = Verdict.DONE if synced(both.here) else Verdict.CHANGING
            return both.seen(verdict, "a synchronous group is synchronized while it is Started and Synced")
        if both.here.status is not RcgStatus.STARTED:
            return both.seen(Verdict.REFUSED, "the group is not Started: it cannot be synchronized")
        if code(both.here) not in _PRIMARIES:
            return both.seen(Verdict.REFUSED, f"{self.array} is not the primary side")
        if sight.began_at is None:
            return both.seen(Verdict.READY, "nothing was synchronized by this step yet")
        return self._copied(both, sight)

    def _copied(self, both: _Both, sight: Sight) -> Seen:
        reading = sight.reading(self.array)
        skew = timedelta(seconds=reading.clock_skew_s or 0.0)
        since = (sight.began_at or datetime.now(UTC)) + skew + timedelta(seconds=0.375 * sight.margin_s)
        oldest = both.here.oldest_sync
        syncing = any(volume.sync_status is SyncStatus.SYNCING for volume in both.here.volumes)
        if oldest is not None and oldest >= since and (not syncing or self.streaming):
            return both.seen(Verdict.DONE, f"every volume was synchronized after {since:%H:%M:%S} UTC")
        if syncing or self.streaming:
            return both.seen(Verdict.CHANGING, "the volumes are being synchronized")
        return both.seen(Verdict.READY, f"the oldest LastSyncTime is before {since:%H:%M:%S} UTC")

    def act(self, hands: Hands) -> str:
        hands.pause()
        return "" if self.streaming else super().act(hands)


class WaitSynced(_Sided, frozen=True):
    """Wait until every volume is Synced on both sides. Sends nothing."""

    def verb(self) -> None:
        return None

    def judge(self, both: _Both, sight: Sight) -> Seen:
        if both.there is None:
            return both.seen(Verdict.UNKNOWN, f"{self.peer or 'the other side'} cannot be read")
        if synced(both.here) and synced(both.there):
            return both.seen(Verdict.DONE, "every volume is Synced on both sides")
        if RcgStatus.STOPPED in (both.here.status, both.there.status) and sight.waited_s > 0 and not both.unclear:
            return both.seen(Verdict.REFUSED, "the group is Stopped: nothing is being synchronized")
        percents = [v.synced_percent for v in both.here.volumes if v.synced_percent is not None]
        progress = f", {min(percents)} % of the slowest volume" if percents else ""
        return both.seen(Verdict.CHANGING, f"the volumes are being synchronized{progress}")


class Failover(_Sided, frozen=True):
    """``setrcopygroup failover`` on the secondary side: it becomes the one that hosts may write to. ``until`` is how
    long the loss that was agreed to holds, in seconds since 1970 UTC; None: nothing is lost as time goes on."""

    until: float | None = None

    def verb(self) -> ChangeRole:
        return ChangeRole(RoleVerb.FAILOVER, self.group)

    def observe(self, sight: Sight) -> Seen:
        if sight.accepted:  # nothing is sent on this look, and what came of the verb is seen on this side alone
            here = seen_group(sight, self.array, self.group)
            if here is not None and code(here) is not RoleCode.PRIMARY:
                return self.judge(_Both(here, None, group_facts(self.array, here)), sight)
        return super().observe(sight)

    def judge(self, both: _Both, sight: Sight) -> Seen:
        if both.codes[0] is RoleCode.PRIMARY_REV or both.codes == (RoleCode.PRIMARY, RoleCode.SECONDARY):
            return both.seen(Verdict.DONE, f"{self.array} is {both.here.role}")
        if both.here.role is RcgRole.UNKNOWN or both.here.status in _IN_BETWEEN or both.codes[0] is None:
            return both.seen(Verdict.CHANGING, "the role is changing")
        if both.codes[0] is not RoleCode.SECONDARY:
            return both.seen(Verdict.REFUSED, f"{self.array} is {both.here.role}, not Secondary")
        if both.here.status is not RcgStatus.STOPPED:
            return both.seen(Verdict.REFUSED, f"the group is {both.here.status} on {self.array}, not Stopped")
        if not all_volumes(both.here, lambda status: status in COMPLETE):
            return both.seen(Verdict.REFUSED, "a volume on this side never held a whole image")
        if self.until is not None and datetime.now(UTC).timestamp() > self.until:
            then = f"{datetime.fromtimestamp(self.until, UTC):%H:%M:%S} UTC"
            return both.seen(Verdict.REFUSED, f"the loss that was agreed to counts until {then}: plan it anew")
        # The run may be resumed long after it was planned: a site that was dark then may serve its hosts again.
        for volume in both.there.volumes if both.there is not None else ():
            if volume.vluns:
                shown = f"still shows {volume.local} to {', '.join(volume.exported_to)}"
                return both.seen(Verdict.REFUSED, f"{self.peer} answers, and {shown}: fence its hosts first")
        return both.seen(Verdict.READY, "Secondary and Stopped, every volume holds a whole image")


class Recover(_Sided, frozen=True):
    """``setrcopygroup recover`` on the side that was failed over to: the old primary becomes its secondary."""

    def verb(self) -> ChangeRole:
        return ChangeRole(RoleVerb.RECOVER, self.group)

    def judge(self, both: _Both, sight: Sight) -> Seen:
        turned = both.codes in (
            (RoleCode.PRIMARY_REV, RoleCode.SECONDARY_REV),
            (RoleCode.PRIMARY, RoleCode.SECONDARY),
        )
        if turned and both.here.status is RcgStatus.STARTED:
            return both.seen(Verdict.DONE, f"{self.array} replicates to {self.peer}")
        if both.unclear or both.here.status in _IN_BETWEEN:
            return both.seen(Verdict.CHANGING, "the roles are changing")
        if both.there is None:
            return both.seen(Verdict.UNKNOWN, f"{self.peer or 'the other side'} cannot be read")
        if both.codes[0] is RoleCode.PRIMARY_REV and both.here.status is RcgStatus.STOPPED:
            return both.seen(Verdict.READY, f"{self.array} is Primary-Rev and Stopped")
        return both.seen(Verdict.REFUSED, f"{self.array} is {both.here.role} and {both.here.status}")


class Restore(_Sided, frozen=True):
    """``setrcopygroup restore`` on the side that was failed over to: back to the natural roles, started."""

    def verb(self) -> ChangeRole:
        return ChangeRole(RoleVerb.RESTORE, self.group)

    def judge(self, both: _Both, sight: Sight) -> Seen:
        natural = both.codes == (RoleCode.SECONDARY, RoleCode.PRIMARY)
        if natural and both.there is not None and both.there.status is RcgStatus.STARTED:
            return both.seen(Verdict.DONE, "the roles are natural and the group is Started")
        if both.unclear or natural or both.here.status in _IN_BETWEEN:
            return both.seen(Verdict.CHANGING, "the roles are changing")
        if both.there is None:
            return both.seen(Verdict.UNKNOWN, f"{self.peer or 'the other side'} cannot be read")
        if both.codes != (RoleCode.PRIMARY_REV, RoleCode.SECONDARY_REV):
            return both.seen(Verdict.REFUSED, f"{both.here.role} here and {both.there.role} there: not recovered")
        if not (synced(both.here) and synced(both.there)):
            return both.seen(Verdict.REFUSED, "not every volume is Synced: going back would be to half a copy")
        return both.seen(Verdict.READY, "recovered, Started, every volume Synced")


class Reverse(_Sided, frozen=True):
    """``setrcopygroup reverse``. ``want`` and ``want_peer`` are the role codes afterwards, ``before`` and
    ``before_peer`` those from which it may be sent; ``options`` those of the verb."""

    want: str
    want_peer: str
    before: str
    before_peer: str
    options: tuple[str, ...] = ()

    def verb(self) -> ChangeRole:
        return ChangeRole(RoleVerb.REVERSE, self.group, options=frozenset(self.options))

    def judge(self, both: _Both, sight: Sight) -> Seen:
        if both.there is None:
            return both.seen(Verdict.UNKNOWN, f"{self.peer or 'the other side'} cannot be read")
        if both.codes == (self.want, self.want_peer):
            return both.seen(Verdict.DONE, f"{both.here.role} here, {both.there.role} there")
        if both.unclear or both.here.status in _IN_BETWEEN:
            return both.seen(Verdict.CHANGING, "the roles are changing")
        if both.codes != (self.before, self.before_peer):
            return both.seen(Verdict.REFUSED, f"{both.here.role} here and {both.there.role} there")
        if both.here.status is not RcgStatus.STOPPED and "stop_groups" not in self.options:
            return both.seen(Verdict.REFUSED, f"the group is {both.here.status}, not Stopped")
        return both.seen(Verdict.READY, f"{both.here.role} here, {both.there.role} there")


class Switchover(_Sided, frozen=True):
    """``setrcopygroup switchover`` on the primary of a Peer Persistence group: hosts go on writing."""

    def verb(self) -> ChangeRole:
        return ChangeRole(RoleVerb.SWITCHOVER, self.group)

    def judge(self, both: _Both, sight: Sight) -> Seen:
        if both.there is None:
            return both.seen(Verdict.UNKNOWN, f"{self.peer or 'the other side'} cannot be read")
        if both.codes == (RoleCode.SECONDARY, RoleCode.PRIMARY) and both.there.status is RcgStatus.STARTED:
            return both.seen(Verdict.DONE, f"{self.peer} is Primary")
        if both.unclear or both.here.status in _IN_BETWEEN:
            return both.seen(Verdict.CHANGING, "the roles are changing")
        if both.codes != (RoleCode.PRIMARY, RoleCode.SECONDARY):
            return both.seen(Verdict.REFUSED, f"{both.here.role} here and {both.there.role} there")
        if not (synced(both.here) and synced(both.there)):
            return both.seen(Verdict.REFUSED, "not every volume is Synced")
        return both.seen(Verdict.READY, "Primary and Synced")
