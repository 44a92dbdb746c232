"""Pinned identities: what is shown, what is pinned, and that a changed one is refused with both fingerprints."""

from __future__ import annotations

import json
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app import known_devices, trust
from app.cli import main
from app.known_devices import Identity, KnownDevicesError, Pin, Protocol
from backends.lab.faults import FaultKind
from store import journal
from store.database import open_store
from store.ledger import Ledger
from tests.app.lab_estate import LabEstate, lab_estate
from tests.people import person

SSH = Identity(
    Protocol.SSH, host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMIuh31xoGIzV/lrRYragMBGV6K9ftlFok4Ex4h29mAD"
)
WHEN = datetime(2026, 3, 1, 2, 59, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def bare(estate: LabEstate, tmp_path: Path) -> Path:
    """A configuration of an HMC and a FlashArray that knows neither host key nor CA."""
    return estate.config_in(tmp_path, without=("host_keys", "ca_file"), devices=("hmc-paris", "fa-paris"))


@pytest.fixture
def run(bare: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """``drdeck trust`` with these arguments, without a terminal: exit code, output, errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["trust", "--config", str(bare), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def known(config: Path) -> dict[tuple[str, Protocol], Pin]:
    return known_devices.read(config.parent / "known_devices.toml")


# ------------------------------------------------------------------------------------------------------ the command


def test_only_an_admin_of_its_site_pins_the_identity_of_a_device(
    run: Callable[..., tuple[int, str, str]], bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = '[[roles]]\nrole = "{}"\nsites = ["{}"]\nusers = ["{}"]\n'
    given = roles.format("admin", "paris", "daemon") + roles.format("operator", "*", "nobody")
    bare.write_text(bare.read_text() + given)
    person("nobody", monkeypatch)
    code, out, _ = run("--yes")
    assert code == 1
    assert "not pinned: nobody has no role admin at paris, which it takes to pin the identity of a device" in out
    assert known(bare) == {}
    person("daemon", monkeypatch)
    assert run("--yes")[0] == 0
    assert len(known(bare)) == 2


def test_nothing_is_pinned_unless_somebody_accepts_it(run: Callable[..., tuple[int, str, str]], bare: Path) -> None:
    code, out, err = run()
    assert code == 1
    assert out.count("not pinned yet") == 2
    assert "no CA vouches for it" in out
    assert err.startswith("Compare the fingerprints and pin hmc-paris, fa-paris: drdeck trust")
    assert known(bare) == {}


def test_what_is_shown_is_what_the_usual_tools_show(
    run: Callable[..., tuple[int, str, str]], estate: LabEstate, tmp_path: Path
) -> None:
    _, out, _ = run()
    identity = estate.lab.identities.of("hmc-paris")
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen here to compare with")
    key = tmp_path / "key.pub"
    key.write_text(identity.ssh_public)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True).stdout
    assert listed.split()[1] in out
    digits = "".join(line.split()[-1] for line in out.splitlines() if "presents  SHA256 " in line)
    tls = estate.lab.identities.of("fa-paris").fingerprint
    assert digits.replace(":", "").lower() == tls
    assert "CN=fa-paris, issued by CN=drdeck lab CA, until" in out


def test_yes_pins_what_was_never_pinned_and_then_all_is_well(
    run: Callable[..., tuple[int, str, str]], bare: Path, estate: LabEstate
) -> None:
    code, out, err = run("--yes")
    assert (code, err) == (0, "")
    assert out.count("    pinned") == 2
    pins = known(bare)
    assert pins["hmc-paris", Protocol.SSH].identity.host_key == estate.lab.identities.of("hmc-paris").ssh_public
    assert pins["fa-paris", Protocol.HTTPS].identity.sha256 == estate.lab.identities.of("fa-paris").fingerprint
    assert stat.S_IMODE((bare.parent / "known_devices.toml").stat().st_mode) == 0o600
    code, out, _ = run()
    assert code == 0
    assert out.count("as pinned") == 2


@pytest.mark.parametrize(("device", "other"), [("hmc-paris", "fa-paris"), ("fa-paris", "hmc-paris")])
def test_pra_12_a_changed_identity_is_refused_with_both_fingerprints(
    run: Callable[..., tuple[int, str, str]], bare: Path, estate: LabEstate, device: str, other: str
) -> None:
    run("--yes")
    before = known(bare)
    (old,) = (pin.identity for (name, _), pin in before.items() if name == device)
    with estate.fault(device, FaultKind.CHANGED_KEY):
        code, out, err = run("--yes")
        assert code == 1
        assert "CHANGED" in out
        assert f"expected  {old.fingerprint}" in out
        assert "Refused" in out
        assert err.startswith(f"Do not log in to {device} before you know why")
        assert known(bare) == before
        code, out, _ = run("--replace", device, "--yes")
        assert (code, out.count("    pinned")) == (0, 1)
        (new,) = (pin.identity for (name, _), pin in known(bare).items() if name == device)
        assert new != old
        assert {key: pin for key, pin in known(bare).items() if key[0] == other} == {
            key: pin for key, pin in before.items() if key[0] == other
        }


def test_replacing_one_device_leaves_a_changed_other_refused(
    run: Callable[..., tuple[int, str, str]], bare: Path, estate: LabEstate
) -> None:
    run("--yes")
    before = known(bare)
    with estate.fault("*-paris", FaultKind.CHANGED_KEY):
        code, _, err = run("hmc-paris", "fa-paris", "--replace", "fa-paris", "--yes")
    assert code == 1
    assert err.startswith("Do not log in to hmc-paris ")
    assert known(bare)["hmc-paris", Protocol.SSH] == before["hmc-paris", Protocol.SSH]
    assert known(bare)["fa-paris", Protocol.HTTPS] != before["fa-paris", Protocol.HTTPS]


def test_a_changed_identity_is_replaced_only_if_asked_for_and_confirmed(bare: Path, estate: LabEstate) -> None:
    from app.settings import load

    config = load(bare)
    open_store(config.store).close()
    assert trust.run(config, trust.Request(yes=True), None) == 0
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    with estate.fault("hmc-paris", FaultKind.CHANGED_KEY):
        assert trust.run(config, trust.Request(), refuse) == 1
        assert asked == []
        assert trust.run(config, trust.Request(replace=["hmc-paris"]), refuse) == 1
        assert "Replace the pin?" in asked[0]
        assert trust.run(config, trust.Request(replace=["hmc-paris"]), lambda _: True) == 0
    with closing(Ledger(config.store)) as ledger:
        told = [json.loads(entry.body) for entry in ledger.journal() if entry.kind == "identity pinned"]
    of_hmc = [body for body in told if body["device"] == "hmc-paris"]
    assert [body["before"] for body in of_hmc] == [None, of_hmc[0]["after"]]
    assert all("SHA256:" in body["after"] and "@" in body["by"] for body in of_hmc)
    assert journal.verify(config.store).broken is None


def test_a_certificate_that_a_ca_vouches_for_needs_no_pin_and_gets_one_on_request(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = estate.config_in(tmp_path, devices=("fa-paris",))
    assert main(["trust", "--config", str(config), "--yes"]) == 0
    assert "vouched for by a CA" in capsys.readouterr().out
    assert known(config) == {}
    assert main(["trust", "--config", str(config), "--yes", "--all"]) == 0
    assert list(known(config)) == [("fa-paris", Protocol.HTTPS)]


def test_a_certificate_that_the_configured_ca_does_not_vouch_for_cannot_be_pinned(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = estate.config_in(tmp_path, devices=("fa-paris",))
    with estate.fault("fa-paris", FaultKind.EXPIRED_CERT):
        assert main(["trust", "--config", str(config), "--yes", "--all"]) == 1
    said = capsys.readouterr()
    assert "NOT VOUCHED FOR" in said.out
    assert "certificate has expired" in said.out
    assert "correct ca_file = " in said.out
    assert known(config) == {}


def test_a_key_that_is_not_the_configured_one_is_refused_and_no_pin_replaces_it(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = estate.config_in(tmp_path, devices=("hmc-paris",))
    assert main(["trust", "--config", str(config)]) == 0
    assert "as configured" in capsys.readouterr().out
    with estate.fault("hmc-paris", FaultKind.CHANGED_KEY):
        assert main(["trust", "--config", str(config), "--yes", "--replace", "hmc-paris"]) == 1
    assert "NOT AS CONFIGURED" in capsys.readouterr().out
    assert known(config) == {}


def test_a_device_whose_checks_are_off_is_shown_as_such(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = estate.config_in(tmp_path, without=("host_keys",), devices=("hmc-paris",))
    config.write_text(config.read_text().replace('kind = "hmc"\n', 'kind = "hmc"\nverify = false\n'))
    assert main(["trust", "--config", str(config), "--yes"]) == 0
    assert "verify = false in the configuration: anybody may answer" in capsys.readouterr().out
    assert known(config) == {}


def test_both_doors_of_a_3par_are_pinned(estate: LabEstate, tmp_path: Path) -> None:
    config = estate.config_in(tmp_path, without=("host_keys", "ca_file"), devices=("3par-paris",))
    assert main(["trust", "--config", str(config), "--yes"]) == 0
    assert set(known(config)) == {("3par-paris", Protocol.SSH), ("3par-paris", Protocol.HTTPS)}


def test_nobody_logs_in_while_identities_are_compared(
    run: Callable[..., tuple[int, str, str]], estate: LabEstate
) -> None:
    before = {name: dict(device.counters.requests) for name, device in estate.lab.world.devices.items()}
    logins = {name: device.counters.logins for name, device in estate.lab.world.devices.items()}
    run("--yes")
    assert {name: dict(device.counters.requests) for name, device in estate.lab.world.devices.items()} == before
    assert {name: device.counters.logins for name, device in estate.lab.world.devices.items()} == logins


def test_a_device_that_is_not_reached_or_speaks_something_else_is_told(
    run: Callable[..., tuple[int, str, str]], bare: Path, estate: LabEstate
) -> None:
    hmc, array = (estate.device(name).ports for name in ("hmc-paris", "fa-paris"))
    crossed = bare.read_text().replace(str(hmc["ssh"]), "PORT").replace(str(array["https"]), str(hmc["ssh"]))
    bare.write_text(crossed.replace("PORT", str(array["https"])))
    code, out, err = run("--yes")
    assert code == 1
    assert out.count("not reached") == 2
    assert err.startswith("Not reached: hmc-paris, fa-paris. Check address, port and network")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bare.write_text(bare.read_text().replace(str(array["https"]), str(free.getsockname()[1])))
        assert "Connection refused" in run("hmc-paris")[1]


def test_a_name_that_is_no_device_is_told_with_those_there_are(run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("hmc-rome")
    assert (code, err) == (2, "No device is called hmc-rome. There are: hmc-paris, fa-paris\n")
    assert run("--replace", "hmc-rome")[0] == 2


# --------------------------------------------------------------------------------------------------------- the file


def test_a_file_that_others_may_write_proves_nothing(run: Callable[..., tuple[int, str, str]], bare: Path) -> None:
    run("--yes")
    file = bare.parent / "known_devices.toml"
    file.chmod(0o620)
    code, _, err = run()
    assert code == 2
    assert err == f"{file}: others may write it, so it proves nothing: chmod 600 {file}\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ssh-ed25519 AAAA", "ssh-ed25519 BBBB"),
        ("host_key = ", "hostkey = "),
        ("2026-03-01T02:59:07Z", "2026-03-01T02:59:07"),
        (".ssh]", ".telnet]"),
        ('["hmc".ssh]', '["hmc"]'),
        ("address = ", "addr = "),
        ('["hmc".ssh]', '["hmc".ssh'),
        ("-----BEGIN", "-----BEGUN"),
        ("AAECAwQF", "AAECAwQ"),
    ],
)
def test_a_damaged_file_is_refused_and_named(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "known_devices.toml"
    tls = Identity(Protocol.HTTPS, certificate=bytes(range(6)))
    known_devices.write(
        file, {("hmc", Protocol.SSH): Pin(SSH, "hmc:22", WHEN), ("fa", Protocol.HTTPS): Pin(tls, "fa:443", WHEN)}
    )
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(KnownDevicesError, match=str(file)):
        known_devices.read(file)


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KnownDevicesError, match="name another place with known_devices"):
        known_devices.write(tmp_path / "file" / "known_devices.toml", {})
    (tmp_path / "known_devices.toml").mkdir()
    with pytest.raises(KnownDevicesError):
        known_devices.write(tmp_path / "known_devices.toml", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "known_devices.toml"]


_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
_pins = st.one_of(
    st.just((Protocol.SSH, SSH)),
    st.binary(min_size=1, max_size=200).map(
        lambda der: (Protocol.HTTPS, replace(SSH, protocol=Protocol.HTTPS, host_key="", certificate=der))
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_names, _pins, max_size=5))
def test_what_is_pinned_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, pins: dict[str, tuple[Protocol, Identity]]
) -> None:
    file = tmp_path_factory.mktemp("known") / "known_devices.toml"
    wanted = {(name, protocol): Pin(identity, "host:22", WHEN) for name, (protocol, identity) in pins.items()}
    known_devices.write(file, wanted)
    assert known_devices.read(file) == wanted
