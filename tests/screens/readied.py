"""Protected LPARs and replicated VMs as they were checked, for the tests of the screens: one of each kind, and what was
looked at."""

from __future__ import annotations

from collections.abc import Sequence

from store.readiness import Check, Covered, Readiness, Severity, Verdict, sorted_checks
from store.readiness_view import ReadinessView
from store.replications import Replicated
from tests.screens.estate import ago

COVERED = Covered("oslo", "bergen", exclude=("test*",), drill="VLAN 999 of DRILL")
ALIGN = "drdeck pra shows what is lacking, drdeck pra --apply adds it"

HELD = (
    Check("fa.member", Severity.HARD, Verdict.HOLDS, "2 volumes"),
    Check("fa.complete", Severity.HARD, Verdict.HOLDS, "fa-oslo:pg-erp.41"),
    Check("fa.rpo", Severity.BLOCK, Verdict.HOLDS, "the oldest copy is 5 min old"),
    Check("pwr.golden", Severity.BLOCK, Verdict.HOLDS, "the definition is as it is to be"),
    Check("dev.clock", Severity.WARN, Verdict.HOLDS, "clocks agree"),
)
BOOT = Check("pwr.boot", Severity.WARN, Verdict.FAILS, "it never answered in a drill", "drdeck lpar drill web01")
MAC = Check("pwr.mac-kept", Severity.BLOCK, Verdict.FAILS, "slot 4 has FA1B2C3D4E05, to be FA1B2C3D4E04", ALIGN)
PAIRED = Check("fa.paired", Severity.HARD, Verdict.FAILS, "erp_log has no tag of its source", ALIGN)
UNREAD = Check("dev.read", Severity.BLOCK, Verdict.UNKNOWN, "fa-oslo: no answer in time", "make it readable")


def readiness(name: str, *checks: Check, seen_s: float = 12) -> Readiness:
    """As it was found ``seen_s`` seconds before NOW: these checks, and all others hold."""
    ids = {check.id for check in checks}
    every = [*checks, *(check for check in HELD if check.id not in ids)]
    return Readiness(name, ago(seen_s), sorted_checks(every))


def checked(seen_s: float = 12) -> Sequence[Readiness]:
    """One that is ready, two that are not, one of which it is not known."""
    return (
        readiness("web01", BOOT, seen_s=seen_s),
        readiness("erp-app", MAC, seen_s=seen_s),
        readiness("erp-db", PAIRED, MAC, BOOT, seen_s=seen_s),
        readiness("batch01", UNREAD, seen_s=seen_s),
    )


def fill(view: ReadinessView, seen_s: float = 12, covered: Covered = COVERED) -> ReadinessView:
    view.cover(covered)
    view.take(checked(seen_s), ago(seen_s))
    return view


REPLICATED = tuple(
    Replicated(name, name, "vc-oslo", "vc-bergen", 3600.0, True) for name in ("crm01", "shop01", "mail01")
)
HOST = Check(
    "vm.host", Severity.BLOCK, Verdict.FAILS, "esx2.bergen is in maintenance",
    "bring that host back, or name another one",
    "its host there is connected, not in maintenance, and has its datastore",
    "RetrievePropertiesEx of HostSystem on vc-bergen", ago(12),
)  # fmt: skip
UNTOLD = Check("vm.hardware", Severity.BLOCK, Verdict.UNKNOWN, "vc-bergen does not say which it runs", "", "it runs it")
GOOD = (
    Check("vm.complete", Severity.HARD, Verdict.HOLDS, "of 02:35:00 UTC", "", "a copy is there", "", ago(12)),
    Check("vm.rpo", Severity.BLOCK, Verdict.HOLDS, "25 min old, at most 64 min are promised", "", "", "", ago(12)),
    Check("vm.mac-live", Severity.HARD, Verdict.HOLDS, "0050568A0001", "", "none is live there", "", ago(12)),
)


def fill_vms(view: ReadinessView, seen_s: float = 12) -> ReadinessView:
    """One VM that is ready, one that is not, one of which it is not known."""
    view.cover(None)
    found = {"crm01": (), "shop01": (HOST,), "mail01": (UNTOLD,)}
    made = [Readiness(name, ago(seen_s), sorted_checks([*bad, *GOOD])) for name, bad in found.items()]
    view.take(made, ago(seen_s))
    return view
