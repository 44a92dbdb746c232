"""``drdeck import hpe-conf``: what it prints is a configuration, and what it writes takes the place of nothing."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from app import secrets
from app.cli import main
from app.secrets import Reference, Source
from app.settings import load
from app.settings_records import CliSettings, DeviceSettings
from store.estate import DeviceKind, Site, SiteRole

CONF = """\
[DEFAULT]
logging = WARNING
hpe3par_api_url = https://3par-paris.example.com:8080/api/v1
hpe3par_username = edit3
hpe3par_password = Zq-wsapi-here
san_ip = 3par-paris.example.com
san_login = edit3
san_password = Zq-wsapi-here
ssh_conn_timeout = 20
replication_device = backend_id:INSERV-LYON,
                     replication_mode:asynchronous,
                     cpg_map:SSD_r6:SSD_far FC_r5:FC_far,
                     snap_cpg_map:SSD_r6:SNAP_far,
                     hpe3par_api_url:https://192.0.2.7/api/v1,
                     hpe3par_username:edit4,
                     hpe3par_password:Zq-wsapi-there,
                     san_ip:192.0.2.8,
                     san_ssh_port:2022,
                     san_login:edit5,
                     san_password:Zq-ssh-there

[metro]
hpe3par_api_url = https://[2001:db8::7]:8080/api/v1
hpe3par_username = edit6
hpe3par_password = Zq-metro
san_login = edit6
san_private_key = /keys/id_metro
replication_device = backend_id:INSERV-LYON, replication_mode:synchronous, cpg_map:A:B,
    quorum_witness_ip:192.0.2.99, hpe3par_api_url:https://192.0.2.7/api/v1, hpe3par_username:edit4
"""

EXISTING = """\
# mine
[[sites]]
name = "paris"
role = "prod"

