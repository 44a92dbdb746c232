"""In which order the applications of a plan come: pure, out of its groups and of what comes after what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from app.plans.records import Application, Member, RecoveryPlan


def cycle(after: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The names that wait for one another, in a circle; none where there is none. Unknown names count for nothing."""
    seen: dict[str, bool] = {}  # True: it and all that it waits for are no part of a circle
    for start in after:
        path: list[tuple[str, list[str]]] = [(start, list(after[start]))] if start not in seen else []
        seen.setdefault(start, False)
        while path:
            name, left = path[-1]
            if not left:
                seen[name] = True
                path.pop()
                continue
            other = left.pop()
            if other not in after or seen.get(other):
                continue
            if other in seen:
                names = [each for each, _ in path]
                return tuple(names[names.index(other) :])
            seen[other] = False
            path.append((other, list(after[other])))
    return ()


def ordered(names: Sequence[str], after: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The names with each behind all that it comes after, otherwise as they were. There must be no circle."""
    known = set(names)
    placed: dict[str, None] = {}
    for name in names:
        work = [(name, iter(tuple(after.get(name, ()))))]
        while work:
            current, rest = work[-1]
            other = next((each for each in rest if each in known and each not in placed), None)
            if other is not None:
                work.append((other, iter(tuple(after.get(other, ())))))
                continue
            placed.setdefault(current)
            work.pop()
    return tuple(placed)


def waits(plan: RecoveryPlan) -> dict[str, tuple[str, ...]]:
    """By application: those that must be up before it, by its own word and because of the groups."""
    of_group = {group.name: [a.name for a in plan.applications if a.group == group.name] for group in plan.groups}
    before = {group.name: [name for other in group.after for name in of_group.get(other, ())] for group in plan.groups}
    return {a.name: tuple(dict.fromkeys((*a.after, *before.get(a.group, ())))) for a in plan.applications}


def applications(plan: RecoveryPlan) -> tuple[Application, ...]:
    """All of them, each behind those that it waits for."""
    by_name = {application.name: application for application in plan.applications}
    return tuple(by_name[name] for name in ordered(tuple(by_name), waits(plan)))


def computes(application: Application) -> tuple[Member, ...]:
    """Its LPARs and VMs, each behind those that it is started after."""
    found = {member.name: member for member in application.members if member.computes}
    return tuple(found[name] for name in ordered(tuple(found), application.inside))
