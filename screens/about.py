"""What messages to the App are about: the App hears these, and loads what they are when one comes.

In a module of its own because the first screen waits for it, and for none of the messages.
"""

from __future__ import annotations

from textual.message import Message


class AboutRuns(Message):
    """Runs, plans, and what stands beside them in the store."""


class AboutAuto(Message):
    """Automatic failover and maintenance."""


class AboutRoom(Message):
    """Alerts and incidents."""


class AboutSchedules(Message):
    """Schedules."""
