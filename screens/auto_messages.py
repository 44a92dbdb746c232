"""What screens tell the App about automatic failover. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from screens.about import AboutAuto as AboutAuto


class AutoChanged(AboutAuto):
    """What is known of automatic failover changed. Carries nothing: whoever handles it reads the view."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, AutoChanged)


@dataclass
class AutoRequested(AboutAuto):
    """The operator asked for the groups that may fail over by themselves."""

    asked_by: object = None


@dataclass
class AutoGroupRequested(AboutAuto):
    """The operator opened one of them."""

    group: str
    asked_by: object = None


@dataclass
class AutoHistoryRequested(AboutAuto):
    """The operator asked for the failovers and drills of machines there were; ``group`` None: of all."""

    group: str | None
    asked_by: object = None


@dataclass
class AutoEventRequested(AboutAuto):
    """The operator opened one of these, or a decision in shadow, by its key."""

    key: str
    asked_by: object = None


@dataclass
class AutoActsAsked(AboutAuto):
    """The operator wants to know what can be decided about a group."""

    group: str


@dataclass
class AutoActChosen(AboutAuto):
    """The operator named what is to be decided, by its word."""

    group: str
    word: str


class MaintenanceRequested(AboutAuto):
    """The operator asked for the maintenance that is open or planned."""


@dataclass
class WindowAsked(AboutAuto):
    """Maintenance is to begin, or the window of this number to end."""

    number: int | None


class AutoCheckAsked(AboutAuto):
    """The conditions for being armed are to be looked at now."""
