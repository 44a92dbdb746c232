"""A report as sections of plain text and tables, from which both of its forms are made. Nothing here is escaped yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from app.output import stamp, twin_line
from app.report.records import ApplicationTold, Facts, Objective, StepTold
from app.report.requirements import NOT_RECORDED, REQUIREMENTS
from app.report.scenario import recovers
from app.runs_words import span
from store.runs import Fact


class Table(Struct, frozen=True):
    """``rows`` are as long as ``head``."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Section(Struct, frozen=True):
    """``texts`` stand before the table."""

    title: str
    texts: tuple[str, ...] = ()
    table: Table | None = None


def title(facts: Facts) -> str:
    on = "" if facts.twin is None else "TWIN: "
    return f"{on}Report of run {facts.run}: {facts.plan.name}"


def sections(facts: Facts) -> tuple[Section, ...]:
    """All of them, also where there is nothing to tell: then they say so."""
    return (
        _summary(facts),
        _times(facts),
        _applications(facts),
        _objectives(facts),
        _people(facts),
        _plan(facts),
        _guards(facts),
        _steps(facts),
        _seen(facts),
        _deviations(facts),
        _unchecked(facts),
        _notes(facts),
        _lessons(facts),
        _others(facts),
        _requirements(facts),
        _journal(facts),
    )


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    return Table(("What", "Value"), tuple(rows))


def _listed(
    title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], nothing: str, text: str = ""
) -> Section:
    texts = (text,) if text and rows else ()
    return Section(title, texts, Table(head, tuple(rows))) if rows else Section(title, (nothing,))


def _at(at: datetime | None) -> str:
    return stamp(at) or NOT_RECORDED


def _span(seconds: float | None) -> str:
    return NOT_RECORDED if seconds is None else span(seconds)


def _summary(facts: Facts) -> Section:
    ending = f": {facts.ending}" if facts.ending else ""
    return Section(
        "Summary",
        (),
        _pairs(
            (
                *(("On a twin", each) for each in twin_line(facts.twin)),
                ("Scenario", facts.scenario),
                ("Outcome", f"{facts.state}{ending}"),
                *(() if facts.incident is None else (("Incident", f"INC-{facts.incident}"),)),
                ("Plan", facts.plan.name),
                ("Acted on", ", ".join(facts.plan.targets) or "nothing"),
                *((each.what, objective(each)) for each in facts.objectives[:1]),
                *(("Applications", each) for each in _in_short(facts)),
                ("Deviations", f"{len(facts.deviations)}"),
                ("Written by", facts.product),
                ("As of", f"journal entry {facts.journal.head_seq}, {_at(facts.journal.head_at)}"),
            )
        ),
    )


def objective(each: Objective) -> str:
    """What was reached, in words."""
    kept = {None: "", True: " (kept)", False: " (NOT KEPT)"}[each.kept]
    return f"{_span(each.actual_s)}, target {_span(each.target_s)}{kept}"


def _times(facts: Facts) -> Section:
    def after(at: datetime | None) -> str:
        return "" if at is None else span((at - facts.declared_at).total_seconds())

    marks = (
        ("Declared (plan proposed)", facts.declared_at),
        ("Decided (plan agreed to)", facts.decided_at),
        ("Started", facts.began_at),
        ("Ended", facts.ended_at),
    )
    rows = tuple((name, _at(at), after(at)) for name, at in marks)
    return Section("Times", ("All times are UTC.",), Table(("What", "When", "After the declaration"), rows))


_KEPT = {True: "yes", False: "NO", None: NOT_RECORDED}


def _in_short(facts: Facts) -> Iterator[str]:
    """How many are up, and how many kept their targets."""
    told = facts.applications
    if not told:
        return
    words = [f"{sum(each.up_at is not None for each in told)} of {len(told)} up"]
    for what, kept in (("RTO", [each.rto_kept for each in told]), ("RPO", [each.rpo_kept for each in told])):
        known = [each for each in kept if each is not None]
        words += [f"{what} kept by {sum(known)} of {len(known)}"] if known else []
    yield ", ".join(words)


