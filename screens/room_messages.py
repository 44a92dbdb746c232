"""What screens tell the App about alerts, rules and incidents. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from screens.about import AboutRoom as AboutRoom


class RoomChanged(AboutRoom):
    """What is known of alerts or incidents changed. Carries nothing: whoever handles it reads the views."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RoomChanged)


@dataclass
class RoomRequested(AboutRoom):
    """The operator asked for a screen: ``alerts``, ``rules`` or ``incidents``."""

    what: str


@dataclass
class AlertRequested(AboutRoom):
    """The operator opened a group of alerts."""

    key: str
    asked_by: object = None


@dataclass
class IncidentRequested(AboutRoom):
    """The operator opened an incident."""

    number: int
    asked_by: object = None


@dataclass
class AlertActAsked(AboutRoom):
    """Something is to be done about a group of alerts: ``take``, ``let go``, ``silence`` or ``declare``."""

    act: str
    key: str


@dataclass
class RuleActAsked(AboutRoom):
    """A rule is to be made, or the one of that name removed."""

    name: str | None


@dataclass
class IncidentActAsked(AboutRoom):
    """Something is to be done about an incident: ``declare`` one, ``lead``, ``note``, ``lesson``, ``mitigate``,
    ``close``, or ``work`` on it."""

    act: str
    number: int | None
