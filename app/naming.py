"""Naming conventions: what the names on an array are to look like, and which do not. Pure.

A pattern is a regular expression that a whole name must match. In it ``{lpar}`` stands for any name that an LPAR can
have, ``{site}`` for the site of the array. Of a name inside a pod or a volume group the last part counts, of a snapshot
its suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct, field

NAMING_KEYS = ("volume", "snapshot", "host", "pgroup")

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}", re.ASCII)
_LPAR = "[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_RUN = "[0-9]{4}-[0-9]{4}-[0-9a-f]{6}"
_OURS = re.compile(rf"drdeck-{_RUN}|.+-drill-{_RUN}")
"""What a run names: its snapshots, and the volumes of a drill."""
_NUMBERED = re.compile("[0-9]+")
"""How an array names the snapshots of a schedule."""


class Kind(StrEnum):
    """What has a convention, by its key in the configuration."""

    VOLUME = "volume"
    SNAPSHOT = "snapshot"
    HOST = "host"
    PGROUP = "pgroup"


class PatternError(ValueError):
    """A pattern cannot be used; the text says what was expected."""


class Naming(Struct, frozen=True):
    """The patterns of the configuration; None: every name is right."""

    volume: str | None = None
    snapshot: str | None = None
    host: str | None = None
    pgroup: str | None = None

    def pattern(self, kind: Kind) -> str | None:
        """The pattern for names of this kind."""
        return {
            Kind.VOLUME: self.volume,
            Kind.SNAPSHOT: self.snapshot,
            Kind.HOST: self.host,
            Kind.PGROUP: self.pgroup,
        }[kind]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Those that have a pattern."""
        return tuple(kind for kind in Kind if self.pattern(kind) is not None)


class Named(Struct, frozen=True):
    """Something on an array. ``moved``: it came there by replication with its name, so any site may stand in it."""

    kind: Kind
    name: str
    moved: bool = False


class Break(Struct, frozen=True):
    """A name that breaks its pattern."""

    kind: Kind
    name: str
    pattern: str


class Checked(Struct, frozen=True):
    """One array of the configuration: how many names were held against a pattern, and those that break it. ``failure``
    says why it could not be read."""

    device: str
    site: str
    count: int = 0
    breaks: tuple[Break, ...] = ()
    failure: str | None = None


class Patterns(Struct, frozen=True):
    """The patterns made ready for the names of one site; ``sites`` are all."""

    naming: Naming
    site: str
    sites: Sequence[str]
    _made: dict[tuple[Kind, bool], re.Pattern[str]] = field(default_factory=dict)

    def breaks(self, found: Named) -> bool:
        """Whether a name breaks the pattern of its kind."""
        pattern = self.naming.pattern(found.kind)
        part = own_part(found)
        if pattern is None or _exempt(found.kind, part):
            return False
        key = (found.kind, found.moved)
        if key not in self._made:
            self._made[key] = compiled(pattern, self.sites if found.moved else (self.site,))
        return self._made[key].fullmatch(part) is None


def _exempt(kind: Kind, part: str) -> bool:
    """Names that nobody chose: those of runs, and the numbers that an array gives."""
    if kind is Kind.SNAPSHOT and _NUMBERED.fullmatch(part):
        return True
    return kind in (Kind.SNAPSHOT, Kind.VOLUME) and _OURS.fullmatch(part) is not None


def own_part(found: Named) -> str:
    """The part of a name that a convention is about: ``pod::vg/vol`` → ``vol``, ``array:pg.suffix`` → ``suffix``."""
    if found.kind is Kind.SNAPSHOT:
        return found.name.rpartition(".")[2]
    return found.name.rpartition("::")[2].rpartition("/")[2]


def compiled(pattern: str, sites: Iterable[str]) -> re.Pattern[str]:
    """The pattern with its placeholders filled in. Raises :class:`PatternError`."""
    meant = {"lpar": _LPAR, "site": "|".join(map(re.escape, sites))}
    for found in _PLACEHOLDER.findall(pattern):
        if found not in meant:
            raise PatternError(f"no other placeholder than {{lpar}} and {{site}}: {{{found}}} is none")
    try:
        return re.compile(_PLACEHOLDER.sub(lambda match: f"(?:{meant[match[1]]})", pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"a regular expression ({error})") from None


def check(naming: Naming, device: str, site: str, sites: Sequence[str], names: Iterable[Named]) -> Checked:
    """Hold the names of an array against the patterns; what breaks them in order of kind and name."""
    patterns = Patterns(naming, site, sites)
    wanted = [found for found in names if naming.pattern(found.kind) is not None]
    wrong = sorted(
        (found for found in wanted if patterns.breaks(found)), key=lambda one: (list(Kind).index(one.kind), one.name)
    )
    breaks = tuple(Break(one.kind, one.name, naming.pattern(one.kind) or "") for one in wrong)
    return Checked(device, site, len(wanted), breaks)
