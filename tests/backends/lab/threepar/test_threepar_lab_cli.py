"""The CLI door, asked over exec channels, interactive shells and by the vendor's own SSH class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from hpe3parclient.ssh import HPE3PARSSHClient

from backends.lab.faults import FaultKind
from tests.backends.lab.running_lab import prompt_socket
from tests.backends.threepar.rcopy_pair import OSLO_ID, PASSWORD, USER, Pair, rcopy_pair

CSV = "setclienv csvtable 1 ; setclienv nohdtot 1 ; {} ; exit"
PEER = f"erp_prd.r{OSLO_ID}"


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def pair(identities: Path) -> Iterator[Pair]:
    with rcopy_pair(identities) as pair:
        yield pair


def connected(pair: Pair, name: str) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    sock = prompt_socket(pair.world.devices[name].ports["ssh"])
    client.connect("127.0.0.1", 0, USER, PASSWORD, look_for_keys=False, allow_agent=False, timeout=5, sock=sock)
    return client


def run(pair: Pair, name: str, command: str) -> str:
    with connected(pair, name) as client:
        _, out, _ = client.exec_command(command, timeout=20)
        text = out.read().decode()
        assert out.channel.recv_exit_status() == 0
        return text


def roles(pair: Pair, group: str = "erp") -> list[tuple[str, str]]:
    with pair.world.turn():
        return [(s.role.value, s.status.value) for s in pair.groups[group].sides]


def test_groups_in_csv_without_headers_have_the_documented_form(pair: Pair) -> None:
    lines = run(pair, "oslo", CSV.format("showrcopy groups erp_prd")).splitlines()
    assert lines == [
        "erp_prd,bergen,Started,Primary,Sync,auto_recover",
        " ,erp_data01,1,erp_data01,1,Synced,NA",
        " ,erp_data02,2,erp_data02,2,Synced,NA",
    ]


def test_groups_as_a_table_have_the_documented_form(pair: Pair) -> None:
    lines = run(pair, "bergen", f"showrcopy groups {PEER}").splitlines()
    assert lines == [
        "",
        "Remote Copy System Information",
        "Status: Started, Normal",
        "",
        "Group Information",
        "",
        "Name           Target Status   Role       Mode     Options     ",
        "erp_prd.r52417 oslo   Started  Secondary  Sync     auto_recover",
        "  LocalVV      ID   RemoteVV     ID   SyncStatus    LastSyncTime",
        "  erp_data01      1 erp_data01      1 Synced        NA          ",
        "  erp_data02      2 erp_data02      2 Synced        NA          ",
        "",
    ]


def test_a_periodic_group_tells_its_last_sync_and_period_in_one_quoted_field(pair: Pair) -> None:
    pair.pass_time(400)
    first = run(pair, "oslo", CSV.format("showrcopy groups bill_prd")).splitlines()[0]
    assert first.startswith('bill_prd,bergen,Started,Primary,Periodic,"Last-Sync 2025-10-')
    assert first.endswith(' CEST, Period 5m,auto_recover"')


def test_an_array_whose_clock_is_wrong_tells_its_last_sync_by_that_clock(pair: Pair) -> None:
    pair.world.clock.set_speed(0)
    right = run(pair, "oslo", CSV.format("showrcopy groups bill_prd"))
    pair.world.faults.add("oslo", FaultKind.CLOCK_SKEWED, seconds=3600.0)
    wrong = run(pair, "oslo", CSV.format("showrcopy groups bill_prd"))
    assert "10:5" in right
    assert wrong == right.replace("10:5", "11:5")


def test_the_overview_has_all_sections(pair: Pair) -> None:
    text = run(pair, "oslo", "showrcopy")
    for title in ("Target Information", "Link Information", "Group Information"):
        assert title in text
    assert "bergen  1 IP   ready  -       mirror_config" in text


def test_links_and_targets_say_when_the_other_array_is_out_of_reach(pair: Pair) -> None:
    with pair.world.turn() as now:
        pair.connection.set_wires(False, now, only=0)
    assert run(pair, "oslo", CSV.format("showrcopy links")).splitlines()[:2] == [
        "bergen,0:3:1,198.51.100.10,Down,",
        "bergen,1:3:1,198.51.100.11,Up,",
    ]
    with pair.world.turn() as now:
        pair.connection.set_wires(False, now)
    assert "bergen,1,IP,failed,-,mirror_config" in run(pair, "oslo", CSV.format("showrcopy targets"))
    assert "Stopped,Primary" in run(pair, "oslo", CSV.format("showrcopy groups erp_prd"))


def test_detailed_groups_carry_ids_and_pools(pair: Pair) -> None:
    text = run(pair, "bergen", "setclienv csvtable 1 ; showrcopy -d groups ; exit")
    assert f"{PEER},1,oslo,Started,Secondary,Sync,SSD_r6,SSD_r6,auto_recover" in text


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("showrcopy groups nosuch", "Error: group matching nosuch does not exist on the system"),
        ("stoprcopygroup -f nosuch", "Error: group matching nosuch does not exist on the system"),
        ("nonsense -x", 'invalid command name "nonsense"'),
        ("showrcopy -x", "Error: invalid option -x"),
        ("setrcopygroup dance -f erp_prd", "Error: invalid subcommand dance"),
        ("setrcopygroup failover -f -sideways erp_prd", "Error: invalid option -sideways"),
        ("setrcopygroup failover -f erp_prd", "Error: remote copy group erp_prd is not stopped"),
        ("setrcopygroup period 5x bergen bill_prd", "Error: invalid period 5x"),
        (
            "setrcopygroup period 299s bergen bill_prd",
            "Error: invalid input: number exceeds expected range: syncPeriod",
        ),
        ("createvlun erp_data01 x erp-srv", "Error: x is not an integer"),
        ("createvlun erp_data01", "Error: incorrect number of arguments, usage: createvlun <vv> <lun> <host>"),
        ('showvv "', "Error: unmatched quote"),
        ("stoprcopygroup -t other -f erp_prd", "Error: target is not a target of remote copy group erp_prd"),
    ],
)
def test_an_error_is_a_text_on_stdout_with_exit_status_0(pair: Pair, command: str, answer: str) -> None:
    assert run(pair, "oslo", command).splitlines() == [answer]


def test_a_whole_failover_and_way_back_over_the_cli(identities: Path) -> None:
    with rcopy_pair(identities, speed=20.0) as pair:
        assert run(pair, "oslo", "stoprcopygroup -f -t bergen erp_prd") == ""
        assert run(pair, "bergen", f"setrcopygroup failover -f -t oslo -waittask {PEER}") == ""
        assert roles(pair) == [("Primary", "Stopped"), ("Primary-Rev", "Stopped")]
        assert run(pair, "bergen", f"setrcopygroup recover -f -waittask {PEER}") == ""
        assert roles(pair) == [("Secondary-Rev", "Started"), ("Primary-Rev", "Started")]
        assert run(pair, "bergen", f"setrcopygroup restore -f -waittask {PEER}") == ""
        assert roles(pair) == [("Primary", "Started"), ("Secondary", "Started")]
        tasks = run(pair, "bergen", CSV.format("showtask -done"))
        assert all(f"remote_copy_{verb},{PEER},done" in tasks for verb in ("failover", "recover", "restore"))


def test_the_role_drill_s_way_back_discards_what_was_written(identities: Path) -> None:
    with rcopy_pair(identities, speed=20.0) as pair:
        run(pair, "oslo", "stoprcopygroup -f erp_prd")
        run(pair, "bergen", f"setrcopygroup failover -f -waittask {PEER}")
        run(pair, "bergen", f"setrcopygroup reverse -f -waittask -stopgroups -local -current {PEER}")
        assert roles(pair) == [("Primary", "Stopped"), ("Secondary", "Stopped")]
        assert run(pair, "oslo", "startrcopygroup -wait erp_prd") == ""
        assert roles(pair) == [("Primary", "Started"), ("Secondary", "Started")]


def test_synchronizing_a_periodic_group_says_so_and_waits_when_told(identities: Path) -> None:
    with rcopy_pair(identities, speed=20.0) as pair:
        run(pair, "oslo", CSV.format("showrcopy"))
        before = pair.groups["bill"].members[0].copies[0].last_sync
        text = run(pair, "oslo", "syncrcopy -w bill_prd")
        assert text == "Synchronization request issued for group bill_prd\n"
        after = pair.groups["bill"].members[0].copies[0].last_sync
        assert after is not None and (before is None or after > before)


def test_a_volume_is_made_replicated_exported_and_taken_apart_over_the_cli(pair: Pair) -> None:
    for command in (
        "createvv -tpvv SSD_r6 crm_vol 10g",
        "creatercopygroup -usr_cpg SSD_r6 bergen:SSD_r6 crm_prd bergen:periodic",
        "setrcopygroup period 15m bergen crm_prd",
        "setrcopygroup pol over_per_alert crm_prd",
        "admitrcopyvv -createvv crm_vol crm_prd bergen:crm_vol",
        "startrcopygroup crm_prd",
        "createvlun crm_vol 5 erp-srv",
    ):
        assert run(pair, "oslo", command) == "", command
    pair.pass_time(10)
    assert ", Period 15m" not in run(pair, "oslo", CSV.format("showrcopy groups erp_prd"))
    assert "Period 15m" in run(pair, "oslo", CSV.format("showrcopy groups crm_prd"))
    assert "5,crm_vol,erp-srv" in run(pair, "oslo", CSV.format("showvlun -v crm_vol"))
    assert "Error" in run(pair, "oslo", "removevv -f crm_vol")
    for command in (
        "removevlun -f crm_vol 5 erp-srv",
        "stoprcopygroup -f crm_prd",
        "dismissrcopyvv -f -removevv crm_vol crm_prd",
        "removercopygroup -f crm_prd",
        "removevv -f crm_vol",
    ):
        assert run(pair, "oslo", command) == "", command
    assert "crm_vol" not in run(pair, "bergen", "showvv")


def test_a_dangerous_command_without_its_flag_asks_and_does_nothing_when_nobody_answers(pair: Pair) -> None:
    text = run(pair, "oslo", "stoprcopygroup erp_prd")
    assert "select q=quit y=yes n=no" in text
    assert roles(pair)[0] == ("Primary", "Started")


@pytest.mark.parametrize(
    "command",
    [
        "showsys",
        "showsys -d",
        "showversion",
        "showversion -s",
        "showversion -b",
        "showvv",
        "showvv -showcols Name,CreationTime,Prov",
        "showvlun",
        "showvlun -a -host erp-srv",
        "showvlun -t",
        "showhost",
        "showhostset -host erp-srv",
        "showcpg",
        "showport",
        "showport -iscsi",
        "shownode",
        "showtask",
        "showtask -d 1001",
        "showdate",
        "showwsapi",
        "showpatch -hist",
        "showrcopytransport -rcip",
        "showrcopy -d",
        "help",
    ],
)
def test_every_show_command_answers_in_both_forms(pair: Pair, command: str) -> None:
    assert "Error" not in run(pair, "oslo", command)
    assert "Error" not in run(pair, "oslo", CSV.format(command))


def test_the_system_and_its_clock_in_csv(pair: Pair) -> None:
    assert run(pair, "oslo", CSV.format("showsys")).startswith("52417,oslo,HP_3PAR 8440,CZ52417,2,0,94371840,")
    assert run(pair, "oslo", CSV.format("showdate")).startswith("0,2025-10-09 10:53:30 CEST (Europe/Oslo)")


def test_a_person_types_into_a_shell(pair: Pair) -> None:
    with connected(pair, "oslo") as client:
        channel = client.invoke_shell()
        channel.settimeout(10)
        seen = b""
        while b"cli% " not in seen:
            seen += channel.recv(4096)
        channel.send(b"showversion -s\r")
        while b"3.3.1.648" not in seen:
            seen += channel.recv(4096)
        channel.send(b"removevv nosuch\r")
        while b"n=no: " not in seen:
            seen += channel.recv(4096)
        channel.send(b"y\r")
        while b"does not exist" not in seen:
            seen += channel.recv(4096)
        channel.send(b"exit\r")
        while data := channel.recv(4096):
            seen += data
        assert channel.recv_exit_status() == 0
    assert seen.startswith(b"oslo cli% showversion -s\r\n3.3.1.648\r\noslo cli% removevv nosuch\r\n")


def test_commands_piped_into_a_shell_without_a_terminal_answer_without_echo(pair: Pair) -> None:
    with connected(pair, "oslo") as client:
        channel = client.get_transport().open_session()  # type: ignore[union-attr]
        channel.settimeout(10)
        channel.invoke_shell()
        channel.sendall(CSV.format("showversion -s").encode())
        channel.shutdown_write()
        seen = b""
        while data := channel.recv(4096):
            seen += data
    assert seen == b"oslo cli% 3.3.1.648\n"


def library_ssh(pair: Pair) -> HPE3PARSSHClient:
    port = pair.oslo.device.ports["ssh"]
    client = HPE3PARSSHClient("127.0.0.1", USER, PASSWORD, port=port, conn_timeout=5)
    client.open()
    return client


@pytest.mark.parametrize("stripper", [False, True])
def test_the_vendor_s_ssh_class_reads_an_answer_by_counting_lines(pair: Pair, stripper: bool) -> None:
    client = library_ssh(pair)
    out = client.run(["showversion", "-s"], multi_line_stripper=stripper)
    client.close()
    assert out == ["3.3.1.648"]


def test_the_vendor_s_client_uses_the_cli_for_what_the_wsapi_lacks(pair: Pair) -> None:
    with pair.library("oslo", cli=True) as client:
        assert client.rcopyServiceExists() is True
        assert client.rcopyLinkExists("bergen", "0:3:1", "198.51.100.10") is True
        assert client.rcopyLinkExists("bergen", "0:3:9", "198.51.100.10") is False
        assert client.startrCopy() == []
        assert client.findHost(wwn="10000000C9000000") == "erp-srv"
        port = client.getPortNumber("127.0.0.1", USER, PASSWORD, port=pair.oslo.device.ports["ssh"])
        assert int(port) == pair.oslo.device.ports["https"]


def test_a_command_that_the_array_refused_is_not_counted_as_done(pair: Pair) -> None:
    for _ in range(2):
        run(pair, "oslo", "stoprcopygroup -f erp_prd")  # the second time it is stopped
    counters = pair.oslo.device.counters
    assert (counters.requests["stoprcopygroup"], counters.done["stoprcopygroup"]) == (2, 1)


def test_a_connection_cut_after_the_work_leaves_the_work_done(pair: Pair) -> None:
    pair.world.faults.add("oslo", FaultKind.DROP_AFTER, "stoprcopygroup", count=1)
    with connected(pair, "oslo") as client, pytest.raises((EOFError, OSError, paramiko.SSHException, AssertionError)):
        _, out, _ = client.exec_command("stoprcopygroup -f erp_prd", timeout=5)
        assert out.channel.recv_exit_status() == 0
    assert roles(pair)[0] == ("Primary", "Stopped")
