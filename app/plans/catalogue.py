"""The plans in the directory of the operator: which there are, and what stands in more than one of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from app.config_table import SettingProblem, SettingsError
from app.plans.reader import SUFFIX, problem, read
from app.plans.records import MemberKind, RecoveryPlan


class NoPlanError(Exception):
    """There is no plan of that name. The text says which there are."""


class Listed(Struct, frozen=True):
    """A file of the directory: the plan, or what is wrong with it."""

    name: str
    path: Path
    plan: RecoveryPlan | None
    error: SettingsError | None = None


def files(folder: Path) -> tuple[Path, ...]:
    """The files of plans, by name; none where there is no such directory."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX) and path.is_file()))


def listed(folder: Path) -> tuple[Listed, ...]:
    """Every plan with its errors, those beside other plans among them."""
    found = [_read(path) for path in files(folder)]
    plans = [each.plan for each in found if each.plan is not None]
    made = []
    for each in found:
        problems = twice(each.plan, plans) if each.plan is not None else []
        made.append(Listed(each.name, each.path, None, SettingsError(each.path, problems)) if problems else each)
    return tuple(made)


def load(folder: Path, name: str) -> RecoveryPlan:
    """The plan of that name. Raises :class:`NoPlanError` where there is none, :class:`SettingsError` with its errors; a
    member that another plan has too is one of them."""
    path = folder / f"{name}{SUFFIX}"
    known = files(folder)
    if path not in known:
        there = ", ".join(each.name.removesuffix(SUFFIX) for each in known) or "none"
        raise NoPlanError(f"No plan is called {name} in {folder}. There are: {there}. drdeck plan new drafts one")
    plan = read(path)
    others = [found.plan for each in known if each != path and (found := _read(each)).plan is not None]
    problems = twice(plan, [other for other in others if other is not None])
    if problems:
        raise SettingsError(path, problems)
    return plan


def twice(plan: RecoveryPlan, plans: Sequence[RecoveryPlan]) -> list[SettingProblem]:
    """What stands in another plan too: two runs would act on it."""
    theirs = {member.key: (other, member) for other in plans if other.path != plan.path for _, member in other.members}
    found = []
    for application, member in plan.members:
        if member.key in theirs:
            other, also = theirs[member.key]
            expected = f"a member of this plan alone: line {also.line} of {other.path.name} has it too"
            found.append(problem(plan, member.line, f"{application.name}.{member.kind}", expected, f'"{member.name}"'))
    return found


def _read(path: Path) -> Listed:
    name = path.name.removesuffix(SUFFIX)
    try:
        return Listed(name, path, read(path))
    except SettingsError as error:
        return Listed(name, path, None, error)


def members_in_words(plan: RecoveryPlan) -> str:
    """How many there are of each kind: ``3 LPARs, 1 RCG``."""
    words = {
        MemberKind.LPAR: ("LPAR", "LPARs"),
        MemberKind.PGROUP: ("protection group", "protection groups"),
        MemberKind.POD: ("pod", "pods"),
        MemberKind.RCG: ("RCG", "RCGs"),
        MemberKind.VM: ("VM", "VMs"),
    }
    counts = [(len(plan.names(kind)), *words[kind]) for kind in MemberKind]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
