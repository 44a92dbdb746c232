"""What a step is: it observes, acts, and observes again. Kinds of step are frozen records of plain values, so that one
is made again from what the store keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from store.runs import Fact


class Verdict(StrEnum):
    """What an observation says of a step.

    ``READY``: not done, and its act may be sent. ``CHANGING``: on its way, look again. ``REFUSED``: not done, and it
    must not be sent in this state. ``UNKNOWN``: it cannot be told. ``ASKED``: no look will ever tell, a person has to.
    """

    DONE = "done"
    READY = "not done"
    CHANGING = "changing"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ASKED = "asked of a person"


class Seen(Struct, frozen=True):
    """An observation: the verdict, the facts it rests on, and why it is so in a sentence."""

    verdict: Verdict
    facts: tuple[Fact, ...] = ()
    why: str = ""


class UnseenError(Exception):
    """A device could not be read, so that nothing is known of it. The text says how it failed. ``silent``: it gave no
    sign of life; one that refuses a login, or that could not be asked, is not silent."""

    def __init__(self, text: str, *, silent: bool = False) -> None:
        super().__init__(text)
        self.silent = silent


class Query(Protocol):
    """A look at a part of a device. Equal ones (frozen records) that are asked for at the same time share one."""

    def __hash__(self) -> int: ...

    def take(self, driver: Any) -> Any:
        """What ``driver`` shows of it. Raises :class:`backends.outcome.DeviceError`."""


class Sight(Protocol):
    """What a step may look at. ``began_at`` is its first intent (UTC), None before; ``accepted`` says that the device
    took the last call of this step, ``unanswered`` that a call left, or may have, of which nobody knows what became,
    ``waited_s`` the seconds since this console first looked. Devices are read anew for
    each observation. Raises :class:`UnseenError`."""

    @property
    def began_at(self) -> datetime | None: ...
    @property
    def accepted(self) -> bool: ...
    @property
    def unanswered(self) -> bool: ...
    @property
    def waited_s(self) -> float: ...
    @property
    def margin_s(self) -> float: ...
    def reading(self, device: str) -> Any: ...
    def objects(self, device: str) -> Any: ...
    def look(self, device: str, query: Query, old_s: float = 0.0) -> Any:
        """``old_s``: a look that began so many seconds before is as good."""

    def looks(self, asked: Sequence[tuple[str, Query, float]]) -> list[Any]:
        """Device, query and ``old_s`` of each: all at once, within the session bound of each device. One that fails
        gives its UnseenError."""


class Watch(Protocol):
    """Whoever has something done that takes its time: whether it is still wanted, and who is told how far it is, in
    percent and words."""

    def wanted(self) -> bool: ...
    def progress(self, percent: int, words: str) -> None: ...


class Hands(Protocol):
    """What a step may do: one verb, once. Raises :class:`backends.outcome.DeviceError`. :meth:`pause` waits for as long
    as two clocks may differ (``margin_s`` of the sight). :meth:`between` is a verb that two devices take part in: it
    takes its time, tells how far it is, and ends once it is not wanted any more. :meth:`here` is such work on files of
    this machine, which no device takes part in."""

    def perform(self, device: str, verb: Any, door: str) -> str: ...
    def between(self, source: str, target: str, verb: Any) -> str: ...
    def here(self, work: Callable[[Watch], str]) -> str: ...
    def pause(self) -> None: ...


class Step(Protocol):
    """A kind of step. ``call`` is what :meth:`act` sends, as the vendor writes it; empty where it only waits."""

    @property
    def device(self) -> str: ...
    def call(self) -> str: ...
    def observe(self, sight: Sight) -> Seen: ...
    def act(self, hands: Hands) -> str: ...


def facts(found: Mapping[str, object]) -> tuple[Fact, ...]:
    """Facts by name; None reads as *not known*."""
    return tuple(Fact(name, "not known" if value is None else str(value)) for name, value in found.items())