def _applications(facts: Facts) -> Section:
    rows = [_application(each) for each in facts.applications]
    head = (
        *("Application", "Group", "RTO target", "Ready after", "Up after", "RTO kept", "Foreseen, P95"),
        *("RPO target", "Lost at most", "RPO kept", "How the loss is known", "Deviations"),
    )
    nothing = "This is no run of a recovery plan: no application is named."
    text = "Times count from the declaration; what was foreseen counts from the beginning of the run."
    return _listed("Applications", head, rows, nothing, text)


def _application(each: ApplicationTold) -> tuple[str, ...]:
    foreseen = NOT_RECORDED if each.p50_s is None else f"{span(each.p50_s)}, {_span(each.p95_s)}"
    return (
        each.name,
        each.group,
        "none is set" if each.rto_s is None else span(each.rto_s),
        _span(each.ready_s),
        _span(each.up_s),
        "no target" if each.rto_s is None else _KEPT[each.rto_kept],
        foreseen,
        "none is set" if each.rpo_s is None else span(each.rpo_s),
        _span(each.lost_s),
        "no target" if each.rpo_s is None else _KEPT[each.rpo_kept],
        each.lost_words,
        str(each.deviations) if each.deviations else "none",
    )


def _objectives(facts: Facts) -> Section:
    rows = [
        (each.what, each.of, _span(each.target_s), _span(each.actual_s), _KEPT[each.kept], each.words)
        for each in facts.objectives
    ]
    nothing = "This run recovers nothing: there is no recovery time or point to measure."
    text = (
        "RTO targets are those of the configuration when the report was written, of applications those of their plan."
    )
    head = ("Objective", "Of", "Target", "Actual", "Kept", "How it was measured")
    return _listed("Objectives", head, rows, nothing if not recovers(facts.plan.verb) else NOT_RECORDED, text)


def _people(facts: Facts) -> Section:
    rows = [(person.name, "; ".join(person.roles)) for person in facts.people]
    text = "Names are those of the operating system's users at their consoles; typed names are as they were typed."
    return _listed("People", ("Who", "Roles"), rows, NOT_RECORDED, text)


def _plan(facts: Facts) -> Section:
    plan = facts.plan
    bound = f"{span(plan.loss_s)}: " if plan.loss_s else ""
    rows = (
        ("Title", plan.name),
        ("Plan file", plan.file or NOT_RECORDED),
        ("Version", plan.version or NOT_RECORDED),
        ("Digest of the plan as agreed to (SHA-256)", plan.digest),
        ("Drawn up", _at(plan.made_at)),
        ("Typed to agree", "; ".join(plan.typed) or "nothing had to be typed, or nobody agreed"),
        ("Data lost at most", f"{bound}{plan.loss}" if plan.loss else NOT_RECORDED),
        ("Expected to take", _span(plan.p50_s)),
        ("19 times out of 20 within", _span(plan.p95_s)),
        *(("Cannot be undone", text) for text in plan.lasting),
        *(("Note of the plan", text) for text in plan.notes),
    )
    return Section("Plan", (), _pairs(rows))


def _guards(facts: Facts) -> Section:
    rows = [
        (guard.id, guard.words, "holds" if guard.holds else "DOES NOT HOLD", guard.evidence, _at(guard.seen_at))
        for guard in facts.plan.guards
    ]
    head = ("Guard", "What must be so", "Verdict", "What was seen", "Seen")
    return _listed("Guards: both sides before the run", head, rows, "The plan has no guards.")


def _steps(facts: Facts) -> Section:
    rows = [_step(each) for each in facts.steps]
    head = ("Step", "What", "On", "Sent", "Times sent", "State", "Begun", "Ended", "Took", "Usual", "Why")
    return _listed("Steps", head, rows, "The plan has no steps.")


