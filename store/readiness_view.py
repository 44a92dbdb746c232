"""How each protected LPAR stands, in memory, as the screens show it: fed by whoever checks both sites.

Written by one thread and read by others: what is read is replaced, never changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import field
from msgspec.structs import replace

from store.readiness import Check, Covered, Readiness, Standing
from store.record import Record


class Unchecked(Record, frozen=True):
    """Why something was not checked, and since when (UTC)."""

    why: str
    since: datetime


class Word(Record, frozen=True):
    """What is said of an LPAR in a line, as long as it is believed: how it stands, and the first of the reasons."""

    standing: Standing
    first: Check | None


class Checked(Record, frozen=True):
    """What is known at one moment, ``words`` in short. ``at``: when both sites were looked at last (UTC), None: never.
    ``unread``: the devices that could not be read then. ``trouble``: why nothing could be checked the last time. It is
    believed for as long as ``believed`` says."""

    found: Mapping[str, Readiness] = field(default_factory=dict)
    words: Mapping[str, Word] = field(default_factory=dict)
    at: datetime | None = None
    unread: Mapping[str, Unchecked] = field(default_factory=dict)
    trouble: Unchecked | None = None
    believed: timedelta = timedelta(minutes=10)

    def old(self, now: datetime) -> bool:
        """Whether nothing of it is to be believed any more: it was not checked for too long."""
        return self.at is not None and now - self.at > self.believed

    def standing(self, lpar: str, now: datetime) -> Standing:
        """How a protected LPAR stands."""
        word = self.words.get(lpar)
        if self.at is None:
            return Standing.UNCHECKED
        return Standing.NOT_KNOWN if word is None or self.old(now) else word.standing

    def counts(self, now: datetime) -> Counter[Standing]:
        """How many protected LPARs stand how."""
        if self.old(now):
            return Counter({Standing.NOT_KNOWN: len(self.words)})
        return Counter(word.standing for word in self.words.values())


_STANDINGS = {True: Standing.READY, False: Standing.NOT_READY, None: Standing.NOT_KNOWN}


def _words(checked: Checked) -> dict[str, Word]:
    """Each LPAR in short. One that the last look did not show is not known, whatever was found of it before."""
    words = {}
    for name, each in checked.found.items():
        seen = checked.at is not None and each.checked_at >= checked.at
        words[name] = Word(_STANDINGS[each.ready] if seen else Standing.NOT_KNOWN, next(iter(each.stops), None))
    return words


class ReadinessView:
    """``covered`` says which LPARs are to come back elsewhere, None: none is. ``why_not`` says why nothing is checked
    here; empty: it is. ``version`` grows with each change, ``facts`` only where the verdict or a reason of some LPAR
    changed. ``checking``: since when both sites are being looked at (UTC), None: they are not."""

    def __init__(self) -> None:
        self.version = 0
        self.facts = 0
        self.covered: Covered | None = None
        self.why_not = "the console is still starting"
        self.checking: datetime | None = None
        self.now = Checked()

    def cover(self, covered: Covered | None, why_not: str = "") -> None:
        """Say which LPARs are to come back elsewhere, and why they are not checked here, where they are not."""
        self.covered, self.why_not = covered, why_not
        self.facts += 1
        self.version += 1

    def begin(self, at: datetime) -> None:
        """Both sites are being looked at, from now on."""
        self.checking = at
        self.version += 1

    def take(
        self,
        found: Iterable[Readiness],
        at: datetime,
        unread: Mapping[str, str] | None = None,
        *,
        whole: bool = True,
        believed: timedelta = timedelta(minutes=10),
    ) -> None:
        """Take over what was found ``at`` this moment, and the devices that could not be read then with their failures.
        Unless the nominal site was read as a ``whole``, LPARs that were not found keep what was known of them."""
        before = self.now
        known: dict[str, Readiness] = {} if whole else dict(before.found)
        taken: dict[str, Readiness] = {}
        for each in found:
            other = taken.get(each.name)
            taken[each.name] = each if other is None else _worse(each, other)
        since = {device: _since(before, device, failure, at) for device, failure in (unread or {}).items()}
        self._replace(Checked({**known, **taken}, at=at, unread=since, believed=believed))

    def fail(self, why: str, at: datetime) -> None:
        """Nothing could be checked; since when is kept."""
        before = self.now.trouble
        since = at if before is None else before.since
        self._replace(replace(self.now, trouble=Unchecked(why, since)))

    def _replace(self, now: Checked) -> None:
        now = replace(now, words=_words(now))
        if now.words != self.now.words:
            self.facts += 1
        self.now, self.checking = now, None
        self.version += 1


def _worse(one: Readiness, other: Readiness) -> Readiness:
    """Of two LPARs of one name the one that stands worse: which of them is meant cannot be told."""
    order = (False, None, True)
    return min(one, other, key=lambda each: order.index(each.ready))


def _since(before: Checked, device: str, failure: str, at: datetime) -> Unchecked:
    known = before.unread.get(device)
    return Unchecked(failure, at if known is None else known.since)
