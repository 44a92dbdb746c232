"""The rules of operators, held against what was measured. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from store.alert_records import METRICS, AlertKind, Condition, Metric, Raised, Rule
from store.notices import Severity

W = TypeVar("W", bound=StrEnum)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(s|m|h|d)?", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_S = 30 * 86400.0


class Sample(Struct, frozen=True):
    """``metric`` of what is called ``about`` is ``value`` now, in the unit of the metric; ``id`` tells it from others.
    ``under`` are the sites whose silence explains it."""

    metric: Metric
    id: str
    about: str
    value: float
    site: str
    under: tuple[str, ...] = ()


def raised(rules: Iterable[Rule], samples: Iterable[Sample]) -> tuple[Raised, ...]:
    """What the samples are beyond the rules; each has to last as long as its rule says."""
    by_metric: dict[Metric, list[Rule]] = {}
    for rule in rules:
        by_metric.setdefault(rule.metric, []).append(rule)
    return tuple(
        _raised(rule, sample)
        for sample in samples
        for rule in by_metric.get(sample.metric, ())
        if rule.site in (None, sample.site) and rule.condition.holds(sample.value, rule.threshold)
    )


def key(rule: Rule, sample_id: str) -> str:
    return f"rule:{rule.id}:{sample_id}"


def _raised(rule: Rule, sample: Sample) -> Raised:
    unit = METRICS[rule.metric][1]
    shown = f"{sample.value:.0f} {unit}".rstrip()
    return Raised(
        key=key(rule, sample.id),
        kind=AlertKind.RULE,
        severity=rule.severity,
        site=sample.site,
        target=sample.about,
        subject=f"{sample.about}: {rule.name}",
        what=f"The rule {rule.name} holds of {sample.about}: {rule.words}.",
        next=f"It was {shown} when it was seen first. The rule: drdeck alerts rule list.",
        under=sample.under,
        hold_s=rule.duration_s,
    )


def made(
    name: str, metric: str, condition: str, threshold: str, lasting: str, severity: str, by: str, at: datetime,
    site: str | None = None,
) -> Rule:  # fmt: skip
    """A rule as people give it, still without a number. Raises ValueError with what was expected."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"name {name}: expected letters, digits, dots, - and _, 63 at most")
    known = _word(Metric, metric, "metric")
    limit = amount(threshold, "threshold") if METRICS[known][1] == "s" else _number(threshold)
    duration_s = amount(lasting, "for")
    if duration_s > MOST_S:
        raise ValueError(f"for {lasting}: expected 30d at most")
    grave = _word(Severity, severity, "severity")
    return Rule(0, name, known, _word(Condition, condition, "condition"), limit, duration_s, grave, by, at, site)


def amount(text: str, what: str) -> float:
    """A length of time as people write it, in seconds. Raises ValueError."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{what} {text}: expected seconds, or such as 90s, 15m, 4h, 2d")
    return float(found[1]) * _UNIT_S[found[2] or "s"]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"threshold {text}: expected a number, 0 or more")
    return value


def _word(words: type[W], text: str, what: str) -> W:
    try:
        return words(text)
    except ValueError:
        raise ValueError(f"{what} {text}: expected one of {', '.join(words)}") from None
