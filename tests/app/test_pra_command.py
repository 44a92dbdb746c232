"""``drdeck pra`` on the lab: what it shows, what it sends, and how it ends."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from app.cli import main
from backends.lab.faults import FaultKind
from backends.lab.hmc.state import add_lpar
from store.estate import SystemState
from store.ledger import Ledger
from store.runs import Plan, RunState
from tests.faults.pra_estate import VLAN, BuildPra, Guest, PraEstate, Side, Staged, named

OK, FAILED, USAGE, PARTLY = 0, 1, 2, 3


def pra(at: PraEstate, *words: str) -> int:
    return main(at.argv("pra", *words))


# --------------------------------------------------------------------------------------------------- what it sends


def test_without_apply_everything_is_shown_and_nothing_sent(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(2, Staged.NOT))
    assert pra(at) == OK
    out = capsys.readouterr().out
    assert "Define lpar01 on P10-LYO-1" in out
    assert "mksyscfg -r lpar -m P10-LYO-1" in out
    assert "POST /volumes?names=lpar01-v0" in out
    assert "2 LPARs at paris: 0 as they are to be" in out
    assert at.writes() == {}


@pytest.mark.parametrize("same", [False, True], ids=["own WWPNs", "production's WWPNs"])
def test_what_is_staged_already_is_sent_nothing(
    build: BuildPra, same: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(3, same=same), systems=2, hmcs=2)
    assert pra(at, "--apply") == OK
    assert capsys.readouterr().out == "3 LPARs at paris: 3 as they are to be\n"
    assert at.writes() == {}


def test_apply_makes_all_of_it_and_a_second_time_sends_nothing(build: BuildPra) -> None:
    at = build([Guest("erp_db1", Staged.NOT, nics=2), Guest("erp_app1", Staged.NOT, same=True), Guest("nim1")])
    assert pra(at, "--apply") == OK
    assert all(at.is_right(guest.name) for guest in at.guests)
    made = at.away.lpar("erp_db1").profiles[0]
    assert [nic.mac for nic in made.eth] == [nic.mac for nic in at.home.lpar("erp_db1").profiles[0].eth]
    assert at.home.wwpns("erp_app1") == at.away.wwpns("erp_app1")
    assert not set(at.home.wwpns("erp_db1")) & set(at.away.wwpns("erp_db1"))
    sent = at.writes()
    assert sent["hmc-lyo1 mksyscfg -r lpar"] == 2
    assert pra(at, "--apply") == OK
    assert at.writes() == sent
    assert at.world.referee.violations == []


@pytest.mark.parametrize("side", ["home", "away"])
def test_a_wwpn_that_one_host_lost_is_one_write(build: BuildPra, side: str) -> None:
    at = build(named(3))
    at_side: Side = getattr(at, side)
    gone = at.lose(at_side, "lpar01")
    assert pra(at, "--apply") == OK
    assert at.writes() == {f"{at_side.array.name} PATCH /hosts": 1}
    assert gone in at_side.array.host("lpar01").wwns


def test_a_definition_that_drifted_is_corrected_by_one_command(build: BuildPra) -> None:
    at = build(named(2))
    with at.world.turn():
        profile = at.away.lpar("lpar01").profiles[0]
        profile.desired_mem, profile.auto_start = 3072, True
    assert pra(at, "--apply") == OK
    assert at.writes() == {"hmc-lyo1 chsyscfg -r prof": 1}
    changed = at.away.lpar("lpar01").profiles[0]
    assert (changed.desired_mem, changed.auto_start) == (4096, False)


def test_memory_and_networks_follow_the_map_of_the_system(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1, Staged.NOT))
    at.configure(systems=["memory = 0.3", "processors = 0.5", f'vlan = {{ "{VLAN}" = 210 }}'])
    assert pra(at) == OK
    out = capsys.readouterr().out
    assert "min_mem=768,desired_mem=1280," in out
    assert "desired_proc_units=0.25," in out
    assert "virtual_eth_adapters=2/0/210//0/0/ETHERNET0/FA0000000000/all/none" in out


# ------------------------------------------------------------------------------------------------- acceptance tests


def test_pra_01_only_commands_that_an_hmc_knows_are_sent(build: BuildPra) -> None:
    at = build(named(2, Staged.DEFINED))
    with at.world.turn():
        at.away.lpar("lpar00").profiles[0].auto_start = True
    assert pra(at, "--apply") == OK
    for name in ("hmc-par1", "hmc-lyo1"):
        sent = at.device(name).counters.requests
        assert sent["lssyscfg -r sys"] > 0
        assert not any(verb.startswith("lsyscfg") for verb in sent)


def test_pra_02_and_03_all_wwpns_and_macs_of_an_lpar_are_kept_and_a_vios_has_none(build: BuildPra) -> None:
    at = build([Guest("erp_db1", Staged.NOT, adapters=4, nics=2)])
    with at.world.turn():
        at.home.array.set_wwns(at.home.array.host("erp_db1"), ())
    assert pra(at, "--apply") == OK
    for side in (at.home, at.away):
        assert len(side.array.host("erp_db1").wwns) == 8
        assert not any("vios" in host or "-own" in host for host in side.array.hosts)
        assert not any(set(wwn) == {"0"} for host in side.array.hosts.values() for wwn in host.wwns)
    assert len({nic.mac for nic in at.away.lpar("erp_db1").profiles[0].eth}) == 2


def test_pra_06_a_host_that_holds_all_wwns_is_sent_nothing_twice(build: BuildPra) -> None:
    at = build(named(2, Staged.DEFINED))
    assert pra(at, "--apply") == OK
    sent = at.writes()
    assert sent["fa-lyo POST /hosts"] == 2
    assert pra(at, "--apply") == OK
    assert pra(at, "--apply") == OK
    assert at.writes() == sent


def test_pra_07_a_refused_wwn_leaves_no_empty_host_and_is_shown(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(1, Staged.DEFINED))
    at.world.faults.add("fa-lyo", FaultKind.HTTP_409, "POST /hosts")
    assert pra(at, "--apply") == PARTLY
    assert list(at.away.array.hosts) == []
    out = capsys.readouterr().out
    assert "Not done: Make the host lpar00 with 4 WWPNs: " in out
    assert "lpar00  " in out.split("LPARs at paris")[1]


def test_pra_07_a_wwn_that_another_host_holds_is_not_taken_and_is_shown(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(1, Staged.DEFINED))
    taken = at.away.wwpns("lpar00")[0]
    with at.world.turn():
        at.away.array.add_host("thief", [taken])
        at.away.array.add_host("thief2", at.away.wwpns("lpar00")[1:2])
    assert pra(at, "--apply") == PARTLY
    assert sorted(at.away.array.hosts) == ["thief", "thief2"]
    assert f"[pwr.wwpn-unique] {taken.lower()} of lpar00 belongs to the host thief on fa-lyo" in capsys.readouterr().out
    assert not any("connections" in verb for verb in at.writes())


def test_pra_08_one_host_of_twenty_that_fails_is_named_and_the_others_are_right(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(20))
    for guest in at.guests:
        at.lose(at.away, guest.name)
    at.world.faults.add("fa-lyo", FaultKind.HTTP_409, "PATCH /hosts", count=1)
    assert pra(at, "--apply") == PARTLY
    wrong = [guest.name for guest in at.guests if not at.is_right(guest.name)]
    assert len(wrong) == 1
    summary = capsys.readouterr().out.split("20 LPARs at paris: 19 as they are to be")[1]
    assert [line for line in summary.splitlines() if wrong[0] in line and "Not done: " in line]
    assert pra(at, "--apply") == OK


def test_pra_09_what_an_hmc_says_of_an_error_is_shown_with_its_code(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build([Guest("one"), Guest("two", system=1)], systems=2)
    at.lose(at.home, "one")
    at.home.systems[1].state = SystemState.NO_CONNECTION
    assert pra(at, "--apply") == PARTLY
    said = capsys.readouterr()
    assert "Not read: hmc-par1: " in said.err
    assert "HSCL" in said.err
    assert "1 LPARs at paris: 1 as they are to be" in said.out


def test_pra_09_where_that_leaves_no_lpar_it_says_why(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1))
    at.home.systems[0].state = SystemState.NO_CONNECTION
    assert pra(at) == FAILED
    first, *_, last = capsys.readouterr().err.splitlines()
    assert "HSCL" in first
    assert last == "No LPAR was found that is to be protected."


def test_pra_10_lpars_of_one_name_on_two_systems_are_kept_apart(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(2), systems=2)
    with at.world.turn():
        add_lpar(at.home.systems[1], "lpar00", vlans=(VLAN,), vios=at.home.vios[1], on=False)
    for words in ((), ("-m", "P10-PAR-1"), ("-m", "P10-PAR-2"), ("--system", "P10-PAR-1", "--system", "P10-PAR-2")):
        assert pra(at, "--apply", *words) == PARTLY
        assert "lpar00  [fa.naming] more than one LPAR at paris is called lpar00" in capsys.readouterr().out
    assert at.writes() == {}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ports that SSH connections were opened to since."""
    made: list[int] = []
    connect = socket.create_connection

    def remember(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        made.append(address[1])
        return connect(address, *args, **options)

    monkeypatch.setattr(socket, "create_connection", remember)
    return made


def test_pra_15_a_hundred_lpars_are_read_over_one_connection_to_each_hmc(build: BuildPra, connected: list[int]) -> None:
    at = build(named(100, volumes=1, running=False))
    assert pra(at) == OK
    for name in ("hmc-par1", "hmc-lyo1"):
        device = at.device(name)
        assert connected.count(device.ports["ssh"]) == 1
        assert device.counters.requests.total() < 20
        at.until(lambda device=device: device.counters.sessions == 0)  # type: ignore[misc]


def test_pra_15_many_definitions_are_corrected_over_a_few_connections(build: BuildPra, connected: list[int]) -> None:
    at = build(named(30, volumes=0, running=False))
    with at.world.turn():
        for guest in at.guests:
            at.away.lpar(guest.name).profiles[0].auto_start = True
    assert pra(at, "--apply") == OK
    assert at.writes() == {"hmc-lyo1 chsyscfg -r prof": 30}
    assert (
        connected.count(at.device("hmc-lyo1").ports["ssh"]) <= 4 + 2
    )  # the bound on sessions, and a look before and behind


# ------------------------------------------------------------------------------------------------------- its words


def test_excluded_lpars_stay_visible_as_excluded_and_are_left_alone(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build([Guest("erp1"), Guest("nim1"), Guest("tsm1"), Guest("dev1")])
    at.configure(pra=['exclude = ["t*"]'])
    for guest in at.guests:
        at.lose(at.home, guest.name)
    assert pra(at, "--apply", "--exclude-lpar", "nim1,nobody", "--exclude-lpar", "dev*") == OK
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "1 LPARs at paris: 1 as they are to be",
        "Excluded: dev1, nim1, tsm1",
    ]
    assert at.writes() == {"fa-par PATCH /hosts": 1}


@pytest.mark.parametrize("flag", ["-m", "--system", "--managed-system"])
@pytest.mark.parametrize("name", ["P10-PAR-2", "9080-HEX*78PAR002"])
def test_only_the_systems_that_are_named_are_aligned(build: BuildPra, flag: str, name: str) -> None:
    at = build([Guest("one"), Guest("two", system=1)], systems=2, hmcs=2)
    for guest in at.guests:
        at.lose(at.home, guest.name)
    assert pra(at, "--apply", flag, name) == OK
    assert (at.is_right("one"), at.is_right("two")) == (False, True)


def test_the_prefix_of_hosts_is_that_of_the_command_line(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1, Staged.NOT))
    assert pra(at, "--host-prefix", "aix-") == OK
    assert "[fa.naming] the host of lpar00 on fa-par is called lpar00, not aix-lpar00" in capsys.readouterr().out


