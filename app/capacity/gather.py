"""All that capacity is told from: the files of the plans, the estate as last seen, and the samples that were kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.capacity.headroom import capacity
from app.capacity.needs import needs
from app.capacity.supply import ASKED, measured
from app.plans import catalogue
from app.settings_records import Settings
from store.capacity_book import CapacityBook
from store.capacity_view import Capacity
from store.estate import SiteRole
from store.view import EstateView

OLDEST = timedelta(days=2)
"""What is asked for once an hour and was not told for so long is no data any more."""

HISTORY = timedelta(days=2 * 366)
"""So much of the past goes into a forecast."""


def look(
    settings: Settings, view: EstateView, book: CapacityBook, ahead_days: int, now: datetime | None = None
) -> Capacity:
    """Capacity as it is now. No device is asked. Raises :class:`store.errors.StoreError`."""
    at = now or datetime.now(UTC)
    listed = catalogue.listed(settings.plan_folder)
    plans = [each.plan for each in listed if each.plan is not None]
    asked = [each for each in book.newest() if each.series.kind in ASKED and at - each.at <= OLDEST]
    return capacity(
        at,
        ahead_days,
        plans,
        needs(plans, settings, view),
        [*measured(view), *asked],
        book.days(at - HISTORY),
        {device.name: device.site for device in settings.devices},
        [site.name for site in settings.sites if site.role is SiteRole.DR],
        [each.name for each in listed if each.plan is None],
    )
