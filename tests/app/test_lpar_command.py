"""``drdeck lpar``: failovers of LPARs against the lab, judged by what its world and its referee say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.cli import main
from app.recovery.pg.steps import Overwrite
from app.recovery.step import Hands
from backends.lab.faults import FaultKind
from backends.lab.hmc import ports, power
from store.estate import LparState
from tests.faults.lpar_estate import LparEstate, lpar_estate


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[LparEstate]:
    with lpar_estate(tmp_path) as running:
        yield running
        assert running.world.referee.violations == []


def lpar(estate: LparEstate, *words: str, confirm: tuple[str, ...] = ()) -> int:
    files = ["--config", str(estate.config), "--store", str(estate.directory / "store.sqlite")]
    typed = [part for word in confirm for part in ("--confirm", word)]
    return main(["lpar", *words, *(["--execute"] if confirm else []), *typed, *files])


def test_a_planned_failover_stops_production_carries_the_last_write_over_and_loses_nothing(estate: LparEstate) -> None:
    assert lpar(estate, "failover", "lp00*", confirm=("failover 3 LPARs", "overwrite 6 volumes")) == 0
    for name in estate.names:
        assert estate.runs("lyon", name)
        assert not estate.runs("paris", name)
        with estate.world.turn():
            macs = [nic.mac for nic in estate.lpar("lyon", name).writer.nics]
            assert macs == [nic.mac for nic in estate.lpar("paris", name).writer.nics]
    assert {loss.generations for loss in estate.world.referee.losses if not loss.drill} <= {0}
    assert not estate.array("paris").groups["pg00"].replication.enabled
    kept = [name for name in estate.array("lyon").snapshots if ".drdeck-" in name and ":" not in name]
    assert len(kept) == 6


def test_all_02_without_execute_nothing_leaves_the_machine(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    before = estate.writes()
    assert lpar(estate, "failover", "lp000") == 0
    assert lpar(estate, "failover", "lp000", "--disaster") == 0
    assert lpar(estate, "drill", "lp000") == 0
    assert lpar(estate, "check") == 0
    assert estate.writes() == before
    assert "chsysstate -r lpar -m P10-lyon-0 -o on -n lp000" in capsys.readouterr().out


def test_a_running_lpar_that_lost_a_path_to_its_fabric_is_told(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    with estate.world.turn():
        system = estate.lpar("paris", "lp000").system
        vios = next(each for each in system.lpars if each.is_vios)
        for mapping in vios.maps.values():
            mapping.port = None
    assert lpar(estate, "check", "lp000", "--json") in (0, 1)
    (found,) = json.loads(capsys.readouterr().out)["lpars"]
    (told,) = [check for check in found["checks"] if check["id"] == "pwr.zoned"]
    assert (told["verdict"], told["severity"]) == ("fails", "warn")
    assert "is NOT_LOGGED_IN" in told["evidence"]


def test_one_lpar_is_aligned_alone_and_a_second_time_there_is_nothing_to_add(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lp000", "lp001"):
        with estate.world.turn():
            profile = estate.lpar("lyon", name).profiles[0]
            profile.desired_mem = 512
            profile.min_mem = 256
    before = estate.writes()
    assert lpar(estate, "align", "lp000") == 0
    assert estate.writes() == before
    files = ["--config", str(estate.config), "--store", str(estate.directory / "store.sqlite")]
    assert main(["lpar", "align", "lp000", "--execute", *files]) == 0
    assert estate.lpar("lyon", "lp000").profiles[0].desired_mem == estate.lpar("paris", "lp000").profiles[0].desired_mem
    assert estate.lpar("lyon", "lp001").profiles[0].desired_mem == 512
    capsys.readouterr()
    assert lpar(estate, "align", "lp000") == 1
    assert "There is nothing to add at lyon" in capsys.readouterr().err
    assert lpar(estate, "align", "nobody") == 1


def test_a_dark_site_is_failed_over_within_the_loss_that_was_accepted(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    estate.set_dark(True)
    assert lpar(estate, "failover", "lp00*", "--disaster", "--json") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["confirm"][0] == "failover 3 LPARs"
    assert plan["confirm"][1].startswith("lose ")
    assert plan["confirm"][2:] == ["site paris is dark", "second person: NAME", "overwrite 6 volumes"]
    words = tuple(word.replace("NAME", "Ada") for word in plan["confirm"])
    assert lpar(estate, "failover", "lp00*", "--disaster", confirm=words) == 0
    assert all(estate.runs("lyon", name) for name in estate.names)
    losses = [loss.seconds for loss in estate.world.referee.losses if not loss.drill and "lyon" in loss.writer]
    assert losses and max(losses) <= plan["loss_s"]


def test_a_site_that_shows_a_sign_of_life_is_not_dark(estate: LparEstate, capsys: pytest.CaptureFixture[str]) -> None:
    fault = estate.world.faults.add("hmc-paris", FaultKind.UNREACHABLE)
    estate.world.faults.add("fa-paris", FaultKind.REFUSES_LOGIN)
    before = estate.writes()
    assert lpar(estate, "failover", "lp000", "--disaster") == 1
    assert "2 witnesses say that paris is dark" in capsys.readouterr().err
    assert estate.writes() == before
    estate.world.faults.remove(fault.id)


def test_with_only_the_array_answering_its_volumes_are_taken_away_first(estate: LparEstate) -> None:
    estate.world.faults.add("hmc-paris", FaultKind.UNREACHABLE)
    with estate.world.turn():
        estate.world.power_off(estate.lpar("paris", "lp000").writer)  # whether it runs, nobody can say
    words = ("failover lp000", "overwrite 2 volumes", "lose 60 min")
    assert lpar(estate, "failover", "lp000", "--disaster", confirm=words) == 0
    assert estate.runs("lyon", "lp000")
    array = estate.array("paris")
    assert array.attachments_of(array.disk("lp000_rootvg")) == []


def test_an_lpar_that_somebody_started_at_home_again_is_not_activated_twice(
    estate: LparEstate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Overwrite.act
    done: list[bool] = []

    def act(self: Overwrite, hands: Hands) -> str:
        answer = real(self, hands)
        if not done:
            done.append(True)
            home = estate.lpar("paris", "lp000")
            with estate.world.turn():
                power.activate(home, home.default_profile, None)
            estate.until(lambda: home.state is LparState.RUNNING)
        return answer

    monkeypatch.setattr(Overwrite, "act", act)
    assert lpar(estate, "failover", "lp000", confirm=("failover lp000", "overwrite 2 volumes")) == 3
    assert "lp000 on P10-paris-0 is Running: stop it first" in capsys.readouterr().out
    assert not estate.runs("lyon", "lp000")


def test_a_mac_that_is_live_in_another_lpar_refuses_the_plan(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    with estate.world.turn():
        mac = estate.lpar("paris", "lp001").writer.nics[0].mac
        profile = estate.lpar("lyon", "lp000").profiles[0]
        profile.eth = [replace(profile.eth[0], mac=mac)]
    assert lpar(estate, "failover", "lp000") == 1
    assert f"{mac} is live in lp001 on P10-paris-1" in capsys.readouterr().out


def test_a_mac_that_came_to_life_in_a_vnic_meanwhile_stops_the_activation(
    estate: LparEstate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mac = estate.lpar("paris", "lp000").writer.nics[0].mac
    other = estate.lpar("paris", "lp001")
    vnic = ports.parse_vnic("slot_num=40:port_vlan_id=5:mac_addr=FA00000000AA:backing_devices=sriov/v/1/1/0")
    with estate.world.turn():
        other.running.vnics[40] = vnic
    real = Overwrite.act

    def act(self: Overwrite, hands: Hands) -> str:
        answer = real(self, hands)
        with estate.world.turn():
            other.running.vnics[40] = replace(vnic, mac=mac)
        return answer

    monkeypatch.setattr(Overwrite, "act", act)
    assert lpar(estate, "failover", "lp000", confirm=("failover lp000", "overwrite 2 volumes")) == 3
    assert f"{mac} is live in lp001 on P10-paris-1" in capsys.readouterr().out
    assert not estate.runs("lyon", "lp000")


def test_a_group_that_protects_lpars_which_stay_goes_on_replicating(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lpar(estate, "failover", "lp000", confirm=("failover lp000", "overwrite 2 volumes")) == 0
    assert "pg00 goes on replicating" in capsys.readouterr().out
    assert estate.array("paris").groups["pg00"].replication.enabled
    assert estate.runs("paris", "lp001")


def test_there_and_back_again_nothing_is_lost(estate: LparEstate) -> None:
    both = ("overwrite 2 volumes",)
    assert lpar(estate, "failover", "lp000", confirm=("failover lp000", *both)) == 0
    assert lpar(estate, "failback", "lp000", confirm=("failback lp000", *both)) == 1  # nothing was replicated home
    files = ["--config", str(estate.config), "--store", str(estate.directory / "store.sqlite")]
    assert main(["lpar", "reprotect", "lp000", "--execute", *files]) == 0
    assert lpar(estate, "failback", "lp000", confirm=("failback lp000", *both)) == 0
    assert estate.runs("paris", "lp000")
    assert not estate.runs("lyon", "lp000")
    assert {loss.generations for loss in estate.world.referee.losses} <= {0}


def test_a_drill_runs_beside_production_and_leaves_nothing_behind(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    volumes = set(estate.array("lyon").disks)
    assert lpar(estate, "drill", "lp00*", confirm=("drill 3 LPARs",)) == 0
    run = capsys.readouterr().out.rsplit("Run ", 1)[1].split(":")[0]
    assert all(estate.runs("lyon", name) and estate.runs("paris", name) for name in estate.names)
    assert all(loss.drill for loss in estate.world.referee.losses if "lyon" in loss.writer)
    assert lpar(estate, "failover", "lp000") == 1  # the clean-up is owed
    assert lpar(estate, "cleanup", run, confirm=(f"discard DR writes of {run}",)) == 0
    living = {name for name, disk in estate.array("lyon").disks.items() if not disk.destroyed}
    assert living == volumes
    assert lpar(estate, "failover", "lp000") == 0
    assert lpar(estate, "failover", "lp000", confirm=("failover lp000", "overwrite 2 volumes")) == 0
    # Cleaned up once more, what runs for real is left alone.
    assert lpar(estate, "cleanup", run, confirm=(f"discard DR writes of {run}",)) == 0
    assert estate.runs("lyon", "lp000")


def test_without_an_isolated_network_there_is_no_drill(estate: LparEstate, capsys: pytest.CaptureFixture[str]) -> None:
    text = estate.config.read_text()
    estate.config.write_text(text.replace("drill_vlan = 999", "drill_vlan = 110"))
    assert lpar(estate, "drill", "lp000") == 1
    assert "bridges VLAN 110 of ETHERNET0" in capsys.readouterr().err
    estate.config.write_text(text.replace("drill_vlan = 999\n", ""))
    assert lpar(estate, "drill", "lp000") == 1
    assert "names no drill_vswitch and drill_vlan" in capsys.readouterr().err


def test_what_drifted_makes_an_lpar_not_ready_and_says_what_to_do(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lpar(estate, "check", "lp000") == 0
    host = estate.array("lyon").host("lp000")
    with estate.world.turn():
        estate.array("lyon").set_wwns(host, host.wwns[:-1])
    assert lpar(estate, "check", "lp000") == 1
    out = capsys.readouterr().out
    assert "lp000: NOT READY, because" in out
    assert "[pwr.wwpn-both]" in out
    assert "drdeck pra --apply adds it" in out
    estate.world.faults.add("fa-lyon", FaultKind.UNREACHABLE)
    assert lpar(estate, "check", "lp001") == 3
    assert "lp001: not known" in capsys.readouterr().out
