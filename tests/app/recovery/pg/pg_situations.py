"""Protection groups for the planner, as their arrays would tell them: three volumes, to be cloned to three."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from app.recovery.pg import plans
from app.recovery.pg.pairing import Source, Target
from app.recovery.pg.request import Request, Restore
from app.recovery.pg.situation import Away, CloneDraft, CloneNow, GroupNow, RestoreDraft, RestoreNow, TargetsNow
from app.recovery.step import Step
from backends.flasharray.records import GroupSnapshot, Owner
from backends.flasharray.verbs import Replicate
from store.estate import PgroupTarget, ProtectionGroup, Volume

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
PRD, DR = Owner("fa-prd", "id-prd"), Owner("fa-dr", "id-dr")
GIB = 1024**3
ASKED = Request("fa-prd", "prd", "s1", "dev")
SENT = replace(ASKED, to="fa-dr", replicate=Replicate.NOW)


def volume(name: str, size: int = GIB, owner: Owner = PRD) -> Volume:
    return Volume(owner.name, owner.id, f"id-{name}", name, size)


def side(name: str, volumes: Mapping[str, int], owner: Owner = PRD, *, target: PgroupTarget | None = None) -> GroupNow:
    targets = () if target is None else (target,)
    group = ProtectionGroup(owner.name, owner.id, f"id-{name}", name, False, True, targets=targets)
    members = {each: volume(each, size, owner) for each, size in volumes.items()}
    return GroupNow(owner.name, owner, NOW, name, group, members)


HOME = side("prd", dict.fromkeys(("a", "b", "c"), GIB), target=PgroupTarget("fa-dr", True))


def snapshot(name: str = "prd.s1", *, destroyed: bool = False) -> GroupSnapshot:
    return GroupSnapshot(name, name.rpartition(".")[0], NOW - timedelta(minutes=10), destroyed)


def sources(whole: str = "prd.s1", names: str = "abc") -> tuple[Source, ...]:
    return tuple(Source(name, f"id-{name}", GIB, f"{whole}.{name}") for name in names)


def onto(*targets: Target, owner: Owner = PRD, users: Mapping[str, Mapping[str, str]] | None = None) -> TargetsNow:
    found = targets or tuple(Target(name, GIB) for name in "xyz")
    return TargetsNow(side("dev", {t.name: t.size for t in found}, owner), found, users or {})


def at_home(**changes: object) -> CloneNow:
    """A snapshot that is there, to be cloned on its own array."""
    found = CloneNow("prd.s1", NOW, HOME, snapshot(), "prd.s1", sources(), onto())
    return replace(found, **changes)  # type: ignore[arg-type]


def away(**changes: object) -> CloneNow:
    """One that is taken, sent to the other array and cloned there."""
    there = Away("fa-dr", None, False, ())
    whole = "fa-prd:prd.s1"
    found = CloneNow("prd.s1", NOW, HOME, None, whole, sources(whole), onto(owner=DR), there)
    return replace(found, **changes)  # type: ignore[arg-type]


def drawn(at: CloneNow, asked: Request = ASKED) -> CloneDraft:
    draft = CloneDraft(at, "s", "run-1")
    plans.draw_clone(draft, asked)
    return draft


def restoring(**changes: object) -> RestoreNow:
    parts = dict.fromkeys(("prd.s1.a", "prd.s1.b", "prd.s1.c"), GIB)
    found = RestoreNow("prd.s1", NOW, HOME, snapshot(), parts, {})
    return replace(found, **changes)  # type: ignore[arg-type]


def drawn_back(at: RestoreNow, asked: Restore | None = None) -> RestoreDraft:
    draft = RestoreDraft(at, "s", "run-1")
    plans.draw_restore(draft, asked or Restore("fa-prd", "prd", "s1"))
    return draft


def refusals(draft: CloneDraft | RestoreDraft) -> list[str]:
    """Which guards do not hold, each with its evidence."""
    return [f"{guard.id.split(' ')[0]}: {guard.evidence}" for guard in draft.guards if not guard.holds]


def kinds(draft: CloneDraft | RestoreDraft) -> list[str]:
    return [step.kind for step in draft.steps]


def steps(draft: CloneDraft | RestoreDraft, kind: type[Step]) -> list[Step]:
    from app.recovery.kinds import made

    found = [made(step.kind, step.params) for step in draft.steps]
    return [step for step in found if isinstance(step, kind)]
