"""The forms of the operations room: taking alerts, a silence, a rule, an incident and what is written of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from screens.ages import moment
from screens.dialogs.form import Asked, Form, Judged, Texts
from screens.firstrun_base import paragraph
from store.alert_groups import AlertGroup
from store.alert_records import METRICS, Rule
from store.incident_records import Incident
from store.notices import Severity

R = TypeVar("R")
Until = Callable[[str], datetime]
"""An end as it is typed. Raises ValueError with what was expected."""
Taken = tuple[str, datetime, str, str]
"""Owner, end, reason, and what was typed for the group."""


def _form(
    title: str, asked: Sequence[Asked], judge: Callable[[Texts], tuple[R, str]], accept: str, ascii_only: bool
) -> Form[R]:
    """A form that says in a sentence what is typed comes to."""

    def judged(texts: Texts) -> Judged[R]:
        result, words = judge(texts)
        return Judged(result, lambda width: paragraph(words, width))

    return Form(title, tuple(asked), judged, accept=accept, ascii_only=ascii_only)


def _need(texts: Texts, name: str, what: str) -> str:
    if not texts[name]:
        raise ValueError(f"{what}: expected one, it is kept in the journal")
    return texts[name]


def taking_form(group: AlertGroup, owner: str, until: Until, *, critical: bool, ascii_only: bool) -> Form[Taken]:
    """Ends with who takes it until when. What is critical asks for its name to be typed."""

    def judge(texts: Texts) -> tuple[Taken, str]:
        ends, who = until(texts["until"]), _need(texts, "owner", "owner")
        reason, typed = _need(texts, "reason", "reason"), texts.get("typed", "")
        if critical and typed != group.key:
            raise ValueError(f"type {group.key}: it is critical, so a person says that they take exactly this")
        words = f"{who} has {len(group.alerts)} alerts until {moment(ends)}; nobody is told of them before."
        return (who, ends, reason, typed), words

    asked = [
        Asked("owner", "Owner", owner, "who has it"),
        Asked("until", "Until", "+4h", "or +30m, 2026-02-01T04:00Z; 7d at most"),
        Asked("reason", "Why", "", "kept in the journal"),
    ]
    if critical:
        asked.append(Asked("typed", "Type", "", group.key))
    return _form(f"Take {group.key}", asked, judge, "Take", ascii_only)


def silence_form(group: AlertGroup, until: Until, ascii_only: bool) -> Form[tuple[datetime, str]]:
    """Ends with until when, and why."""

    def judge(texts: Texts) -> tuple[tuple[datetime, str], str]:
        ends, reason = until(texts["until"]), _need(texts, "reason", "reason")
        where = group.site or "any site"
        words = f"Nobody is told of {group.kind} at {where} until {moment(ends)}; but of what is critical, always."
        return (ends, reason), words

    asked = (Asked("until", "Until", "+1h", "1d at most"), Asked("reason", "Why", "", "kept in the journal"))
    return _form(f"Silence {group.key}", asked, judge, "Silence", ascii_only)


def reason_form(title: str, words: str, label: str, accept: str, ascii_only: bool) -> Form[str]:
    """Ends with a text that has to be given."""
    asked = (Asked("text", label, "", "kept in the journal"),)
    return _form(title, asked, lambda texts: (_need(texts, "text", label.lower()), words), accept, ascii_only)


Made = Callable[[Mapping[str, str]], Rule]
"""A rule of what is typed: name, metric, condition, threshold, lasting, severity, site. Raises ValueError with what was
expected."""


def rule_form(made: Made, ascii_only: bool) -> Form[Rule]:
    """Ends with a rule that is not kept yet."""

    def judge(texts: Texts) -> tuple[Rule, str]:
        rule = made(texts)
        return rule, f"An alert wherever {METRICS[rule.metric][0]}: {rule.words}."

    asked = (
        Asked("name", "Name", "", "such as old-copies"),
        Asked("metric", "Metric", "rpo", ", ".join(METRICS)),
        Asked("condition", "Condition", ">", "> >= < <="),
        Asked("threshold", "Threshold", "30m", "a time such as 30m, or a number"),
        Asked("lasting", "For", "10m", "it has to last so long"),
        Asked("severity", "Severity", "warning", ", ".join(Severity)),
        Asked("site", "Site", "", "only there; empty: everywhere"),
    )
    return _form("A new rule", asked, judge, "Save", ascii_only)


Declared = tuple[str, str, str, str, tuple[str, str]]
"""Title, severity, component, site, and commander with scribe."""


def incident_form(first: tuple[str, str, str, str], me: str, sites: Sequence[str], ascii_only: bool) -> Form[Declared]:
    """Ends with what is to be declared; ``first`` stands there before anything is typed."""

    def judge(texts: Texts) -> tuple[Declared, str]:
        title, component = _need(texts, "title", "title"), _need(texts, "component", "about")
        if texts["severity"] not in list(Severity):
            raise ValueError(f"severity {texts['severity']}: expected one of {', '.join(Severity)}")
        if texts["site"] and texts["site"] not in sites:
            raise ValueError(f"site {texts['site']}: expected one of {', '.join(sites)}, or none")
        roles = (texts["commander"], texts["scribe"])
        led = f"{roles[0]} leads it" if roles[0] else "Nobody leads it yet"
        result = (title, texts["severity"], component, texts["site"], roles)
        return result, f"{led}; {roles[1] or 'nobody'} writes down. All that is done stands in its timeline."

    title, severity, component, site = first
    asked = (
        Asked("title", "Title", title, "what happened"),
        Asked("severity", "Severity", severity, ", ".join(Severity)),
        Asked("component", "About", component, "what it is about"),
        Asked("site", "Site", site, ", ".join(sites)),
        Asked("commander", "Commander", me, "who leads"),
        Asked("scribe", "Scribe", "", "who writes down"),
    )
    return _form("Declare an incident", asked, judge, "Declare", ascii_only)


def leading_form(incident: Incident, ascii_only: bool) -> Form[tuple[str, str]]:
    """Ends with commander and scribe."""

    def judge(texts: Texts) -> tuple[tuple[str, str], str]:
        found = (texts["commander"], texts["scribe"])
        if found == (incident.commander, incident.scribe):
            raise ValueError("it is so already: expected another commander or scribe")
        return found, f"{found[0] or 'Nobody'} leads {incident.name}, {found[1] or 'nobody'} writes down."

    asked = (
        Asked("commander", "Commander", incident.commander, "who leads"),
        Asked("scribe", "Scribe", incident.scribe, "who writes down"),
    )
    return _form(f"Who leads {incident.name}", asked, judge, "Save", ascii_only)


def lesson_form(incident: Incident, ascii_only: bool) -> Form[tuple[str, str, date]]:
    """Ends with the text, its owner, and until when."""

    def judge(texts: Texts) -> tuple[tuple[str, str, date], str]:
        text, owner = _need(texts, "text", "lesson"), _need(texts, "owner", "owner")
        try:
            due = date.fromisoformat(texts["due"])
        except ValueError:
            raise ValueError(f"due {texts['due']}: expected a day like 2026-03-31") from None
        return (text, owner, due), f"{owner} sees to it until {due}."

    asked = (
        Asked("text", "Lesson", "", "what is to become better"),
        Asked("owner", "Owner", "", "who sees to it"),
        Asked("due", "Due", "", "such as 2026-03-31"),
    )
    return _form(f"A lesson of {incident.name}", asked, judge, "Save", ascii_only)