def _step(each: StepTold) -> tuple[str, ...]:
    return (
        each.id,
        each.title,
        each.device,
        each.call or "nothing: it looks",
        str(len(each.tries)),
        str(each.state),
        _at(each.began_at)
        if each.began_at is not None or each.due_at is None
        else f"{_at(each.due_at)} (looked from then)",
        _at(each.ended_at),
        _span(each.took_s),
        _span(each.usual_s),
        each.reason or "",
    )


def _seen(facts: Facts) -> Section:
    rows = [
        (each.id, _facts(each.before) if each.tries else "nothing was sent", _answers(each), _facts(each.after))
        for each in facts.steps
    ]
    head = ("Step", "Seen before it was sent", "What the device said", "Seen last")
    text = "What was seen on the devices of both sides, as the device named each value."
    return _listed("State before and after each step", head, rows, "The plan has no steps.", text)


def _facts(found: Sequence[Fact]) -> str:
    return "; ".join(f"{fact.name}: {fact.value}" for fact in found) or NOT_RECORDED


def _answers(each: StepTold) -> str:
    return "; ".join(one.answer or "no answer is recorded" for one in each.tries) or "nothing was sent"


def _deviations(facts: Facts) -> Section:
    rows = [
        (_at(each.at), each.what, each.step or "the run", each.application or "", each.words, each.by or "")
        for each in facts.deviations
    ]
    head = ("When", "What", "Of", "Application", "Why", "By")
    return _listed("Deviations", head, rows, "None: every step went as planned, and nobody decided otherwise.")


def _unchecked(facts: Facts) -> Section:
    rows = [(each.what, each.reason) for each in facts.unchecked]
    return _listed("Skipped checks", ("Check", "Why it was not made"), rows, "None: no check was skipped.")


def _notes(facts: Facts) -> Section:
    rows = [(_at(note.at), note.by, note.text) for note in facts.notes]
    return _listed("Notes", ("When", "By", "Note"), rows, f"{NOT_RECORDED}: nobody wrote one.")


def _lessons(facts: Facts) -> Section:
    rows = [(one.text, one.owner, one.due.isoformat(), one.by, _at(one.at)) for one in facts.lessons]
    return _listed("Lessons", ("Lesson", "Owner", "Due", "By", "When"), rows, f"{NOT_RECORDED}: nobody wrote one.")


def _others(facts: Facts) -> Section:
    rows = [(_at(each.at), each.kind, each.body) for each in facts.others]
    return _listed("Further entries", ("When", "Kind", "Content"), rows, "None: all of the journal is told above.")


def _requirements(facts: Facts) -> Section:
    rows = tuple((each.source, each.asks, each.part, each.answer(facts) or NOT_RECORDED) for each in REQUIREMENTS)
    texts = (
        "A report is the record of one run. This table says which part of it bears on which requirement of DORA "
        "(Regulation (EU) 2022/2554, articles 11 and 12), ISO 22301:2019 (8.5) and NIS2 (Directive (EU) 2022/2555, "
        "article 21(2)), in short words that are not theirs. It does not say that a requirement is met.",
    )
    return Section("Requirements", texts, Table(("Requirement", "Asks for", "Part of this report", "Says"), rows))


def _journal(facts: Facts) -> Section:
    told = facts.journal
    reach = "the chain is followed up to it in journal.jsonl" if told.whole else "too far on to be in journal.jsonl"
    rows = (
        ("Entries of this run", f"{told.first} to {told.last}"),
        ("Head of the journal", f"entry {told.head_seq}, {_at(told.head_at)}: {reach}"),
        ("Hash of the head (SHA-256)", told.head),
    )
    text = (
        "journal.jsonl holds these entries with their hashes, and those of other runs between them, as the chain needs "
        "them. manifest.json has the hash of every file, signature is its Ed25519 signature, and verify.py checks all "
        "of it: python3 verify.py --key FINGERPRINT"
    )
    return Section("Journal and signature", (text,), _pairs(rows))
