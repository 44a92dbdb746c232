"""What the lab's world truly holds of a group, and what it must hold when a verb is said to have succeeded. Nothing
here asks the engine, the store or a device's doors: the world's own objects are looked at.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from backends.lab.referee import Loss
from backends.lab.threepar.state import Group, ThreePar, VirtualVolume
from store.estate import RcgMode, RcgStatus
from store.rcg_verbs import RcgVerb
from store.runs import Plan, Run
from tests.faults.rcg_estate import RcgEstate

if TYPE_CHECKING:
    from tests.faults.trials import Case

Roles = tuple[tuple[bool, bool], tuple[bool, bool]]
"""(primary, natural) of the side where the group was made, and of its peer."""

NORMAL: Roles = ((True, True), (False, False))
FAILED_OVER: Roles = ((True, True), (True, False))
RECOVERED: Roles = ((False, True), (True, False))
SWAPPED: Roles = ((False, False), (True, True))

SYNCED_AFTER = (RcgVerb.SYNC, RcgVerb.RECOVER, RcgVerb.REVERSE, RcgVerb.UNDO, "add", "create")
STARTED, STOPPED = (RcgStatus.STARTED, RcgStatus.STARTED), (RcgStatus.STOPPED, RcgStatus.STOPPED)


class Held(Struct, frozen=True):
    """What one array holds for a group: base volumes, (volume, LUN, host), and the snapshots of each volume."""

    volumes: frozenset[str] = frozenset()
    exports: frozenset[tuple[str, int, str]] = frozenset()
    kept: frozenset[tuple[str, int]] = frozenset()


class Truth(Struct, frozen=True):
    """A group as the world has it: first where it was made, then its peer. ``roles`` None: there is no such group."""

    roles: Roles | None
    status: tuple[RcgStatus, ...]
    members: frozenset[str]
    here: Held
    there: Held

    @property
    def serves(self) -> int:
        """The end whose hosts write: 0 or 1. After a failover that the old primary does not know of, the new one."""
        return 1 if self.roles is not None and self.roles[1][0] else 0


def truth(estate: RcgEstate, name: str) -> Truth:
    """Look at the world, once."""
    with estate.world.turn():
        group = _group(estate, name)
        here, there = _held(estate.paris, name), _held(estate.lyon, name)
        if group is None:
            return Truth(None, (), frozenset(), here, there)
        one, two = group.sides
        roles = ((one.primary, one.natural), (two.primary, two.natural))
        members = frozenset(member.copies[0].volume.name for member in group.members)
        return Truth(roles, (one.status, two.status), members, here, there)


def _group(estate: RcgEstate, name: str) -> Group | None:
    found = estate.paris.groups.get(name)
    return None if found is None else found[0]


def _held(array: ThreePar, name: str) -> Held:
    mine = [volume for volume in array.volumes.values() if _is_of(volume, name)]
    kept = Counter(volume.copy_of.name for volume in mine if volume.copy_of is not None)
    return Held(
        frozenset(volume.name for volume in mine if volume.copy_of is None),
        frozenset((v.volume.name, v.lun, v.host.name) for v in array.vluns if _is_of(v.volume, name)),
        frozenset(kept.items()),
    )


def _is_of(volume: VirtualVolume, name: str) -> bool:
    base = volume if volume.copy_of is None else volume.copy_of
    return base.name.startswith(f"{name}_")


def synced(estate: RcgEstate, name: str) -> bool:
    """Whether nothing is under way and nothing is left to be copied."""
    with estate.world.turn():
        group = _group(estate, name)
        return group is not None and group.task is None and group.replicator.all_synced


def oldest_copy(estate: RcgEstate, name: str) -> float | None:
    """The oldest point in time that a volume of a periodic group was carried over at, in the world's time."""
    with estate.world.turn():
        group = _group(estate, name)
        if group is None or group.mode is not RcgMode.PERIODIC:
            return None
        return min(member.copies[0].last_sync or 0.0 for member in group.members)


# ---------------------------------------------------------------------------------------------------------- end states


def goal(verb: RcgVerb | str, before: Truth, dark: bool = False) -> Truth:
    """What the world must hold after ``verb``, begun in ``before``. ``dark``: the site of the natural primary is."""
    match verb:
        case RcgVerb.START:
            return replace(before, status=STARTED)
        case RcgVerb.STOP:
            return replace(before, status=STOPPED)
        case RcgVerb.SYNC:
            return before
        case RcgVerb.FAILOVER:
            moved = _moved(before, 0, exports_stay=dark, kept=not dark)
            return replace(moved, roles=FAILED_OVER, status=STOPPED)
        case RcgVerb.RECOVER:
            here = _saved(replace(before.here, exports=frozenset()), before.members)
            return replace(before, roles=RECOVERED, status=STARTED, here=here)
        case RcgVerb.RESTORE:
            return replace(_moved(before, 1, kept=False), roles=NORMAL, status=STARTED)
        case RcgVerb.UNDO:
            return replace(_moved(before, 1), roles=NORMAL, status=STARTED)
        case RcgVerb.REVERSE:
            roles = NORMAL if before.serves else SWAPPED
            return replace(_moved(before, before.serves), roles=roles, status=STARTED)
        case RcgVerb.SWITCHOVER:
            return replace(before, roles=NORMAL if before.serves else SWAPPED)
    return _provisioned(verb, before)


