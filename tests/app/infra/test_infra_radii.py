"""What is struck where an operator points at something, and what is said of what cannot be known now."""

from __future__ import annotations

import pytest

from app.infra.radii import under, unread
from store.estate import EsxiHost
from store.infra.blast import StrikeError
from store.infra.falling import Node
from store.records import DeviceHealth
from tests.screens.estate import HMC_DOWN, NOW, calm, entry
from tests.store.infra.standing import drawn

FRAME: Node = ("system", "P10-OSLO-01")


@pytest.mark.parametrize(
    ("pointed", "struck"),
    [
        (("lpar", "9105-22A*7801234/web01"), FRAME),
        (("power", "9105-22A*7801234"), FRAME),
        (("pgroup", "id-fa-oslo:pg-erp"), ("system", "fa-oslo")),
        (("rcg", "100:oradb"), ("system", "3par-oslo")),
        (("device", "fa-oslo"), ("system", "fa-oslo")),
        (("device", "3par-bergen"), ("array", "SN-3par-bergen")),
        (("device", "vc-oslo"), ("esxi", "vc-1:host-1")),
        (("rack", "oslo/A7"), ("rack", "oslo/A7")),
    ],
)
def test_what_runs_is_struck_at_what_it_runs_on_and_that_at_its_system(pointed: Node, struck: Node) -> None:
    assert under(drawn(calm()), pointed) == struck


def test_an_hmc_takes_nothing_with_it_and_a_vcenter_of_several_hosts_is_not_one_thing() -> None:
    with pytest.raises(StrikeError, match="On hmc-oslo itself stands nothing that runs"):
        under(drawn(calm()), ("device", "hmc-oslo"))
    estate = calm()
    estate.entries.append(entry(EsxiHost("vc-1", "host-2", "esx02", "connected", "poweredOn"), "vc-oslo"))
    with pytest.raises(StrikeError, match="On vc-oslo itself stands 2 ESXi hosts, each of which fails alone"):
        under(drawn(estate), ("device", "vc-oslo"))


def test_what_is_gone_is_said() -> None:
    with pytest.raises(StrikeError, match="oslo/Z9 is not known any more"):
        under(drawn(calm()), ("rack", "oslo/Z9"))


def test_devices_that_cannot_be_read_are_named_with_the_age_of_what_is_known() -> None:
    estate = calm()
    estate.set_device("hmc-oslo", **HMC_DOWN)
    estate.set_device("vc-oslo", health=DeviceHealth.NEVER, last_ok=None)
    assert list(unread(estate.view(), NOW)) == [
        "hmc-oslo cannot be read: what is on it is as it was 4m ago.",
        "vc-oslo was never read: what is on it is not known.",
    ]
