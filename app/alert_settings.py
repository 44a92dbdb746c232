"""``[alerts]`` of the configuration, checked: who is told of alerts that nobody has, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from app import values
from app.config_table import Document, Table
from app.values import Check, UnexpectedError
from store.alert_records import EscalationStep
from store.notices import Severity

STEP_KEYS = ("wait", "target", "channel", "severity")
_WAIT = values.duration(0, 7 * 86400)
_TARGET = values.text("who is told, such as a name or a rota", 80)


def escalation(
    document: Document, content: Mapping[str, object], channels: Collection[str]
) -> tuple[EscalationStep, ...]:
    """The steps in the order of the file; none where it says nothing. ``channels`` are those of the file by name."""
    table = document.table(content.get("alerts", {}), ("alerts",), "alerts")
    table.only(("escalation",))
    where = ("alerts", "escalation")
    each = document.tables(table.values.get("escalation", []), where, "alerts.escalation")
    return tuple(_step(one, channels) for one in each)


def _step(table: Table, channels: Collection[str]) -> EscalationStep:
    table.only(STEP_KEYS)
    return EscalationStep(
        wait_s=table.need("wait", _WAIT, 0.0),
        target=table.need("target", _TARGET, ""),
        channel=table.need("channel", _channel(channels), ""),
        severity=table.get("severity", values.one_of(Severity), Severity.MAJOR),
    )


def _channel(channels: Collection[str]) -> Check[str]:
    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in channels:
            raise UnexpectedError
        return value

    return Check(f"a channel of [[notifications]]: {', '.join(sorted(channels)) or 'there are none'}", convert)
