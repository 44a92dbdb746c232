"""What makes room for a client on a VIOS: its server adapter and the map to a port, sent and refused."""

from __future__ import annotations

import pytest

from backends.hmc.looks import FcOf, MapsOf, ProfilesOf
from backends.hmc.verbs import AddServerAdapter, ChangeProfile, MapVfc, Verb
from backends.outcome import DeviceError, Failure, ParseError, Sent
from store.estate import AdapterType
from tests.backends.hmc.hmc_estate import Estate

SYSTEM = "p10-a"
ADD = AddServerAdapter(SYSTEM, "vios1", 300, "web1", 40)


def perform(hmc: Estate, verb: Verb) -> str:
    with hmc.driver() as driver:
        return driver.perform(verb)


def refused(hmc: Estate, verb: Verb) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        perform(hmc, verb)
    assert (caught.value.failure, caught.value.sent) == (Failure.REFUSED, Sent.REFUSED)
    return caught.value


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        (
            ADD,
            "chhwres -r virtualio --rsubtype fc -m p10-a -o a -p vios1 -s 300 "
            "-a adapter_type=server,remote_lpar_name=web1,remote_slot_num=40",
        ),
        (
            AddServerAdapter("9105-22A*7800A11", "my vios", 300, "my lpar", 40),
            "chhwres -r virtualio --rsubtype fc -m '9105-22A*7800A11' -o a -p 'my vios' -s 300 "
            "-a 'adapter_type=server,remote_lpar_name=my lpar,remote_slot_num=40'",
        ),
        (
            MapVfc(SYSTEM, "vios1", "vfchost3", "fcs1"),
            "viosvrcmd -m p10-a -p vios1 -c 'vfcmap -vadapter vfchost3 -fcp fcs1'",
        ),
    ],
)
def test_each_is_one_command(verb: Verb, command: str) -> None:
    assert verb.command() == command


@pytest.mark.parametrize("name", ["", "x;reboot", "a,b", "a=b", "-n", "a\nb", "a" * 48])
def test_names_that_an_hmc_cannot_hold_are_refused_before_anything_is_sent(name: str) -> None:
    for make in (
        lambda: AddServerAdapter(SYSTEM, name, 300, "web1", 40),
        lambda: AddServerAdapter(SYSTEM, "vios1", 300, name, 40),
        lambda: AddServerAdapter(name, "vios1", 300, "web1", 40),
        lambda: MapVfc(SYSTEM, name, "vfchost3", "fcs1"),
    ):
        with pytest.raises(ParseError):
            make()


@pytest.mark.parametrize(
    ("vfchost", "port"),
    [("vfchost", "fcs1"), ("vfchost3 -fcp fcs0", "fcs1"), ("fcs1", "fcs1"), ("vfchost3", "vfchost3"), ("vfchost3", "")],
)
def test_only_a_vfchost_is_mapped_and_only_to_a_port(vfchost: str, port: str) -> None:
    with pytest.raises(ParseError):
        MapVfc(SYSTEM, "vios1", vfchost, port)


def test_an_adapter_that_was_added_is_there_with_a_vfchost_and_can_be_mapped(hmc: Estate) -> None:
    assert perform(hmc, ADD) == ""
    with hmc.driver() as driver:
        (made,) = [each for each in FcOf(SYSTEM).take(driver)["vios1"] if each.slot == 300]
        (vfchost,) = [each for each in MapsOf(SYSTEM, "vios1").take(driver) if each.slot == 300]
    assert (made.adapter_type, made.remote_lpar_name, made.remote_slot) == (AdapterType.SERVER, "web1", 40)
    assert made.remote_lpar_id == hmc.lpar("web1").lpar_id
    assert vfchost.fc_port is None
    perform(hmc, MapVfc(SYSTEM, "vios1", vfchost.vfchost, "fcs1"))
    with hmc.driver() as driver:
        (mapped,) = [each for each in MapsOf(SYSTEM, "vios1").take(driver) if each.slot == 300]
    assert mapped.fc_port == "fcs1"


def test_an_adapter_lasts_beyond_the_next_activation_only_where_the_profile_has_it_too(hmc: Estate) -> None:
    perform(hmc, ADD)
    text = f"300/server/{hmc.lpar('web1').lpar_id}/web1/40//0"
    with hmc.driver() as driver:
        assert 300 not in [each.slot for each in ProfilesOf(SYSTEM).take(driver)["vios1"][0].fc]
        driver.perform(ChangeProfile(SYSTEM, "vios1", "default_profile", (("virtual_fc_adapters+", (text,)),)))
        slots = [each.slot for each in ProfilesOf(SYSTEM).take(driver)["vios1"][0].fc]
    assert slots.count(300) == 1
    assert len(slots) == 4


def test_a_slot_that_is_taken_is_refused(hmc: Estate) -> None:
    perform(hmc, ADD)
    assert refused(hmc, ADD).text


def test_a_vios_that_does_not_run_is_refused(hmc: Estate) -> None:
    hmc.out("chsysstate -r lpar -m p10-a -o shutdown -n vios1 --immed")
    assert refused(hmc, MapVfc(SYSTEM, "vios1", "vfchost0", "fcs1")).text


@pytest.mark.parametrize(
    "verb",
    [
        AddServerAdapter(SYSTEM, "vios7", 300, "web1", 40),
        AddServerAdapter(SYSTEM, "vios1", 300, "nobody", 40),
        MapVfc(SYSTEM, "vios1", "vfchost77", "fcs1"),
        MapVfc(SYSTEM, "vios1", "vfchost0", "fcs77"),
        MapVfc(SYSTEM, "web1", "vfchost0", "fcs1"),
    ],
)
def test_what_there_is_not_is_refused_in_the_device_s_own_words(hmc: Estate, verb: Verb) -> None:
    assert refused(hmc, verb).text
