"""What screens tell the App about capacity and cost. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from screens.run_messages import AboutRuns


class AboutCapacity(AboutRuns):
    """All of them."""


@dataclass
class CapacityRequested(AboutCapacity):
    """The operator asked whether everything still fits; ``asked_by`` None: what is shown is to be looked at anew."""

    asked_by: object = None


@dataclass
class HeadroomRequested(AboutCapacity):
    """The operator opened one resource of one system."""

    key: str
    asked_by: object = None


@dataclass
class CostRequested(AboutCapacity):
    """The operator asked what it costs; ``asked_by`` None: what is shown is to be looked at anew."""

    asked_by: object = None


@dataclass
class CostItemRequested(AboutCapacity):
    """The operator opened one item of the cost."""

    key: str
    asked_by: object = None


class CapacityRead(AboutCapacity):
    """Capacity or cost was looked at, and what is shown of it is new."""
