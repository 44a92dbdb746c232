"""The driver against the door: what a reading holds, and what happens to it when the HMC misbehaves."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from backends.endpoint import Limits
from backends.hmc import profiles, verbs
from backends.lab.faults import FaultKind
from backends.lab.hmc.state import rename_lpar
from backends.lab.ssh import Answer, SshDoor
from backends.outcome import DeviceError, Failure, Sent
from store.estate import Lpar, LparState, ManagedSystem, Reading, SystemState
from tests.backends.hmc.hmc_estate import MACS, PAIRS, Estate


def read(hmc: Estate, limits: Limits | None = None) -> Reading:
    with hmc.driver(limits) as driver:
        return driver.read()


def lpars(reading: Reading) -> dict[str, Lpar]:
    return {f"{o.system}/{o.name}": o for o in reading.objects if isinstance(o, Lpar)}


def systems(reading: Reading) -> dict[str, ManagedSystem]:
    return {o.name: o for o in reading.objects if isinstance(o, ManagedSystem)}


def test_everything_is_read_without_a_problem(hmc: Estate) -> None:
    reading = read(hmc)
    assert (reading.problems, reading.unread) == ((), ())
    assert sorted(lpars(reading)) == [
        *("p10-a/ded1", "p10-a/erp_db1", "p10-a/vios1", "p10-a/vios2", "p10-a/web1"),
        *("p10-b/erp_db1", "p10-b/vios9"),
    ]


def test_pra_02_an_lpar_with_four_vfc_and_two_ethernet_adapters_keeps_all_addresses(hmc: Estate) -> None:
    erp = lpars(read(hmc))["p10-a/erp_db1"]
    assert erp.wwpns == tuple(wwpn for pair in PAIRS for wwpn in pair)
    assert erp.macs == MACS
    assert [a.remote_lpar_name for a in erp.fc] == ["vios1", "vios2", "vios1", "vios2"]
    assert (erp.state, erp.rmc_state, erp.mem_mb, erp.procs) == (LparState.RUNNING, "active", 8192, 2)
    (profile,) = erp.profiles
    assert tuple(w for a in profile.fc for w in a.wwpns) == erp.wwpns
    assert tuple(a.mac for a in profile.eth) == erp.macs


def test_pra_03_a_vios_has_server_adapters_and_no_address_of_its_clients(hmc: Estate) -> None:
    vios = lpars(read(hmc))["p10-a/vios1"]
    assert len(vios.fc) == 3
    assert vios.wwpns == ()
    assert {(m.vfchost, m.client_lpar_name, m.status) for m in vios.npiv} == {
        ("vfchost0", "erp_db1", "LOGGED_IN"),
        ("vfchost1", "erp_db1", "LOGGED_IN"),
        ("vfchost2", None, "NOT_LOGGED_IN"),
    }


def test_pra_10_two_lpars_of_one_name_on_two_systems_are_kept_apart(hmc: Estate) -> None:
    found = [o for o in read(hmc).objects if isinstance(o, Lpar) and o.name == "erp_db1"]
    assert {o.key for o in found} == {"9105-22A*7800A11/erp_db1", "9009-42A*7800B22/erp_db1"}
    assert {o.state for o in found} == {LparState.RUNNING, LparState.NOT_ACTIVATED}


def test_two_systems_of_one_name_are_asked_by_type_model_and_serial(hmc: Estate) -> None:
    hmc.system("p10-b").name = "p10-a"
    reading = read(hmc)
    assert (reading.problems, reading.unread) == ((), ())
    assert len([o for o in reading.objects if isinstance(o, Lpar)]) == 7


def test_capacity_is_what_is_left(hmc: Estate) -> None:
    first = systems(read(hmc))["p10-a"]
    assert (first.state, first.installed_mem_mb, first.installed_proc_units) == (SystemState.OPERATING, 262144, 24.0)
    assert first.available_mem_mb == 262144 - 8192 - 2 * 8192 - 8192 - 4096
    assert first.available_proc_units == 24.0 - 2 * 1.0 - 0.5 - 2


def test_pra_01_only_real_commands_are_sent_and_a_fixed_number_for_each_system(hmc: Estate) -> None:
    read(hmc)
    asked = hmc.device.counters.requests
    assert asked["lssyscfg -r sys"] == 1
    assert not any(verb.startswith("lsyscfg") for verb in asked)
    assert asked.total() == 2 + 12 * 2 + 3  # systems and the clock, twelve for each system, one for each running VIOS


def test_trap_14_messages_in_another_language_change_nothing(hmc: Estate) -> None:
    expected = lpars(read(hmc))
    hmc.device.language = "fr"
    hmc.system("p10-b").virtual_fc = False
    reading = read(hmc)
    assert (reading.problems, reading.unread) == ((), ())
    assert {k: v for k, v in lpars(reading).items() if k.startswith("p10-a")} == {
        k: v for k, v in expected.items() if k.startswith("p10-a")
    }


def test_a_system_without_virtual_fibre_channel_is_no_failure(hmc: Estate) -> None:
    hmc.system("p10-b").virtual_fc = False
    reading = read(hmc)
    assert reading.unread == ()
    assert lpars(reading)["p10-b/erp_db1"].fc == ()


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("always", [False, True])
def test_every_way_of_quoting_lists_reads_the_same(hmc: Estate, single: bool, always: bool) -> None:
    expected = lpars(read(hmc))
    hmc.hmc.quotes_single_lists, hmc.hmc.quotes_lists_always = single, always
    assert lpars(read(hmc)) == expected


def test_the_clock_of_the_hmc_is_compared_with_ours(hmc: Estate) -> None:
    plain = read(hmc).clock_skew_s
    hmc.world.faults.add("hmc-a", FaultKind.CLOCK_SKEWED, seconds=600)
    skewed = read(hmc).clock_skew_s
    assert plain is not None
    assert skewed is not None
    assert abs(skewed - plain - 600) <= 30


def test_old_firmware_writes_six_fields_and_reads_without_mac_and_switch(hmc: Estate) -> None:
    hmc.system().old_firmware = True
    profile = lpars(read(hmc))["p10-a/erp_db1"].profiles[0]
    assert [(a.mac, a.vswitch) for a in profile.eth] == [(None, ""), (None, "")]


def test_an_hmc_that_knows_no_uuid_is_read_without_it(hmc: Estate) -> None:
    hmc.hmc.version = 8
    reading = read(hmc)
    assert (reading.problems, reading.unread) == ((), ())
    assert {lpar.uuid for lpar in lpars(reading).values()} == {None}


# --------------------------------------------------------------------------------------------------------- misbehaviour


def answering(hmc: Estate, start: str, answer: Answer) -> None:
    """Have the door answer ``answer`` to commands that begin with ``start``, and everything else as it is."""
    door = hmc.lab.door("hmc-a", "ssh")
    assert isinstance(door, SshDoor)
    usual = door.protocol.run
    door.protocol = replace(
        door.protocol, run=lambda user, line: answer if line.startswith(start) else usual(user, line)
    )


@pytest.mark.parametrize(
    "text", ["", "name,type\n", "Segmentation fault\ncore dumped\n", "p10-a,9105-22A,7,Operating,1,1\n"]
)
def test_a_list_of_systems_that_is_not_understood_is_one_error_and_never_an_empty_estate(
    hmc: Estate, text: str
) -> None:
    answering(hmc, "lssyscfg -r sys", Answer(text))
    with pytest.raises(DeviceError) as caught:
        read(hmc)
    assert caught.value.failure is Failure.BAD_ANSWER


def test_an_empty_list_of_lpars_that_says_so_is_believed_and_silence_is_not(hmc: Estate) -> None:
    answering(hmc, "lssyscfg -r lpar -m p10-a", Answer("Rien à montrer.\n"))
    answering(hmc, "lssyscfg -r lpar -m p10-b", Answer(""))
    reading = read(hmc)
    assert lpars(reading) == {}
    assert [unread.key_prefix for unread in reading.unread] == ["9009-42A*7800B22/"]


def test_a_refusal_without_any_text_still_says_something(hmc: Estate) -> None:
    answering(hmc, "lssyscfg -r sys", Answer("", 3))
    with pytest.raises(DeviceError, match="exit status 3"):
        read(hmc)


def test_an_unknown_clock_is_none(hmc: Estate) -> None:
    answering(hmc, "date", Answer("jeu. 1 oct. 03:43:04 CEST 2026\n"))
    assert read(hmc).clock_skew_s is None


def test_a_system_that_cannot_be_asked_is_unread_and_the_other_still_shows(hmc: Estate) -> None:
    hmc.system("p10-b").state = SystemState.NO_CONNECTION
    reading = read(hmc)
    assert systems(reading)["p10-b"].state is SystemState.NO_CONNECTION
    assert [(u.kind, u.key_prefix) for u in reading.unread] == [("lpar", "9009-42A*7800B22/")]
    assert "HSCL0237" in reading.unread[0].why
    assert all(key.startswith("p10-a/") for key in lpars(reading))


def test_one_list_that_never_ends_makes_its_systems_unread_and_ends_in_bounded_time(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.HANG, "lshwres -r virtualio --rsubtype eth")
    reading = read(hmc, Limits(connect_s=3, call_s=0.7))
    assert len(reading.unread) == 2
    assert lpars(reading) == {}
    assert len(systems(reading)) == 2
    hmc.world.faults.clear()


def test_a_connection_dropped_once_in_the_middle_is_made_again_and_all_is_read(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.TRUNCATED, "lssyscfg -r prof", count=1)
    reading = read(hmc)
    assert reading.unread == ()
    assert len(lpars(reading)) == 7


def test_a_list_that_is_always_cut_short_makes_its_systems_unread_and_never_empty(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.TRUNCATED, "lssyscfg -r lpar")
    reading = read(hmc, Limits(connect_s=3, call_s=5, sessions=1))
    assert [u.key_prefix for u in reading.unread] == ["9105-22A*7800A11/", "9009-42A*7800B22/"]


def test_a_vios_that_does_not_answer_still_shows_and_is_a_problem(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.DROP_AFTER, "viosvrcmd*")
    reading = read(hmc, Limits(connect_s=3, call_s=5, sessions=1))
    assert lpars(reading)["p10-a/vios1"].state is LparState.RUNNING
    assert {problem.expected for problem in reading.problems} == {"the NPIV maps of this VIOS"}


def test_a_vios_that_is_not_running_is_not_asked(hmc: Estate) -> None:
    hmc.lpar("vios2").rmc = "inactive"
    assert lpars(read(hmc))["p10-a/vios2"].npiv == ()
    assert hmc.device.counters.requests["viosvrcmd lsmap"] == 2


@pytest.mark.parametrize(
    ("kind", "verb", "failure"),
    [
        (FaultKind.UNREACHABLE, "*", Failure.UNREACHABLE),
        (FaultKind.REFUSES_LOGIN, "login", Failure.LOGIN_REFUSED),
        (FaultKind.CHANGED_KEY, "*", Failure.UNTRUSTED),
        (FaultKind.SESSION_LIMIT, "*", Failure.SESSION_LIMIT),
        (FaultKind.DROP_BEFORE, "lssyscfg -r sys", Failure.LOST),
    ],
)
def test_an_hmc_that_cannot_be_read_at_all_is_one_error(
    hmc: Estate, kind: FaultKind, verb: str, failure: Failure
) -> None:
    hmc.world.faults.add("hmc-a", kind, verb)
    with hmc.driver() as driver:
        with pytest.raises(DeviceError) as caught:
            driver.read()
        assert caught.value.failure is failure
        hmc.world.faults.clear()
        assert len(lpars(driver.read())) == 7


def test_an_hmc_that_goes_away_in_the_middle_is_one_error_and_the_rest_is_not_asked(hmc: Estate) -> None:
    with hmc.driver(Limits(connect_s=3, call_s=5, sessions=1)) as driver:
        hmc.world.faults.add("hmc-a", FaultKind.SLOW, "lssyscfg -r lpar", seconds=0.3)
        away = threading.Timer(0.2, lambda: hmc.world.faults.add("hmc-a", FaultKind.UNREACHABLE))
        assert driver.read().unread == ()
        away.start()
        with pytest.raises(DeviceError) as caught:
            driver.read()
        away.join()
    assert caught.value.failure is Failure.UNREACHABLE


def test_an_hmc_with_fewer_sessions_than_the_limit_allows_is_read_all_the_same(hmc: Estate) -> None:
    hmc.device.max_sessions = 3
    reading = read(hmc, Limits(connect_s=3, call_s=10, sessions=4))
    assert len(lpars(reading)) == 7


def test_an_lpar_renamed_between_two_readings_has_another_key(hmc: Estate) -> None:
    rename_lpar(hmc.lpar("web1"), "web2")
    found = lpars(read(hmc))
    assert "p10-a/web2" in found
    assert "p10-a/web1" not in found


# ---------------------------------------------------------------------------------------------------------------- verbs


def test_a_verb_is_sent_once_and_done_over_time(hmc: Estate) -> None:
    with hmc.driver() as driver:
        assert driver.perform(verbs.Activate("p10-a", "web1", "default_profile")) == ""
        assert hmc.lpar("web1").state is LparState.STARTING
        hmc.pass_time(60)
        assert lpars(driver.read())["p10-a/web1"].state is LparState.RUNNING
        driver.perform(verbs.Shutdown("p10-a", "web1", verbs.Stop.OS))
        hmc.pass_time(60)
        assert lpars(driver.read())["p10-a/web1"].state is LparState.NOT_ACTIVATED
    assert hmc.device.counters.requests["chsysstate -r lpar -o on"] == 1


def test_a_verb_that_the_hmc_refuses_says_so_with_its_code(hmc: Estate) -> None:
    with hmc.driver() as driver, pytest.raises(DeviceError) as caught:
        driver.perform(verbs.Remove("p10-a", "erp_db1"))
    assert (caught.value.sent, caught.value.failure) == (Sent.REFUSED, Failure.REFUSED)
    assert caught.value.code is not None
    assert hmc.lpar("erp_db1").on


def test_a_verb_whose_answer_is_lost_is_unknown_and_not_sent_again(hmc: Estate) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.DROP_AFTER, "chsysstate*")
    with hmc.driver() as driver, pytest.raises(DeviceError) as caught:
        driver.perform(verbs.Activate("p10-a", "web1", "default_profile"))
    assert caught.value.sent is Sent.UNKNOWN
    assert hmc.device.counters.requests["chsysstate -r lpar -o on"] == 1
    assert hmc.lpar("web1").state is LparState.STARTING


def test_an_lpar_is_created_with_production_addresses_and_read_back(hmc: Estate) -> None:
    with hmc.driver() as driver:
        source = lpars(driver.read())["p10-a/erp_db1"].profiles[0]
        attributes: verbs.Attributes = (
            ("min_mem", "4096"),
            ("desired_mem", "8192"),
            ("max_mem", "16384"),
            ("max_virtual_slots", "200"),
            ("virtual_eth_adapters", tuple(profiles.eth_text(a) for a in source.eth)),
            ("virtual_fc_adapters", tuple(profiles.fc_text(a) for a in source.fc)),
        )
        driver.perform(verbs.Create("p10-b", "erp_dr", "dr", "aixlinux", attributes))
        made = lpars(driver.read())["p10-b/erp_dr"].profiles[0]
        assert (made.fc, made.eth) == (source.fc, source.eth)
        driver.perform(verbs.ChangeProfile("p10-b", "erp_dr", "dr", (("auto_start", "1"),)))
        assert lpars(driver.read())["p10-b/erp_dr"].profiles[0].auto_start
        driver.perform(verbs.Remove("p10-b", "erp_dr"))
        assert "p10-b/erp_dr" not in lpars(driver.read())
