"""What the compliance view is made of, out of configuration and store. No device is asked."""

from __future__ import annotations

from datetime import UTC, datetime

from app.compliance.judging import judged
from app.plans.showing import shown
from app.settings_records import Settings
from store import journal, lessons, plan_checks
from store.compliance import Compliance
from store.ledger import Ledger
from store.view import EstateView

DAYS = 365
"""For so long a drill counts where nobody says otherwise: DORA asks for one a year at least."""


def look(settings: Settings, view: EstateView, ledger: Ledger, days: int = DAYS) -> Compliance:
    """As things are now. Follows the whole journal. Raises :class:`store.errors.StoreError`."""
    return judged(
        shown(settings, view, plan_checks.kept(ledger.path)),
        ledger.runs(),
        lessons.read(ledger.path),
        journal.verify(ledger.path),
        four_eyes=bool(settings.access.four_eyes),
        now=datetime.now(UTC),
        days=days,
    )
