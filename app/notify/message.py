"""From events to a message: its subject, and the text that says what happened, where, what it means and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from app.output import printable, stamp
from store.notices import Event, EventKind, Notice, Severity
from store.outbox import Batch

MOST_TOLD = 20
"""Of more equal events than this the text tells so many and counts the others."""

LATE_S = 120.0
"""A message that goes out longer after its event than this says so."""

LONGEST_SUBJECT = 160

KIND_WORDS = {
    EventKind.BREAK_GLASS: "runs were begun by one person alone (break-glass)",
    EventKind.APPROVAL_ASKED: "runs wait for another person's approval",
    EventKind.RUN_BEGAN: "runs began",
    EventKind.RUN_WAITS: "runs wait for the operator",
    EventKind.RUN_SUCCEEDED: "runs succeeded",
    EventKind.RUN_FAILED: "runs failed",
    EventKind.RUN_ABORTED: "runs were aborted",
    EventKind.RUN_INTERRUPTED: "runs were interrupted",
    EventKind.STEP_FAILED: "steps failed",
    EventKind.STEP_UNKNOWN: "steps are unknown",
    EventKind.FAILOVER_BEGUN: "failovers have begun",
    EventKind.FAILOVER_DONE: "failovers succeeded",
    EventKind.FAILOVER_FAILED: "failovers failed",
    EventKind.AUTO_SUSPECT: "groups are suspected to be down",
    EventKind.AUTO_WOULD_FIRE: "automatic failovers would have fired",
    EventKind.AUTO_VETOED: "automatic failovers were vetoed",
    EventKind.AUTO_FIRED: "automatic failovers fired",
    EventKind.SPLIT_BRAIN: "split brains",
    EventKind.DRILL_DUE: "drills are due",
    EventKind.DRILL_OWES_CLEANUP: "drills owe their clean-up",
    EventKind.DEVICE_FAILING: "devices cannot be read",
    EventKind.DEVICE_BACK: "devices are read again",
    EventKind.LPAR_NOT_READY: "LPARs are not ready",
    EventKind.LPAR_READY: "LPARs are ready again",
    EventKind.SNAPSHOT_DONE: "snapshots were taken",
    EventKind.SNAPSHOT_FAILED: "snapshots failed",
    EventKind.RETENTION_APPLIED: "retentions were applied",
    EventKind.REPLICATION_FAILED: "replications failed",
    EventKind.REPLICATION_LATE: "replications are late",
    EventKind.REPLICATION_ON_TIME: "replications are on time again",
    EventKind.SCHEDULE_MISSED: "schedules were missed",
    EventKind.SCHEDULE_FAILED: "schedules failed",
    EventKind.SCHEDULE_DONE: "schedules were done",
    EventKind.CHECK_FOUND: "checks found something",
    EventKind.ALERT: "groups of alerts are nobody's",
}


class Message(Struct, frozen=True):
    """One message on one channel. ``id`` stays the same where it has to be sent a second time; ``lab``: the devices are
    simulated; ``again``: it may have arrived before. ``sent_at`` is now, UTC."""

    id: str
    severity: Severity
    kind: EventKind
    site: str
    notices: tuple[Notice, ...]
    sent_at: datetime
    lab: bool = False
    again: bool = False
    test: bool = False

    @property
    def word(self) -> str:
        """Its kind, for programs that read it."""
        return "test" if self.test else self.kind

    @property
    def told(self) -> tuple[Notice, ...]:
        """The events that are told in full."""
        return self.notices[:MOST_TOLD]

    @property
    def left(self) -> int:
        """How many events are only counted."""
        return len(self.notices) - len(self.told)

    @property
    def mark(self) -> str:
        """What stands in front: the program, whether all is simulated, how grave it is."""
        return f"[drdeck{' lab' if self.lab else ''}] {'TEST' if self.test else self.severity.upper()}"

    @property
    def headline(self) -> str:
        """One line without the mark: the event, or how many equal ones there are."""
        place = f"{self.site}: " if self.site else ""
        if len(self.notices) == 1:
            return printable(f"{place}{self.notices[0].event.subject}")
        return printable(f"{place}{len(self.notices)} {KIND_WORDS[self.kind]}")

    @property
    def subject(self) -> str:
        text = f"{self.mark} {self.headline}"
        return text if len(text) <= LONGEST_SUBJECT else f"{text[: LONGEST_SUBJECT - 1]}…"

    @property
    def text(self) -> str:
        """The whole text, in lines."""
        lines = [] if len(self.notices) == 1 else [self.headline, ""]
        for notice in self.told:
            lines += [*_told(notice), ""]
        if self.left:
            lines += [f"and {self.left} more like these: drdeck notify list", ""]
        lines += _remarks(self)
        return "\n".join(lines).rstrip("\n") + "\n"


def message(batch: Batch, now: datetime, *, lab: bool) -> Message:
    """The message of a batch, whose events are equal in kind, severity and site."""
    notices = tuple(each.notice for each in batch.deliveries)
    event = notices[0].event
    return Message(batch.id, event.severity, event.kind, event.site, notices, now, lab, batch.again)


def _told(notice: Notice) -> Sequence[str]:
    event = notice.event
    often = f", {notice.count} times until {stamp(notice.last_at)}" if notice.count > 1 else ""
    rows = (
        ("What happened", event.what),
        ("Where", where(event)),
        ("When", f"{stamp(notice.at)}{often}"),
        ("What it means", event.means),
        ("Next", event.next),
    )
    return [f"{f'{name}:':<15}{printable(text)}" for name, text in rows if text]


def where(event: Event) -> str:
    """The site and the target."""
    return f"{event.target} at {event.site}" if event.site else event.target


def _remarks(message: Message) -> list[str]:
    lines = []
    first = min(notice.at for notice in message.notices)
    late = (message.sent_at - first).total_seconds()
    if late > LATE_S:
        lines.append(
            f"Sent {_span(late)} after it happened: it could not be sent before, or waited for others like it."
        )
    if message.again:
        lines.append("This message may have reached you before.")
    if message.lab:
        lines.append("The devices of this drdeck are simulated: this is an exercise.")
    return lines


def _span(seconds: float) -> str:
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
