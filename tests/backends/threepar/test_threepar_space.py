"""What the CPGs of an array use and could grow to, over its real door; an answer that is not understood is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.endpoint import Limits
from backends.outcome import DeviceError, Failure, ParseError
from backends.threepar.answers import Fields
from backends.threepar.driver import ThreeParDriver
from backends.threepar.space import CpgSpace, CpgSpaces, _used
from tests.backends.threepar.rcopy_pair import Pair, rcopy_pair


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with rcopy_pair(tmp_path) as pair:
        yield pair


def test_each_cpg_is_told_with_what_it_uses_and_what_is_left(pair: Pair) -> None:
    driver = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo"), Limits(connect_s=5, call_s=20))
    found = CpgSpaces().take(driver)
    state = pair.oslo
    assert {cpg.name for cpg in found} == set(state.cpgs)
    free = state.who.total_mib - state.used_mib
    assert all(cpg == CpgSpace(cpg.name, cpg.used_mib, free) and cpg.used_mib >= 0 for cpg in found)
    assert any(cpg.used_mib > 0 for cpg in found)


USES = {name: {"usedMiB": 10} for name in ("UsrUsage", "SAUsage", "SDUsage")}


def test_user_data_and_snapshots_are_summed() -> None:
    assert _used(Fields({"name": "SSD_r6", **USES})) == ("SSD_r6", 30)


@pytest.mark.parametrize(
    "wrong", [{"UsrUsage": None}, {"SAUsage": {}}, {"SDUsage": {"usedMiB": -1}}, {"name": ""}, {"UsrUsage": []}]
)
def test_a_cpg_of_another_form_is_an_error_and_never_nought(wrong: dict[str, object]) -> None:
    with pytest.raises(ParseError):
        _used(Fields({"name": "SSD_r6", **USES, **wrong}))


def test_an_array_that_cannot_be_reached_says_so(pair: Pair) -> None:
    driver = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo"), Limits(connect_s=5, call_s=20))
    pair.oslo.device.users.clear()
    with pytest.raises(DeviceError) as caught:
        CpgSpaces().take(driver)
    assert caught.value.failure is Failure.LOGIN_REFUSED
