"""What was aligned can be activated: it boots from the copies, with the same MACs, and nobody runs twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import cast

import pytest

from app.cli import main
from app.connect import Connector
from app.settings import load
from backends.hmc.driver import HmcDriver
from backends.hmc.looks import LparsOf, RefcodesOf
from backends.hmc.verbs import Activate, Shutdown, Stop
from backends.lab.referee import Violation
from store.estate import LparState
from tests.faults.pra_estate import BuildPra, Guest, PraEstate, Staged

NAME, SYSTEM = "erp_db1", "P10-LYO-1"


@contextmanager
def hmc(at: PraEstate, name: str) -> Iterator[HmcDriver]:
    with closing(Connector(load(at.config))(name)) as driver:
        yield cast(HmcDriver, driver)


def site_lost(at: PraEstate) -> None:
    with at.world.turn():
        at.world.set_dark("paris", True)


def violations(at: PraEstate) -> list[Violation]:
    return at.world.referee.violations


@pytest.mark.parametrize(
    ("staged", "same"), [(Staged.NOT, False), (Staged.NOT, True), (Staged.DEFINED, False), (Staged.WHOLE, True)]
)
def test_an_aligned_lpar_boots_from_its_copies_once_production_is_gone(
    build: BuildPra, staged: Staged, same: bool
) -> None:
    at = build([Guest(NAME, staged, same=same, nics=2)])
    assert main(at.argv("pra", "--apply")) == 0
    site_lost(at)
    with hmc(at, "hmc-lyo1") as driver:
        driver.perform(Activate(SYSTEM, NAME, "default_profile"))
        at.until(lambda: LparsOf(SYSTEM).take(driver)[NAME].rmc_state == "active")
        assert LparsOf(SYSTEM).take(driver)[NAME].state is LparState.RUNNING
        assert NAME not in RefcodesOf(SYSTEM).take(driver) or RefcodesOf(SYSTEM).take(driver)[NAME] == ""
    lpar = at.away.lpar(NAME)
    assert [volume.name for volume in lpar.writer.volumes] == ["erp-db1-v0", "erp-db1-v1"]
    assert {nic.mac for nic in lpar.writer.nics} == {nic.mac for nic in at.home.lpar(NAME).writer.nics}
    assert sorted(wwpn.upper() for wwpn in lpar.writer.wwpns) == at.away.wwpns(NAME)
    assert violations(at) == []
    assert lpar.writer.session in [loss.writer for loss in at.world.referee.losses]


def test_an_lpar_of_which_nothing_was_aligned_cannot_be_activated(build: BuildPra) -> None:
    at = build([Guest(NAME, Staged.DEFINED)])
    site_lost(at)
    with hmc(at, "hmc-lyo1") as driver:
        driver.perform(Activate(SYSTEM, NAME, "default_profile"))
        at.until(lambda: LparsOf(SYSTEM).take(driver)[NAME].state is LparState.OPEN_FIRMWARE)
        time.sleep(0.5)
        assert LparsOf(SYSTEM).take(driver)[NAME].state is LparState.OPEN_FIRMWARE


def test_a_vios_that_was_activated_again_still_serves_what_was_aligned(build: BuildPra) -> None:
    """Its profile has the adapters too, not only what it ran with."""
    at = build([Guest(NAME, Staged.NOT)])
    assert main(at.argv("pra", "--apply")) == 0
    with hmc(at, "hmc-lyo1") as driver:
        for vios in at.away.vios[0]:
            driver.perform(Shutdown(SYSTEM, vios.name, Stop.HYPERVISOR, immediately=True))
            at.until(lambda vios=vios: vios.state is LparState.NOT_ACTIVATED)  # type: ignore[misc]
            driver.perform(Activate(SYSTEM, vios.name, "default_profile"))
            at.until(lambda vios=vios: vios.rmc == "active")  # type: ignore[misc]
        site_lost(at)
        driver.perform(Activate(SYSTEM, NAME, "default_profile"))
        at.until(lambda: at.away.lpar(NAME).state is LparState.RUNNING)
    assert sorted(wwpn.upper() for wwpn in at.away.lpar(NAME).writer.wwpns) == at.away.wwpns(NAME)


def test_aligning_while_production_runs_disturbs_nothing_of_it(build: BuildPra) -> None:
    at = build([Guest(NAME, Staged.NOT), Guest("erp_app1", Staged.DEFINED)])
    before = {lpar.name: lpar.writer.session for system in at.home.systems for lpar in system.lpars}
    assert main(at.argv("pra", "--apply")) == 0
    running = [at.home.lpar(guest.name) for guest in at.guests]
    assert all(lpar.writer.running and lpar.writer.session == before[lpar.name] for lpar in running)
    assert all(len(lpar.writer.volumes) == 2 for lpar in running)
    assert violations(at) == []
    assert [verb for verb in at.writes() if verb.startswith(("hmc-par", "fa-par"))] == []
