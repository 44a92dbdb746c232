"""What the console's own threads tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from screens.surroundings import Surroundings


@dataclass
class StoreOpened(Message):
    """The store is open and its view holds the estate as last seen."""

    around: Surroundings


@dataclass
class StartFailed(Message):
    """The store could not be opened, or the sweep could not begin."""

    error: Exception


@dataclass
class Said(Message):
    """Something that went on aside has ended."""

    text: str


@dataclass
class NoticeGiven(Message):
    """The schedule has something to say."""

    text: str
