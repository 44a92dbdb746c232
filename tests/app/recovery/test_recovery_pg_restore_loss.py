"""What a restore of a protection group loses at most: the age of its snapshot and the difference of the clocks."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.connect import Connector
from app.recovery.operations import Operations
from app.recovery.pg.operate import plan_restore
from app.recovery.pg.request import Restore
from app.settings import load
from backends.lab.faults import FaultKind
from store.database import open_store
from store.ledger import Ledger
from tests.faults.pg_estate import pg_estate


@pytest.mark.parametrize("skew_s", [-7200.0, 7200.0])
def test_a_clock_that_is_wrong_makes_the_bound_larger_never_smaller(tmp_path: Path, skew_s: float) -> None:
    path = tmp_path / "store.sqlite"
    with pg_estate(tmp_path) as estate, closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        with estate.world.turn():
            estate.world.power_off(estate.world.writers["paris/erp_db1"])
            suffix = next(iter(estate.prd.groups["pg-erp"].snapshots))
        settings = load(estate.config)
        asked = Restore("fa-prd", "pg-erp", suffix)
        right = plan_restore(Operations(settings, store, ledger, Connector(settings)), asked, "one")
        estate.world.faults.add("fa-prd", FaultKind.CLOCK_SKEWED, seconds=skew_s)
        wrong = plan_restore(Operations(settings, store, ledger, Connector(settings)), asked, "two")
    assert not right.refused and not wrong.refused
    assert right.loss_s is not None and wrong.loss_s is not None
    assert wrong.loss_s - right.loss_s >= abs(skew_s) - 2, "an array tells its time in whole seconds"
