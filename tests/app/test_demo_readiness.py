"""Of the demo's LPARs most could come back at lyon; each of the others has one trouble, and says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from app.recovery.operations import Operations
from app.recovery.pra.operate import checked
from app.settings import load
from store.database import open_store
from store.ledger import Ledger
from store.readiness import Readiness, Severity
from tests.app.lab_estate import LabEstate, lab_estate

WELL = {"erp_db1", "erp_app1", "erp_app2", "crm_app1", "bill_db1", "hr_db1", "mq1"}
DEMANDING = "dwh_db1"
"""Ready until its transfers are seen to take most of their interval."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def found(estate: LabEstate) -> dict[str, Readiness]:
    path = estate.directory / "readiness.sqlite"
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        _, every = checked(Operations(load(estate.config), store, ledger))
    return {each.name: each for each in every}


def stops(readiness: Readiness) -> dict[str, str]:
    return {check.id: check.evidence for check in readiness.because if check.severity is not Severity.WARN}


def test_seven_lpars_of_the_demo_are_ready(found: dict[str, Readiness]) -> None:
    assert {name for name, each in found.items() if each.ready} - {DEMANDING} == WELL


@pytest.mark.parametrize(
    ("name", "checks", "words"),
    [
        ("crm_db1", {"pwr.wwpn-both"}, "is on no host of fa-paris"),
        ("bill_app1", {"pwr.golden", "pwr.mac-kept"}, "FA10B2EE1E02"),
        ("nim1", {"fa.paired", "fa.rpo", "pwr.golden"}, "has no definition at lyon"),
        ("tsm1", {"fa.paired", "fa.rpo", "pwr.golden"}, "the replication schedule of pg-infra is off"),
    ],
)
def test_the_trouble_that_is_built_in_stands_among_the_reasons(
    found: dict[str, Readiness], name: str, checks: set[str], words: str
) -> None:
    assert found[name].ready is False
    told = stops(found[name])
    assert set(told) == checks
    assert any(words in text for text in told.values())


def test_the_configuration_of_the_demo_names_its_isolated_network(estate: LabEstate) -> None:
    pra = load(estate.config).pra
    assert pra is not None
    assert (pra.drill_vswitch, pra.drill_vlan) == ("ETHERNET0", 999)
    with estate.lab.world.turn():
        assert estate.lab.world.segments["drill"].isolated
