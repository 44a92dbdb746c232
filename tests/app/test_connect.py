"""From settings to drivers: who is believed, which secret is used, and what is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import known_devices
from app.cli import main
from app.connect import Connector, ssh_access, tls_access
from app.identities import doors, present
from app.known_devices import Identity, Pin, Protocol
from app.settings import Settings, load
from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, Sent
from tests.app.lab_estate import LabEstate, lab_estate

ONE_OF_EACH = ("hmc-paris", "fa-paris", "3par-paris", "vc-paris")
WITH_CERTIFICATE = ONE_OF_EACH[1:]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


def unknown_to(estate: LabEstate, folder: Path, *names: str) -> Settings:
    """Settings that know neither host keys nor the CA of the lab."""
    return load(estate.config_in(folder, without=("host_keys", "ca_file"), devices=names))


def failure(settings: Settings, name: str) -> DeviceError:
    """How connecting to, or reading, a device fails."""
    with pytest.raises(DeviceError) as caught:
        driver = Connector(settings)(name)
        try:
            driver.read()
        finally:
            driver.close()
    return caught.value


def pin_certificate_of(settings: Settings, device: str, other: str) -> None:
    """Believe that ``device`` has the certificate of ``other``."""
    (door,) = [door for door in doors([settings.device(other)]) if door.protocol is Protocol.HTTPS]
    (shown,) = present([(door, ())])
    assert shown.identity is not None
    pin = Pin(shown.identity, door.address, datetime.now(UTC))
    known_devices.write(settings.known_devices, {(device, Protocol.HTTPS): pin})


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_device_with_host_key_and_ca_from_the_configuration_is_read(estate: LabEstate, name: str) -> None:
    driver = Connector(load(estate.config))(name)
    try:
        assert driver.read().device == name
    finally:
        driver.close()


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_device_is_read_by_its_pins_alone(estate: LabEstate, tmp_path: Path, name: str) -> None:
    settings = unknown_to(estate, tmp_path, name)
    assert main(["trust", "--config", str(settings.path), "--yes"]) == 0
    driver = Connector(settings)(name)
    try:
        assert driver.read().objects
    finally:
        driver.close()


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_device_of_which_nothing_is_known_is_not_logged_in_to(estate: LabEstate, tmp_path: Path, name: str) -> None:
    logins = estate.device(name).counters.logins
    error = failure(unknown_to(estate, tmp_path, name), name)
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert estate.device(name).counters.logins == logins


@pytest.mark.parametrize("with_ca", [False, True])
@pytest.mark.parametrize("name", WITH_CERTIFICATE)
def test_a_pin_demands_that_very_certificate_with_a_ca_and_without(
    estate: LabEstate, tmp_path: Path, name: str, with_ca: bool
) -> None:
    without = ("host_keys",) if with_ca else ("host_keys", "ca_file")
    settings = load(estate.config_in(tmp_path, without=without, devices=(name, "fa-lyon")))
    pin_certificate_of(settings, name, "fa-lyon")
    logins = estate.device(name).counters.logins
    error = failure(settings, name)
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert estate.device(name).counters.logins == logins


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_pra_12_a_device_whose_identity_changed_is_refused_with_both_fingerprints(
    estate: LabEstate, tmp_path: Path, name: str
) -> None:
    settings = unknown_to(estate, tmp_path, name)
    assert main(["trust", "--config", str(settings.path), "--yes"]) == 0
    logins = estate.device(name).counters.logins
    with estate.fault(name, FaultKind.CHANGED_KEY):
        error = failure(settings, name)
        shown = [found.identity for found in present([(door, ()) for door in doors(settings.devices)])]
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert estate.device(name).counters.logins == logins
    pinned = [pin.identity for pin in known_devices.read(settings.known_devices).values()]
    text = error.text.replace(":", "").lower()
    for identities in (pinned, shown):
        assert any(identity is not None and _digest(identity) in text for identity in identities), error.text


def _digest(identity: Identity) -> str:
    if identity.protocol is Protocol.HTTPS:
        return identity.sha256
    return identity.fingerprint.partition("SHA256:")[2].lower()


def test_a_certificate_that_ran_out_is_refused_by_the_ca_and_accepted_by_its_pin(
    estate: LabEstate, tmp_path: Path
) -> None:
    with estate.fault("fa-paris", FaultKind.EXPIRED_CERT):
        assert failure(load(estate.config), "fa-paris").failure is Failure.UNTRUSTED
        settings = unknown_to(estate, tmp_path, "fa-paris")
        pin_certificate_of(settings, "fa-paris", "fa-paris")
        driver = Connector(settings)("fa-paris")
        try:
            assert driver.read().objects
        finally:
            driver.close()


def test_with_checks_off_a_pin_keeps_nobody_out(estate: LabEstate, tmp_path: Path) -> None:
    settings = unknown_to(estate, tmp_path, "fa-paris", "fa-lyon")
    pin_certificate_of(settings, "fa-paris", "fa-lyon")
    text = settings.path.read_text().replace('name = "fa-paris"', 'name = "fa-paris"\nverify = false')
    settings.path.write_text(text)
    device = load(settings.path).device("fa-paris")
    access = tls_access(device, known_devices.read(settings.known_devices))
    assert (access.verify, access.fingerprint) == (False, None)
    assert not device.verified


def test_a_new_pin_and_a_renewed_secret_need_no_new_connector(estate: LabEstate, tmp_path: Path) -> None:
    settings = unknown_to(estate, tmp_path, "hmc-paris")
    connector = Connector(settings)
    with pytest.raises(DeviceError):
        connector("hmc-paris").read()
    assert main(["trust", "--config", str(settings.path), "--yes"]) == 0
    driver = connector("hmc-paris")
    try:
        assert driver.read().objects
    finally:
        driver.close()


def test_a_secret_that_is_missing_is_told_before_anything_is_sent(estate: LabEstate, tmp_path: Path) -> None:
    config = estate.config_in(tmp_path, devices=("hmc-paris",))
    config.write_text(config.read_text().replace(".secret", ".gone"))
    error = failure(load(config), "hmc-paris")
    assert (error.failure, error.sent) == (Failure.NO_SECRET, Sent.NO)
    assert error.text.endswith(".gone: No such file or directory")


def test_pins_that_cannot_be_read_are_no_reason_to_believe_anybody(estate: LabEstate, tmp_path: Path) -> None:
    settings = unknown_to(estate, tmp_path, "hmc-paris")
    settings.known_devices.write_text("[")
    error = failure(settings, "hmc-paris")
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert "known_devices.toml" in error.text


def test_host_keys_of_the_configuration_outweigh_a_pin(estate: LabEstate, tmp_path: Path) -> None:
    settings = load(estate.config_in(tmp_path, devices=("hmc-paris", "hmc-lyon")))
    device = settings.device("hmc-paris")
    other = Identity(Protocol.SSH, host_key=settings.device("hmc-lyon").host_keys[0])
    access = ssh_access(device, device, {("hmc-paris", Protocol.SSH): Pin(other, "x:22", datetime.now(UTC))})
    assert access.host_keys == device.host_keys


def test_a_key_file_goes_with_its_passphrase_and_never_with_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "of the WSAPI")
    monkeypatch.setenv("PASSPHRASE", "of the key")
    config = tmp_path / "config.toml"
    config.write_text(
        '[[sites]]\nname = "s"\nrole = "dr"\n[[devices]]\nname = "d"\nkind = "threepar"\nsite = "s"\nhost = "h"\n'
        'user = "u"\npassword = "env:PASSWORD"\n[devices.cli]\nkey_file = "id"\npassphrase = "env:PASSPHRASE"\n'
    )
    device = load(config).device("d")
    assert device.cli is not None
    access = ssh_access(device, device.cli, {})
    assert access.password is not None
    assert (access.key_file, access.password.reveal(), access.user) == (tmp_path / "id", "of the key", "u")
    secret = tls_access(device, {}).secret
    assert secret is not None
    assert secret.reveal() == "of the WSAPI"


@pytest.mark.parametrize(
    ("name", "library"),
    zip(ONE_OF_EACH, ("paramiko", "pypureclient", "hpe3parclient", "pyVmomi"), strict=True),
)
def test_only_the_library_of_the_device_itself_is_ever_imported(estate: LabEstate, name: str, library: str) -> None:
    code = (
        "import sys; from pathlib import Path; from app.connect import Connector; from app.settings import load\n"
        f"driver = Connector(load(Path({str(estate.config)!r})))({name!r})\n"
        "before = set(sys.modules); driver.read(); driver.close()\n"
        "print(*sorted({n.partition('.')[0] for n in sys.modules}))\n"
        "print(*sorted({n.partition('.')[0] for n in before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    after, before = (set(line.split()) for line in done.stdout.splitlines()[-2:])
    vendors = {"pypureclient", "hpe3parclient", "pyVmomi"}
    assert library in after
    assert after & (vendors - {library}) == set()
    assert before & (vendors | {"paramiko", "textual", "rich", "sqlalchemy"}) == set()
