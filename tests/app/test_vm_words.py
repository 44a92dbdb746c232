"""How an order about replicated VMs is completed while it is typed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.orders import OrderError, understood
from app.vm_words import completions
from store.replications import Replicated
from store.runs import Plan
from tests.screens.estate import NOW
from tests.store.drilled_runs import drill

KNOWN = tuple(Replicated(name, name, "vc-a", "vc-b", 900.0, True) for name in ("web01", "web02"))
_LPARS = drill("d1", "erp", at=NOW)
_PLAN = Plan("vm drill", "vm drill web01", ("replication:web01",), NOW)
OWING = {"d1": _LPARS, "v1": replace(_LPARS, id="v1", plan=_PLAN)}


@pytest.mark.parametrize(
    ("typed", "follow"),
    [
        ("", "replicate failover drill cleanup undo failback pause resume backup restore"),
        ("vm ", "replicate failover drill cleanup undo failback pause resume backup restore"),
        ("vm failover ", "web01 web02"),
        ("vm failover web01 ", "web02 --disaster --immediate --wave"),
        ("vm failover web01 --", "--disaster --immediate --wave"),
        ("vm drill web01 ", "web02"),
        ("vm undo web01 ", ""),
        ("vm cleanup ", "v1"),
        ("vm cleanup v1 ", ""),
        ("vm list ", ""),
        ("vm backup ", "web01 web02"),
        ("vm restore ", ""),
        ("vm restore vc-a/web01-vm-1/x ", "--to --name --datastore --network --keep-mac"),
        ("lpar failover ", ""),
    ],
)
def test_an_order_goes_on_with_what_fits(typed: str, follow: str) -> None:
    found = completions(typed, KNOWN, OWING)
    assert " ".join(text.rpartition(" ")[2] for text in found) == follow


def test_what_is_completed_is_understood() -> None:
    understood("vm failover web01 --disaster")
    with pytest.raises(OrderError):
        understood("vm failover")
    with pytest.raises(OrderError):
        understood("vm list")
    understood("vm restore vc-a/web01-vm-1/20260301T020000Z --to vc-b --name web01-again")
    with pytest.raises(OrderError, match="a server and a name"):
        understood("vm restore vc-a/web01-vm-1/20260301T020000Z --to vc-b")