[[devices]]
name = "vc"
kind = "vsphere"
site = "paris"
host = "vc.example"   # kept
user = "me"
password = "env:VC"
"""


def variable(name: str) -> Reference:
    return Reference(Source.ENV, name)


PARIS = DeviceSettings(
    name="3par-paris",
    kind=DeviceKind.THREEPAR,
    site="paris",
    host="3par-paris.example.com",
    port=8080,
    user="edit3",
    password=variable("DRDECK_3PAR_PARIS_PASSWORD"),
    connect_timeout_s=20.0,
    sessions=16,
    cli=CliSettings("3par-paris.example.com", 22, "edit3", variable("DRDECK_3PAR_PARIS_PASSWORD")),
)
LYON = DeviceSettings(
    name="INSERV-LYON",
    kind=DeviceKind.THREEPAR,
    site="lyon",
    host="192.0.2.7",
    port=443,
    user="edit4",
    password=variable("DRDECK_INSERV_LYON_PASSWORD"),
    connect_timeout_s=20.0,
    sessions=16,
    cli=CliSettings("192.0.2.8", 2022, "edit5", variable("DRDECK_INSERV_LYON_CLI_PASSWORD")),
)
METRO = DeviceSettings(
    name="metro",
    kind=DeviceKind.THREEPAR,
    site="paris",
    host="2001:db8::7",
    port=8080,
    user="edit6",
    password=variable("DRDECK_METRO_PASSWORD"),
    sessions=16,
    cli=CliSettings("2001:db8::7", 22, "edit6", None, Path("/keys/id_metro")),
)
SITES = (Site("paris", SiteRole.PROD), Site("lyon", SiteRole.DR))

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Import a text; returns exit code, standard output and standard error, these without the folder."""

    def command(text: str, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "hpe.conf"
        file.write_text(text)
        code = main(["import", "hpe-conf", str(file), "--site", "paris", "--remote-site", "lyon", *options])
        said = capsys.readouterr()
        assert "Zq" not in said.out + said.err
        return code, said.out, said.err.replace(f"{tmp_path}/", "")

    return command


# --------------------------------------------------------------------------------------------------- what is printed


def test_what_is_printed_is_loaded_and_gives_each_array_once(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(CONF)
    config = tmp_path / "config.toml"
    config.write_text(out)
    settings = load(config)
    assert code == 0
    assert settings.sites == SITES
    assert settings.devices == (PARIS, LYON, METRO)


def test_the_references_printed_are_found_in_the_variables_that_are_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, err = run(CONF)
    named = re.findall(r"^#   (DRDECK_\w+)    (.*)$", out, re.MULTILINE)
    assert named == [
        ("DRDECK_3PAR_PARIS_PASSWORD", "password of edit3 on 3par-paris"),
        ("DRDECK_INSERV_LYON_PASSWORD", "password of edit4 on INSERV-LYON"),
        ("DRDECK_INSERV_LYON_CLI_PASSWORD", "password of edit5 on INSERV-LYON, command line"),
        ("DRDECK_METRO_PASSWORD", "password of edit6 on metro"),
    ]
    for name, _ in named:
        monkeypatch.setenv(name, "x")
        assert name in err
        assert secrets.resolve(Reference(Source.ENV, name)).reveal() == "x"


def test_what_the_settings_have_no_place_for_is_printed_as_options_in_comments(run: Run) -> None:
    _, out, _ = run(CONF)
    first, second = out.split("# Replication of ")[1:]
    assert first.splitlines() == [
        "[DEFAULT]: 3par-paris to INSERV-LYON, there the Remote Copy target",
        "# INSERV-LYON. Creating replicated volumes takes these options:",
        "#   --mode periodic --period 900",
        "#   --cpg SSD_r6:SSD_far",
        "#   --cpg FC_r5:FC_far",
        "#   --snap-cpg SSD_r6:SNAP_far",
        "",
    ]
    assert second.splitlines() == [
        "[metro]: metro to INSERV-LYON, there the Remote Copy target",
        "# INSERV-LYON. Creating replicated volumes takes these options:",
        "#   --mode synchronous",
        "#   --cpg A:B",
        "# The file has no snap_cpg_map: snapshots go where --cpg says.",
        "# Peer Persistence, with the quorum witness 192.0.2.99.",
    ]


def test_all_05_what_was_left_out_or_assumed_is_a_line_each_on_standard_error(run: Run) -> None:
    _, _, err = run(CONF)
    lines = err.splitlines()
    assert "hpe.conf:2: [DEFAULT] logging: not imported: drdeck writes no log of that kind" in lines
    assert "hpe.conf:3: [DEFAULT]: assumed: this is device 3par-paris at site paris" in lines
    password = "hpe.conf:5: [DEFAULT] hpe3par_password: not imported: a secret; set DRDECK_3PAR_PARIS_PASSWORD to it"
    assert password in lines
    assert "hpe.conf:23: [metro] san_ip: assumed, for it is not there: 2001:db8::7" in lines
    assert [int(line.split(":")[1]) for line in lines] == sorted(int(line.split(":")[1]) for line in lines)
    assert len(lines) == len(set(lines))


def test_a_later_section_that_describes_the_same_array_otherwise_is_told_and_changes_nothing(run: Run) -> None:
    second = CONF.partition("\n\n")[0].replace("[DEFAULT]", "[silver]")
    second = (
        second.replace("edit3", "edit9").replace("= Zq-wsapi-here", "= Zq-other").replace("timeout = 20", "timeout = 9")
    )
    _, first_out, _ = run(CONF.partition("\n\n")[0] + "\n")
    _, out, err = run(CONF.partition("\n\n")[0] + f"\n\n{second}\n")
    assert out.startswith(first_out)
    for key in ("hpe3par_username", "san_login", "ssh_conn_timeout"):
        assert f"[silver] {key}: not imported: device 3par-paris is as the section of line 3 has it" in err
    assert (
        "[silver] hpe3par_password: not imported: a secret; "
        "DRDECK_3PAR_PARIS_PASSWORD takes the one that belongs to line 3"
    ) in err


def test_names_stay_apart_and_so_do_their_variables(run: Run, tmp_path: Path) -> None:
    def named(name: str, host: str) -> str:
        keys = f"hpe3par_api_url = https://{host}\nhpe3par_username = u\nsan_login = v\n"
        return f"[{name}]\n{keys}"

    text = named("a b", "192.0.2.1") + named("a-b", "192.0.2.2") + named("a.b", "192.0.2.3") + named("é", "192.0.2.4")
    text += named("a-b-cli", "192.0.2.5") + named("DEFAULT", "192.0.2.6")
    code, out, _ = run(text)
    assert code == 0
    config = tmp_path / "config.toml"
    config.write_text(out)
    devices = load(config).devices
    assert [d.name for d in devices] == ["a-b", "a-b-2", "a.b", "3par-192.0.2.4", "a-b-cli", "3par-192.0.2.6"]
    assert len({reference.target for device in devices for reference in device.references}) == 12


def test_arrays_that_replicate_to_each_other_are_at_two_sites(run: Run, tmp_path: Path) -> None:
    def pair(name: str, here: str, there: str) -> str:
        login = "hpe3par_username = u\nsan_login = u\n"
        device = f"backend_id:t{there[-1]},replication_mode:streaming,cpg_map:A:B,hpe3par_api_url:https://{there}"
        return f"[{name}]\nhpe3par_api_url = https://{here}\n{login}replication_device = {device}\n"

    one, two, three = "192.0.2.1", "192.0.2.2", "192.0.2.3"
    code, out, err = run(pair("x", one, two) + pair("y", two, one) + pair("z", three, one))
    config = tmp_path / "config.toml"
    config.write_text(out)
    assert code == 0
    assert [(d.host, d.site) for d in load(config).devices] == [(one, "paris"), (two, "lyon"), (three, "paris")]
    assert "[z]: assumed: z and t1 are both at site paris" in err


# ------------------------------------------------------------------------------------------------------ bad input


def test_rcg_08_a_wrong_period_ends_with_code_2_and_nothing_on_standard_output(run: Run) -> None:
    code, out, err = run(CONF.replace("asynchronous,", "asynchronous, sync_period:299,"))
    assert (code, out) == (2, "")
    said = "hpe.conf:11: [DEFAULT] replication_device.sync_period: expected from 300 to 31622400 seconds"
    assert err == f'{said}, found "299"\n'


def test_rcg_09_a_file_with_a_stray_line_ends_with_code_2_and_names_it(run: Run, tmp_path: Path) -> None:
    text = CONF.replace("replication_device", "replication_device=backend_id:INSERV-PARIS,\nreplication_device", 1)
    code, out, err = run(text, "--write", str(tmp_path / "config.toml"))
    assert (code, out) == (2, "")
    assert err.startswith("hpe.conf:10: [DEFAULT] replication_device: expected one value")
    assert not (tmp_path / "config.toml").exists()


def test_all_03_a_file_that_is_not_there_or_not_text_is_told_in_the_first_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "hpe-conf", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/none: expected a readable hpe.conf: No such file or directory\n"
    assert main(["import", "hpe-conf", str(tmp_path)]) == 2
    assert "expected a readable hpe.conf: Is a directory" in capsys.readouterr().err
    (tmp_path / "latin").write_bytes(b"[DEFAULT]\nsan_password = Zq\xe9\n")
    assert main(["import", "hpe-conf", str(tmp_path / "latin")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/latin:2: expected UTF-8 text\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import"], "drdeck import: the following arguments are required: KIND"),
        (["import", "hpe-conf"], "drdeck import hpe-conf: the following arguments are required: FILE"),
        (
            ["import", "hpe-conf", "x", "--site", "a b"],
            "drdeck import hpe-conf: argument --site: expected a site's name",
        ),
        (["import", "hpe-conf", "x", "--site", "dr"], "Name two sites: --site and --remote-site are both dr"),
    ],
)
def test_all_03_a_wrong_command_line_is_told_in_the_first_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(said)


# -------------------------------------------------------------------------------------------------------- writing


def test_a_configuration_is_made_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "new" / "config.toml"
    code, out, err = run(CONF, "--write", str(config))
    assert code == 0
    assert out.startswith(f"Made {config}: 3par-paris and INSERV-LYON and metro. Set these variables:\n")
    assert "  DRDECK_METRO_PASSWORD    password of edit6 on metro\n" in out
    assert "logging: not imported" in err
    assert (load(config).sites, load(config).devices) == (SITES, (PARIS, LYON, METRO))
    assert "#   --cpg SSD_r6:SSD_far\n" in config.read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert list(config.parent.iterdir()) == [config]


@pytest.mark.parametrize("end", ["\n", "", "\r\n"])
def test_what_is_in_a_configuration_stays_as_it_is_and_a_site_of_that_name_is_used(
    run: Run, tmp_path: Path, end: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes((EXISTING.rstrip("\n") + end).encode())
    before = load(config)
    code, out, _ = run(CONF, "--write", str(config))
    assert (code, out.splitlines()[0][:8]) == (0, "Added to")
    assert config.read_bytes().startswith((EXISTING.rstrip("\n") + end).encode())
    assert config.read_text().count("The configuration of drdeck") == 0
    after = load(config)
    assert after.sites == (*before.sites, SITES[1])
    assert after.devices == (*before.devices, PARIS, LYON, METRO)
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_a_device_whose_name_or_address_is_there_already_is_refused(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    taken = EXISTING.replace('"vc"', '"metro"').replace('"vc.example"', '"192.0.2.7"')
    config.write_text(taken)
    code, out, err = run(CONF, "--write", str(config))
    assert (code, out) == (1, "")
    said = "config.toml has already a device metro, 192.0.2.7:443 as device metro. Nothing was written"
    assert err.startswith(said)
    assert config.read_text() == taken
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "hpe.conf"]


def test_the_same_import_twice_adds_nothing_the_second_time(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    assert run(CONF, "--write", str(config))[0] == 0
    text = config.read_text()
    assert run(CONF, "--write", str(config))[0] == 1
    assert config.read_text() == text


def test_a_configuration_with_an_error_is_told_and_left_alone(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[[sites]]\n")
    code, _, err = run(CONF, "--write", str(config))
    assert code == 2
    assert err.startswith("config.toml:1: ")
    assert config.read_text() == "[[sites]]\n"


def test_tables_that_cannot_be_added_to_are_left_alone(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    inline = 'sites = [{ name = "paris", role = "prod" }]\n' + EXISTING.partition("\n\n")[2]
    config.write_text(inline)
    code, _, err = run(CONF, "--write", str(config))
    assert code == 1
    assert err.startswith("Nothing was written: drdeck could not read it back (")
    assert config.read_text() == inline


def test_a_place_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder would be")
    code, _, err = run(CONF, "--write", str(tmp_path / "file" / "config.toml"))
    assert code == 1
    assert "could not be written" in err


def test_which_lpars_come_back_where_stays_as_it_was_written(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'{EXISTING}\n[[sites]]\nname = "lyon"\nrole = "dr"\n\n[pra]\nexclude = ["nim*"]\n')
    before = load(config).pra
    assert run(CONF, "--write", str(config))[0] == 0
    assert before is not None
    assert load(config).pra == before


def test_a_configuration_behind_a_link_is_added_to_and_the_link_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "config.toml"
    real.write_text(EXISTING)
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    assert run(CONF, "--write", str(link))[0] == 0
    assert link.is_symlink()
    assert len(load(real).devices) == 4