def test_a_configuration_that_is_read_only_sends_nothing(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1))
    at.lose(at.home, "lpar00")
    at.config.write_text(at.config.read_text().replace("[console]", "[console]\nread_only = true"))
    assert pra(at, "--apply") == FAILED
    assert capsys.readouterr().err == "Refused: the configuration says read_only.\n"
    assert at.writes() == {}


def test_json_is_one_object_whatever_was_done(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build([Guest("erp1", Staged.DEFINED), Guest("nim1"), Guest("tsm1")])
    at.lose(at.home, "nim1")
    at.world.faults.add("fa-par", FaultKind.HTTP_409, "PATCH /hosts")
    assert pra(at, "--json", "--exclude-lpar", "tsm1") == OK
    shown = json.loads(capsys.readouterr().out)
    assert [row["aligned"] for row in shown["lpars"]] == [False, False]
    assert len(shown["plan"]["steps"]) == sum(row["to_do"] for row in shown["lpars"])
    assert pra(at, "--json", "--apply", "--exclude-lpar", "tsm1") == PARTLY
    done = json.loads(capsys.readouterr().out)
    assert [(row["lpar"], row["aligned"]) for row in done["lpars"]] == [("erp1", True), ("nim1", False)]
    assert (done["excluded"], done["not_read"]) == (["tsm1"], [])
    (run,) = done["runs"]
    assert [failed["step"].split()[-1] for failed in run["failed"]] == ["nim1"]


# -------------------------------------------------------------------------------------------- what stands in the way


def test_a_pass_that_failed_ends_the_passes_and_the_next_time_goes_on(build: BuildPra) -> None:
    at = build(named(1, Staged.NOT))
    fault = at.world.faults.add("fa-lyo", FaultKind.HTTP_409, "PUT /volumes/tags/batch")
    assert pra(at, "--apply") == PARTLY
    sent = at.writes()
    assert sent["hmc-lyo1 mksyscfg -r lpar"] == 1
    assert not any("chhwres" in verb for verb in sent)
    at.world.faults.remove(fault.id)
    assert pra(at, "--apply") == OK
    assert at.is_right("lpar00")
    assert at.writes()["hmc-lyo1 mksyscfg -r lpar"] == 1


def test_an_lpar_that_another_run_acts_on_is_left_to_it_and_nothing_stays_behind(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(2))
    at.lose(at.home, "lpar01")
    with closing(Ledger(at.directory / "console.sqlite")) as ledger:
        ledger.propose("other", Plan("failover", "failover", ("lpar:lpar01",), datetime.now(UTC)), "somebody")
        ledger.approve("other", "somebody", [])
        lease = ledger.take("other", "another console")
        assert pra(at, "--apply") == PARTLY
        assert "lpar:lpar01" in capsys.readouterr().err
        assert at.writes() == {}
        assert {run.state for run in ledger.runs() if run.id != "other"} == {RunState.ABORTED}
        ledger.turn(lease, RunState.ABORTED, "it was an exercise")
        ledger.release(lease)
    assert pra(at, "--apply") == OK


def test_what_cannot_be_read_is_said_and_the_rest_is_aligned(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(2))
    at.lose(at.home, "lpar00")
    at.world.faults.add("fa-lyo", FaultKind.UNREACHABLE)
    assert pra(at, "--apply") == PARTLY
    assert "Not read: fa-lyo could not be read: unreachable" in capsys.readouterr().err
    assert at.writes() == {"fa-par PATCH /hosts": 1}


def test_an_answer_that_was_lost_is_looked_for_and_nothing_is_sent_twice(build: BuildPra) -> None:
    at = build(named(1, Staged.DEFINED))
    at.world.faults.add("fa-lyo", FaultKind.DROP_AFTER, "POST /hosts", count=1)
    assert pra(at, "--apply") == OK
    assert at.writes()["fa-lyo POST /hosts"] == 1
    assert at.is_right("lpar00")
