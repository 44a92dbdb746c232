"""What was checked of something that is to come back at the other site, and how it stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from store.record import Record


class Severity(StrEnum):
    """``HARD``: nothing overrides it. ``BLOCK``: a person may, with a reason. ``WARN``: it stops nothing."""

    HARD = "hard"
    BLOCK = "block"
    WARN = "warn"


class Standing(StrEnum):
    """Whether an LPAR could come back at the other site now.

    ``NOT_KNOWN``: something that it rests on could not be read, or it was read too long ago to be believed."""

    READY = "ready"
    NOT_READY = "not ready"
    NOT_KNOWN = "not known"
    UNCHECKED = "not checked"
    EXCLUDED = "excluded"
    NOT_PROTECTED = "not protected"


class Verdict(StrEnum):
    """``UNKNOWN``: it could not be read, which is neither good nor bad."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


class Check(Record, frozen=True):
    """One check. ``id`` is that of the procedures (``pwr.golden``), ``words`` what is to hold, ``evidence`` what was
    seen, by ``source`` (a call of the interface) at ``seen_at`` (UTC), ``fix`` what to do where it does not hold."""

    id: str
    severity: Severity
    verdict: Verdict
    evidence: str
    fix: str = ""
    words: str = ""
    source: str = ""
    seen_at: datetime | None = None


class Readiness(Record, frozen=True):
    """All checks of one object, at ``checked_at`` (UTC), the worst first."""

    name: str
    checked_at: datetime
    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool | None:
        """None: something that would stop it is not known."""
        stops = self.stops
        if any(check.verdict is Verdict.FAILS for check in stops):
            return False
        return None if stops else True

    @property
    def stops(self) -> tuple[Check, ...]:
        """What does not hold or is not known and would stop it, the worst first."""
        return tuple(check for check in self.because if check.severity is not Severity.WARN)

    @property
    def because(self) -> tuple[Check, ...]:
        """What does not hold or is not known, the worst first."""
        return tuple(check for check in self.checks if check.verdict is not Verdict.HOLDS)


_WORST = (Severity.HARD, Severity.BLOCK, Severity.WARN)
_FIRST = (Verdict.FAILS, Verdict.UNKNOWN, Verdict.HOLDS)


def sorted_checks(checks: list[Check]) -> tuple[Check, ...]:
    """The worst first: what fails before what is not known, and hard before the others."""
    return tuple(sorted(checks, key=lambda c: (_FIRST.index(c.verdict), _WORST.index(c.severity), c.id)))


class Covered(Record, frozen=True):
    """Which LPARs are to come back where: those of the site ``nominal`` that one of ``lpars`` names, and none of
    ``exclude`` (patterns). ``drill`` is the isolated network for drills at the site ``recovery``, in words; empty:
    there is none."""

    nominal: str
    recovery: str
    lpars: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    drill: str = ""

    def protects(self, lpar: str) -> bool:
        return matches(lpar, self.lpars) and not self.excludes(lpar)

    def excludes(self, lpar: str) -> bool:
        return matches(lpar, self.exclude)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns (``*``, ``?``, ``[…]``) names it."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