def _moved(before: Truth, end: int, *, exports_stay: bool = False, kept: bool = True) -> Truth:
    """The hosts of one end see nothing any more, those of the other what they saw; what it held is kept."""
    old, new = (before.there, before.here) if end else (before.here, before.there)
    new = replace(new, exports=new.exports | old.exports)
    old = old if exports_stay else replace(old, exports=frozenset())
    old = _saved(old, before.members) if kept else old
    return replace(before, here=new, there=old) if end else replace(before, here=old, there=new)


def _saved(held: Held, volumes: frozenset[str]) -> Held:
    count = Counter(dict(held.kept)) + Counter(dict.fromkeys(volumes, 1))
    return replace(held, kept=frozenset(count.items()))


def _provisioned(verb: str, before: Truth) -> Truth:
    """After something was done to one volume. ``_new`` is the one that is added, ``_v1`` the one that goes."""
    held = [*before.here.volumes, *before.members] or [verb]
    name = min(held, key=len).rpartition("_")[0]
    new, gone = f"{name}_new", f"{name}_v1"
    if verb in ("create", "add"):
        made = [replace(each, volumes=each.volumes | {new}) for each in (before.here, before.there)]
        return replace(before, members=before.members | {new}, here=made[0], there=made[1])
    left = replace(before, members=before.members - {gone})
    if verb == "remove":
        return left
    less = [replace(each, volumes=each.volumes - {gone}) for each in (before.here, before.there)]
    return replace(left, here=less[0], there=less[1])


def made_anew(name: str) -> Truth:
    """After a volume was created in a group that did not exist: the group is made with it, and started."""
    new = frozenset({f"{name}_new"})
    return Truth(NORMAL, STARTED, new, Held(new), Held(new))


def differences(now: Truth, wanted: Truth) -> list[str]:
    """What is not as it must be, in words."""
    found = []
    for name in Truth.__struct_fields__:
        is_, ought = getattr(now, name), getattr(wanted, name)
        if isinstance(is_, frozenset):
            is_, ought = sorted(is_), sorted(ought)
        if is_ != ought:
            found.append(f"{name} is {is_}, not {ought}")
    return found


# ---------------------------------------------------------------------------------------------------------------- data


def serves_after(verb: RcgVerb | str, before: Truth) -> str | None:
    """The site whose server its owner starts once the run has succeeded; None: nobody changes anything."""
    match verb:
        case RcgVerb.FAILOVER:
            return "lyon"
        case RcgVerb.RESTORE | RcgVerb.UNDO:
            return "paris"
        case RcgVerb.REVERSE:
            return "paris" if before.serves else "lyon"
    return None


def beyond(loss: Loss, bound_s: float) -> bool:
    """Whether a loss breaks its bound. So many generations may lie in one period less than so many; but none in 0 s."""
    period_s = loss.seconds / loss.generations if loss.generations else 0.0
    return loss.seconds > 0 and (bound_s <= 0 or loss.seconds - period_s > bound_s)


def losses(estate: RcgEstate, name: str, after: int = 0) -> list[Loss]:
    """What starting servers of the group lost, as the referee counted, behind its first ``after`` verdicts."""
    with estate.world.turn():
        return [loss for loss in estate.world.referee.losses[after:] if loss.origin.endswith(f"/{name}-srv")]


# ---------------------------------------------------------------------------------------------------------- one run


class RcgJudge:
    """Judges one run of a case, from before it begins."""

    def __init__(self, estate: RcgEstate, case: Case, plan: Plan, name: str, orderly: bool) -> None:
        self._estate = estate
        self._case = case
        self._plan = plan
        self._name = name
        self._before = truth(estate, name)
        self._losses = len(estate.world.referee.losses)
        with estate.world.turn() as now:
            self._began = now
        self._orderly = orderly and case.verb in (RcgVerb.FAILOVER, RcgVerb.RESTORE, RcgVerb.REVERSE)
        if self._orderly and not case.disaster:
            estate.switch_off("lyon" if self._before.serves else "paris", name)

    def always(self, found: Run) -> str | None:
        return None

    def succeeded(self) -> str | None:
        estate, name, verb = self._estate, self._name, self._case.verb
        wanted = made_anew(name) if self._before.roles is None else goal(verb, self._before, self._case.disaster)
        if wrong := differences(truth(estate, name), wanted):
            return "; ".join(wrong)
        if verb in SYNCED_AFTER and not synced(estate, name):
            return "not every volume is synchronized"
        oldest = oldest_copy(estate, name)
        if verb is RcgVerb.SYNC and oldest is not None and oldest < self._began:
            return f"the copy is {self._began - oldest:.1f} s older than the run"
        return None

    def lost(self) -> str | None:
        """What its owner loses who believes the run and starts the server."""
        site = serves_after(self._case.verb, self._before)
        if site is None:
            return None
        self._estate.switch_on(site, self._name)
        if not (self._orderly or self._case.disaster):  # torn, or discarded, as the plan says
            return None
        bound = self._plan.loss_s or 0.0
        over = [x for x in losses(self._estate, self._name, self._losses) if beyond(x, bound)]
        return f"lost more than {bound:g} s: {over}" if over else None

    def taken_back(self) -> str | None:
        if self._before.status == STARTED:
            self._estate.until(lambda: synced(self._estate, self._name))
        return "; ".join(differences(truth(self._estate, self._name), self._before)) or None
