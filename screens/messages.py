"""What screens tell the App. Past tense: something was asked for; the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass
class PaneRequested(Message):
    """The operator asked for a pane, by its id in :data:`screens.actions.PANES`."""

    pane: str


@dataclass
class DetailRequested(Message):
    """The operator opened an object. ``kind`` is one of ``store.estate.KINDS``, ``device``, or ``rcg_pair``."""

    kind: str
    key: str


class BackRequested(Message):
    """The operator asked to go back."""


class HelpRequested(Message):
    """The operator asked for the keys of the screen that posts this."""


@dataclass
class SweepRequested(Message):
    """The operator asked to read a device now; None: all of them."""

    device: str | None = None


class QuitRequested(Message):
    """The operator asked to leave."""


class EstateChanged(Message):
    """The view changed. Carries nothing: whoever handles it reads the view, so that many become one."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, EstateChanged)
