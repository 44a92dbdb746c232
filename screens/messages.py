"""What screens tell the App. Past tense: something was asked for; the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from screens.export import Form, Sheet
    from screens.levels.model import Ref


@dataclass
class PaneRequested(Message):
    """The operator asked for a pane, by its id in :data:`screens.actions.PANES`."""

    pane: str


@dataclass
class DetailRequested(Message):
    """The operator opened an object. ``kind`` is one of ``store.estate.KINDS``, ``device``, or ``rcg_pair``.

    ``asked_by`` is the screen that it was opened from: one that is not shown any more, because a key repeated while the
    next screen was made, has nothing to ask."""

    kind: str
    key: str
    asked_by: object = None


@dataclass
class LevelRequested(Message):
    """The operator went one level deeper: what belongs to an object (:mod:`screens.levels`)."""

    ref: Ref
    asked_by: object = None


@dataclass
class ValuesRequested(Message):
    """The operator asked where the values of a row come from. ``row`` is its key on the screen that posts this."""

    row: str
    asked_by: object = None


class BackRequested(Message):
    """The operator asked to go back."""


class HelpRequested(Message):
    """The operator asked for the keys of the screen that posts this."""


class PaletteRequested(Message):
    """The operator wants to find something by its name."""


@dataclass
class ObjectRequested(Message):
    """The operator asked for an object by its name."""

    name: str


@dataclass
class SweepRequested(Message):
    """The operator asked to read a device now; None: all of them."""

    device: str | None = None


@dataclass
class CopyRequested(Message):
    """The operator wants a text on the clipboard. ``what`` names it: *3 names*."""

    text: str
    what: str


@dataclass
class ExportRequested(Message):
    """The operator wants rows in a file; ``form`` None: not chosen yet."""

    sheet: Sheet
    form: Form | None = None


@dataclass
class ThemeRequested(Message):
    """The operator chose other colours."""

    name: str


@dataclass
class SlowLineRequested(Message):
    """The operator turned the profile for slow lines on or off; None: the other way round."""

    on: bool | None = None


@dataclass
class SiteRequested(Message):
    """The operator looks at one site only, by name or role; None: at all."""

    site: str | None = None


@dataclass
class FilterSaved(Message):
    """The operator gave the filter of a table a name; ``text`` None: the name is to be forgotten."""

    table: str
    name: str
    text: str | None


class QuitRequested(Message):
    """The operator asked to leave."""


class SuspendRequested(Message):
    """The operator asked for the shell."""


class EstateChanged(Message):
    """The view changed. Carries nothing: whoever handles it reads the view, so that many become one."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, EstateChanged)
