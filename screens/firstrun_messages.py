"""What the screens of the first run tell its App, past tense; see :mod:`screens.messages` for *back* and *quit*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.message import Message


class DemoChosen(Message):
    """The operator asked for the demo."""


class GuideChosen(Message):
    """The operator asked to write a configuration step by step."""


@dataclass
class EntryRequested(Message):
    """The operator asked for an empty form: ``site``, or a kind of device."""

    what: str


@dataclass
class EntryOpened(Message):
    """The operator opened something that was entered, by the key of its row."""

    key: str


@dataclass
class EntryDropped(Message):
    """The operator dropped something that was entered, by the key of its row."""

    key: str


@dataclass
class FormFilled(Message):
    """The form of that name was finished, and nothing in it is known to be wrong."""

    form: str
    texts: Mapping[str, str]


@dataclass
class FormLeft(Message):
    """The form of that name was left unfinished."""

    form: str
    texts: Mapping[str, str]


class CheckStopped(Message):
    """The operator stopped the check that runs."""


class CheckRepeated(Message):
    """The operator asked for the check once more, as the device stands."""


class DeviceKept(Message):
    """The operator keeps the device as it was entered, whatever its check said."""


class DeviceCorrected(Message):
    """The operator goes back to the form of the device."""


class DeviceDropped(Message):
    """The operator drops the device that was checked."""


class FileRequested(Message):
    """The operator asked to see the file as it will be written."""


class WriteRequested(Message):
    """The operator asked to write the file."""
