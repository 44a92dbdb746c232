"""What stands in the rows of automatic failover, written and read in the transaction of whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from store.auto_records import Arming, AutoState, Condition, FailoverEvent, ShadowDecision, Standing, Window
from store.recorded import from_text, to_text
from store.times import to_text as stamp

Execute = Callable[..., Any]
"""A connection's ``exec_driver_sql``."""


def state_of(run: Execute, group: str) -> AutoState | None:
    found = run("SELECT state FROM auto_group WHERE name = ?", (group,)).scalar()
    return None if found is None else AutoState(found)


def put(run: Execute, standing: Standing) -> None:
    run(
        "INSERT INTO auto_group (name, state, standing) VALUES (?, ?, ?) ON CONFLICT (name) "
        "DO UPDATE SET state = excluded.state, standing = excluded.standing",
        (standing.group, standing.state, to_text(standing)),
    )


def put_event(run: Execute, event: FailoverEvent) -> None:
    kept = kept_event(run, event.id)
    if kept is not None and kept.vetoed_by is not None:  # said by somebody else meanwhile
        event = replace(event, vetoed_by=kept.vetoed_by, vetoed_at=kept.vetoed_at)
    fired = None if event.fired_at is None else stamp(event.fired_at)
    run(
        'INSERT INTO failover_event (id, "group", kind, state, first_down, fired_at, facts) '
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
        "fired_at = excluded.fired_at, facts = excluded.facts",
        (event.id, event.group, event.kind, event.state, stamp(event.first_down), fired, to_text(event)),
    )


def kept_event(run: Execute, event_id: str) -> FailoverEvent | None:
    found = run("SELECT facts FROM failover_event WHERE id = ?", (event_id,)).scalar()
    return None if found is None else from_text(FailoverEvent, found)


def put_shadow(run: Execute, decision: ShadowDecision) -> None:
    found = run("SELECT facts FROM auto_shadow WHERE id = ?", (decision.id,)).scalar()
    if found is not None and decision.judged_at is None:
        kept = from_text(ShadowDecision, found)
        said = {name: getattr(kept, name) for name in ("judgement", "judged_by", "judged_at", "note")}
        decision = replace(decision, **said)
    run(
        'INSERT INTO auto_shadow (id, "group", would, facts) VALUES (?, ?, ?, ?) ON CONFLICT (id) '
        "DO UPDATE SET would = excluded.would, facts = excluded.facts",
        (decision.id, decision.group, decision.would, to_text(decision)),
    )


def arming_of(run: Execute, group: str) -> Arming | None:
    sql = 'SELECT facts FROM auto_arming WHERE "group" = ? ORDER BY id DESC LIMIT 1'
    found = run(sql, (group,)).scalar()
    return None if found is None else from_text(Arming, found)


def end_arming(run: Execute, group: str, now: datetime, by: str, why: str) -> bool:
    arming = arming_of(run, group)
    if arming is None or arming.ended_at is not None:
        return False
    ended = replace(arming, ended_at=now, ended_by=by, why=why)
    run("UPDATE auto_arming SET facts = ? WHERE id = ?", (to_text(ended), arming.id))
    return True


def windows_of(run: Execute, now: datetime | None) -> list[Window]:
    rows = (
        run("SELECT facts FROM maintenance_window").fetchall()
        if now is None
        else run("SELECT facts FROM maintenance_window WHERE ends > ?", (stamp(now),)).fetchall()
    )
    return [from_text(Window, row[0]) for row in rows]


def fired_since(run: Execute, since: datetime) -> int:
    sql = "SELECT count(*) FROM failover_event WHERE kind = 'automatic' AND fired_at > ?"
    return int(run(sql, (stamp(since),)).scalar())


def acted_on(run: Execute, targets: tuple[str, ...], now: datetime) -> str | None:
    for target in targets:
        row = run("SELECT run, holder FROM lease WHERE target = ? AND until > ?", (target, stamp(now))).first()
        if row is not None:
            return f"run {row[0]} acts on {target}, held by {row[1]}"
    return None


def shown(conditions: Sequence[Condition]) -> list[list[str]]:
    """Conditions as the journal keeps them: id, verdict, evidence, when it was seen."""
    return [[c.id, c.verdict, c.evidence, "" if c.at is None else stamp(c.at)] for c in conditions]
