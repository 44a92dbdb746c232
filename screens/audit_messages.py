"""What screens tell the App about the journal. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from screens.run_messages import AboutRuns


class AboutAudit(AboutRuns):
    """All of them."""


class AuditRequested(AboutAudit):
    """The operator asked for the journal, or the screen of it for what came since."""


@dataclass
class EntryRequested(AboutAudit):
    """The operator opened an entry of the journal, by its number."""

    seq: int
    asked_by: object = None


class ComplianceRequested(AboutAudit):
    """The operator asked for drills, gaps and lessons over all plans."""


class AuditRead(AboutAudit):
    """The journal was read, and what is shown of it is new."""
