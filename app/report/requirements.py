"""Which part of a report answers which requirement, in short words that are not those of the law and the standard.

DORA: Regulation (EU) 2022/2554, articles 11 and 12. ISO 22301:2019, 8.5. NIS2: Directive (EU) 2022/2555, article 21(2).
A report is a record of one run. It supports these requirements; that they are met is for others to say.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from app.report.people import AGREED
from app.report.records import Facts, Objective
from app.report.scenario import exercise
from app.runs_words import span

NOT_RECORDED = "not recorded"


class Requirement(Struct, frozen=True):
    """``asks`` is what is asked for, ``part`` the part of the report that answers it, ``answer`` what that says in
    short; None: nothing is known."""

    source: str
    asks: str
    part: str
    answer: Callable[[Facts], str | None]


def objective_words(each: Objective) -> str:
    """``1 min 5 s against 4 h (application up): kept``."""
    actual = NOT_RECORDED if each.actual_s is None else span(each.actual_s)
    target = f"target {NOT_RECORDED}" if each.target_s is None else span(each.target_s)
    kept = {None: "", True: ": kept", False: ": NOT KEPT"}[each.kept]
    return f"{actual} against {target} ({each.of}){kept}"


def _plan(facts: Facts) -> str | None:
    return f"{facts.plan.name}, digest {facts.plan.digest[:16]}…"


def _plan_file(facts: Facts) -> str | None:
    return None if facts.plan.file is None else f"{facts.plan.file}, version {facts.plan.version or NOT_RECORDED}"


def _times(facts: Facts) -> str | None:
    if facts.began_at is None:
        return None
    return f"begun {span((facts.began_at - facts.declared_at).total_seconds())} after the declaration"


def _loss(facts: Facts) -> str | None:
    return facts.plan.loss or None


def _nothing(facts: Facts) -> str | None:
    return None


def _tested(facts: Facts) -> str | None:
    return f"{facts.scenario}: {facts.state}" if exercise(facts.plan.verb) else None


def _whole(facts: Facts) -> str | None:
    return f"{facts.scenario}: {facts.state}"


def _time(facts: Facts) -> str | None:
    return _objective(facts, "RTO")


def _point(facts: Facts) -> str | None:
    return _objective(facts, "RPO")


def _objective(facts: Facts, what: str) -> str | None:
    """Of a recovery plan every application that has a target; else of the first thing that it was measured on."""
    found = [each for each in facts.objectives if each.what == what]
    targets = [each for each in found if each.target_s is not None] if facts.applications else []
    known = targets or [each for each in found[:1] if each.actual_s is not None]
    return "; ".join(map(objective_words, known)) or None


def _steps(facts: Facts) -> str | None:
    return f"{len(facts.steps)} steps; entries {facts.journal.first} to {facts.journal.last} of the journal"


def _checks(facts: Facts) -> str | None:
    if not facts.plan.guards and not facts.steps:
        return None
    skipped = f"{len(facts.unchecked)} checks were skipped" if facts.unchecked else "no check was skipped"
    return f"{len(facts.plan.guards)} guards; {len(facts.steps)} steps looked at before and after; {skipped}"


def _people(facts: Facts) -> str | None:
    return ", ".join(person.name for person in facts.people) or None


def _agreed(facts: Facts) -> str | None:
    return ", ".join(person.name for person in facts.people if AGREED in person.roles) or None


def _deviations(facts: Facts) -> str | None:
    return f"{len(facts.deviations)} deviations, each with time and reason" if facts.deviations else "no deviation"


def _lessons(facts: Facts) -> str | None:
    return f"{len(facts.lessons)}, each with owner and date" if facts.lessons else None


REQUIREMENTS = (
    Requirement("DORA 11(2)(b), (c)", "recovery that is begun without delay", "Times", _times),
    Requirement("DORA 11(2)(d)", "an estimate of impact and losses", "Plan", _loss),
    Requirement("DORA 11(2)(e)", "communication in the crisis", "not part of a report", _nothing),
    Requirement("DORA 11(3)", "a response and recovery plan that can be audited", "Plan", _plan),
    Requirement("DORA 11(6)", "plans tested, with switchovers to the redundant side", "Scenario", _tested),
    Requirement("DORA 11(8)", "records of what was done during a disruption", "Steps, journal.jsonl", _steps),
    Requirement("DORA 12(1)", "documented procedures of restoration and recovery", "Plan: its file", _plan_file),
    Requirement("DORA 12(2)", "procedures of recovery tested from time to time", "Scenario", _tested),
    Requirement("DORA 12(6)", "a recovery time objective, and what was reached", "Objectives", _time),
    Requirement("DORA 12(6)", "a recovery point objective, and what was reached", "Objectives", _point),
    Requirement("DORA 12(7)", "checks of integrity on the way back", "Guards, steps, skipped checks", _checks),
    Requirement("ISO 22301 8.5 a)–b)", "an exercise by a scenario with clear aims", "Scenario, objectives", _tested),
    Requirement("ISO 22301 8.5 c)", "those take part who have a role in it", "People", _people),
    Requirement("ISO 22301 8.5 d)", "strategies validated over time", "all reports together", _nothing),
    Requirement("ISO 22301 8.5 e)", "a formal report: outcomes, recommendations, actions", "Lessons", _lessons),
    Requirement("ISO 22301 8.5 f)", "results reviewed for improvement", "Lessons", _lessons),
    Requirement("NIS2 21(2)(b)", "incidents handled", "Times, deviations", _deviations),
    Requirement("NIS2 21(2)(c)", "business continuity and disaster recovery", "the whole report", _whole),
    Requirement("NIS2 21(2)(f)", "effectiveness of the measures assessed", "Objectives", _time),
    Requirement("NIS2 21(2)(i)", "access control: who decided", "People", _agreed),
)
