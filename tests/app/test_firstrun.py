"""The first run against a real lab, by keys alone: every device is pinned, checked, and written as it was entered."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import astuple
from textual.events import AppBlur, AppFocus

from app import check, known_devices, secrets
from app.connect import Connector
from app.firstrun import End
from app.known_devices import Protocol
from app.settings import load
from backends.lab.faults import FaultKind
from store.estate import DeviceKind
from tests.app.lab_estate import LabEstate, lab_estate
from tests.screens.guided import Guided, at_sites, guided, with_sites
from tests.screens.piloting import piloted

KEYS = {DeviceKind.HMC: "1", DeviceKind.FLASHARRAY: "2", DeviceKind.THREEPAR: "3", DeviceKind.VSPHERE: "4"}


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "drdeck" / "config.toml"


def secret_of(estate: LabEstate, name: str) -> str:
    return f"file:{estate.directory / f'{name}.secret'}"


async def enter(running: Guided, estate: LabEstate, name: str, secret: str | None = None) -> None:
    """Fill in the form of a device of the lab, up to its check."""
    device = estate.device(name)
    hmc = device.kind is DeviceKind.HMC
    await running.press(KEYS[device.kind])
    await running.type(name)
    await running.press("tab")
    await running.type("127.0.0.1", str(device.ports["ssh" if hmc else "https"]))
    if device.kind is not DeviceKind.FLASHARRAY:
        await running.type(next(iter(device.users)))
    await running.type(secret or secret_of(estate, name))
    await running.press("ctrl+s")


async def accept(running: Guided, name: str) -> None:
    await running.wait_for(f"Is this {name}?", "Enter does not accept.")
    await running.press("ctrl+y")


@piloted
async def test_an_hmc_and_a_flasharray_are_entered_pinned_checked_written_and_read_by_the_console(
    estate: LabEstate, config: Path
) -> None:
    async with guided(config) as running:
        await with_sites(running)
        await enter(running, estate, "hmc-paris")
        identity = known_devices.Identity(
            Protocol.SSH, host_key=estate.lab.identities.of("hmc-paris").ssh_public
        ).fingerprint
        await running.wait_for("Is this hmc-paris?", identity)
        await accept(running, "hmc-paris")
        await running.wait_for("● ok", "2 managed systems, 16 LPARs", "pinned just now")
        await running.press("k")
        await enter(running, estate, "fa-paris")
        await running.wait_for("Is this fa-paris?", "CN=fa-paris, issued by CN=drdeck lab CA", "no CA vouches for it")
        shown = running.text.replace(":", "").replace(" ", "").replace("│", "").replace("\n", "").lower()
        assert estate.lab.identities.of("fa-paris").fingerprint in shown
        await accept(running, "fa-paris")
        await running.wait_for("● ok", "1 array")
        await running.press("k", "w")
        await running.wait_for("The file as it will be written")
        assert not config.exists()
        await running.press("w")
        await running.until(lambda: running.app.return_value is not None, "it was not written")
        assert running.app.return_value is End.WRITTEN
    settings = load(config)
    assert [device.name for device in settings.devices] == ["hmc-paris", "fa-paris"]
    assert [(site.name, site.role.value) for site in settings.sites] == [("paris", "prod"), ("lyon", "dr")]
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    results = check.read_all(settings.devices, Connector(settings))
    assert [result.word for result in results] == ["ok", "ok"]


@piloted
async def test_a_3par_is_checked_at_both_of_its_doors(estate: LabEstate, config: Path) -> None:
    device = estate.device("3par-paris")
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "3par-paris")
        await running.wait_for("The command line of 3par-paris")
        await running.press("tab", "tab")
        await running.press("shift+tab")
        await running.type(str(device.ports["ssh"]))
        await running.press("ctrl+s")
        await accept(running, "3par-paris")
        await running.wait_for("SSH host key")
        await accept(running, "3par-paris")
        await running.wait_for("● ok", "1 storage system", "https 127.0.0.1", "ssh 127.0.0.1")
        await running.press("k", "w", "w")
        await running.until(lambda: running.app.return_value is not None, "it was not written")
    (written,) = load(config).devices
    assert written.cli is not None
    assert (written.port, written.cli.port) == (device.ports["https"], device.ports["ssh"])
    assert written.cli.password == written.password


@piloted
async def test_a_wrong_password_says_what_to_do_and_is_corrected_in_fields_that_stayed_filled(
    estate: LabEstate, config: Path
) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "hmc-paris", "prompt")
        await running.wait_for("Type the password of hscroot on hmc-paris")
        await running.press(*"not-it")
        assert "not-it" not in running.text
        await running.press("enter")
        await accept(running, "hmc-paris")
        await running.wait_for("✗ login refused", "Check user and secret of hmc-paris in the configuration")
        await running.press("c")
        await running.wait_for("A device: an HMC", "hscroot", "prompt")
        await running.press("ctrl+s")
        await running.wait_for("Type the password of hscroot on hmc-paris")
        running.send(*next(iter(estate.device("hmc-paris").users.values())), "enter")
        await running.wait_for("● ok", "as pinned")
        await running.press("k", "w", "w")
        await running.until(lambda: running.app.return_value is not None, "it was not written")
    settings = load(config)
    asked: list[str] = []
    secrets.ask(settings.devices[0].references, lambda question: asked.append(question) or "")
    assert asked == []  # the console that opens now has it already
    assert [result.word for result in check.read_all(settings.devices, Connector(settings))] == ["ok"]


@piloted
async def test_a_host_that_is_not_reached_may_be_kept_and_the_file_says_what_was_wanted(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VC_PASSWORD", "hunter2")
    with closing(socket.socket()) as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with guided(config) as running:
            await at_sites(running)
            await running.press("4")
            await running.type("vc-1")
            await running.press("tab")
            await running.type("127.0.0.1", str(port), "me", "env:VC_PASSWORD")
            await running.press("ctrl+s")
            await running.wait_for("✗ unreachable", f"Try from this machine: nc -vz 127.0.0.1 {port}")
            assert "not reached: Connection refused" in running.text
            await running.press("k")
            await running.wait_for("Not well yet: vc-1")
            await running.press("w", "w")
            await running.until(lambda: running.app.return_value is not None, "it was not written")
    (device,) = load(config).devices
    assert (device.host, device.port) == ("127.0.0.1", port)
    assert "hunter2" not in config.read_text()


@piloted
async def test_a_changed_identity_is_refused_with_both_fingerprints_and_nobody_logs_in(
    estate: LabEstate, config: Path
) -> None:
    async with guided(config, (120, 40)) as running:
        await at_sites(running)
        await enter(running, estate, "hmc-paris")
        await accept(running, "hmc-paris")
        await running.wait_for("● ok")
        before = known_devices.read(config.parent / "known_devices.toml")
        (pin,) = before.values()
        logins = estate.device("hmc-paris").counters.logins
        with estate.fault("hmc-paris", FaultKind.CHANGED_KEY):
            await running.press("r")
            await running.wait_for("✗ CHANGED", f"expected {pin.identity.fingerprint}", "nobody logged in there")
        assert "If not: stop, and find out who answers there." in " ".join(running.text.split())
        assert known_devices.read(config.parent / "known_devices.toml") == before
        assert estate.device("hmc-paris").counters.logins == logins


@piloted
async def test_enter_pins_nothing_however_often_it_is_pressed(estate: LabEstate, config: Path) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "hmc-paris")
        await running.wait_for("Is this hmc-paris?")
        running.send(*["enter"] * 50)
        await running.wait_for("▲ not pinned", "was not accepted, so nobody logged in there")
        assert not config.parent.exists()
        await running.press("r")
        await running.wait_for("Is this hmc-paris?")
        await running.press("escape")
        await running.wait_for("▲ not pinned")
        assert not config.parent.exists()


@piloted
async def test_a_check_is_stopped_by_escape_while_a_device_does_not_answer(config: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:  # takes connections and never says a word
        async with guided(config) as running:
            await at_sites(running)
            await running.press("1")
            await running.type("hmc-1")
            await running.press("tab")
            await running.type("127.0.0.1", str(silent.getsockname()[1]), "me", "env:HOME")
            await running.press("ctrl+s")
            await running.wait_for("Asking who answers there", "Esc Stop")
            await running.press("k")
            assert "The check still runs: Esc stops it." in running.text
            await running.press("escape")
            await running.wait_for("? not checked", "You stopped the check")
            await running.press("x")
            await running.wait_for("hmc-1 was dropped.")


@piloted
async def test_a_reading_that_hangs_is_stopped_by_escape_and_its_answer_is_not_shown(
    estate: LabEstate, config: Path
) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "fa-paris")
        with estate.fault("fa-paris", FaultKind.SLOW, verb="GET *", seconds=120):
            await accept(running, "fa-paris")
            await running.wait_for("Logging in and reading it once")
            await running.press("escape")
            await running.wait_for("? not checked")


@piloted
async def test_a_pin_goes_with_the_address_it_was_accepted_for(estate: LabEstate, config: Path) -> None:
    known = config.parent / "known_devices.toml"
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "hmc-paris")
        await accept(running, "hmc-paris")
        await running.wait_for("● ok")
        await running.press("c")
        await running.press(*["shift+tab"] * 3)
        await running.type(str(estate.device("hmc-lyon").ports["ssh"]))
        await running.press("ctrl+s")
        await running.wait_for("Is this hmc-paris?")  # asked anew, and not called changed
        await accept(running, "hmc-paris")
        await running.wait_for("pinned just now")
        (pin,) = known_devices.read(known).values()
        assert pin.identity.host_key == estate.lab.identities.of("hmc-lyon").ssh_public
        await running.press("x", "escape", "q")
        running.app.pins.keep_only(())
    assert known_devices.read(known) == {}


@piloted
async def test_a_file_that_appeared_meanwhile_is_not_touched(estate: LabEstate, config: Path) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "fa-paris")
        await accept(running, "fa-paris")
        await running.wait_for("● ok")
        await running.press("k", "w")
        config.write_text("# of somebody else\n")
        await running.press("w")
        await running.wait_for("exists by now and was left as it is")
        assert running.app.return_value is None
    assert config.read_text() == "# of somebody else\n"


@piloted
async def test_pinned_identities_that_cannot_be_used_are_told_and_nobody_logs_in(
    estate: LabEstate, config: Path
) -> None:
    known = config.parent / "known_devices.toml"
    config.parent.mkdir()
    known.write_text("[hmc-paris.ssh]\n")
    logins = estate.device("hmc-paris").counters.logins
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "hmc-paris")
        await running.wait_for("✗ identity not trusted", "expected address = text and pinned")
    assert known.read_text() == "[hmc-paris.ssh]\n"
    assert estate.device("hmc-paris").counters.logins == logins


# --------------------------------------------------------------------------------------------- leaving and coming back


@piloted
async def test_leaving_asks_once_something_was_entered_and_enter_stays(config: Path) -> None:
    async with guided(config) as running:
        await with_sites(running)
        await running.press("ctrl+q")
        await running.wait_for("Leave without writing?", "2 sites, 0 devices")
        await running.press("enter")
        await running.wait_for("Sites and devices")
        await running.press("ctrl+q", "ctrl+y")
        assert running.app.return_value is End.LEFT
    assert not config.parent.exists()


@pytest.mark.parametrize("key", ["q", "escape", "ctrl+q"])
@piloted
async def test_the_offer_is_left_by_each_of_its_keys(config: Path, key: str) -> None:
    async with guided(config) as running:
        await running.press(key)
        assert running.app.return_value is End.LEFT


@piloted
async def test_the_demo_is_one_key_away(config: Path) -> None:
    async with guided(config) as running:
        await running.press("d")
        assert running.app.return_value is End.DEMO


@piloted
async def test_a_form_that_was_left_is_filled_when_it_is_opened_again(config: Path) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await running.press("1")
        await running.type("hmc-1")
        await running.press("escape")
        await running.wait_for("What was typed is kept")
        await running.press("2", "escape", "1")
        assert running.line("Name").split()[-1] == "hmc-1"


@piloted
async def test_a_site_is_corrected_with_its_devices_and_stays_while_one_stands_there(
    estate: LabEstate, config: Path
) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await enter(running, estate, "hmc-paris")
        await accept(running, "hmc-paris")
        await running.wait_for("● ok")
        await running.press("k", "g", "x")
        await running.wait_for("paris stays: hmc-paris stands there")
        await running.press("enter")
        await running.type("west")
        await running.press("ctrl+s")
        await running.wait_for("Sites and devices")
        assert running.line("hmc-paris").split()[2] == "west"
        await running.press("j", "x")
        await running.wait_for("lyon was dropped.")


@piloted
async def test_keys_that_cannot_do_anything_yet_say_why(config: Path) -> None:
    async with guided(config) as running:
        await running.press("c", "escape")
        await running.wait_for("Next: a site (s)")
        for key, words in (
            ("1", "A device stands at a site: name a site first (s)."),
            ("w", "There is nothing to write yet: name a site first (s)."),
            ("enter", "There is nothing to open yet."),
            ("x", "There is nothing to drop yet."),
        ):
            await running.press(key)
            assert words in running.text


# --------------------------------------------------------------------------------------------------- typing in a form


@piloted
async def test_keys_that_come_all_at_once_land_in_the_fields_they_are_meant_for(config: Path) -> None:
    async with guided(config) as running:
        await running.press("c")
        screen = running.app.screen
        running.send(*"pariss", "backspace", "enter", "right", "enter", "right", "ctrl+s")
        await running.until(lambda: running.app.screen is not screen, "the form stayed")
        (site,) = running.app.draft.sites
        assert astuple(site) == ("paris", "dr", True)


@piloted
async def test_a_secret_in_place_of_a_reference_is_never_on_the_screen_nor_kept(config: Path) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await running.press("1")
        await running.press(*["tab"] * 5)
        for typed in ("h", "u", "n", "t", "e", "r", "2"):
            await running.press(typed)
            assert f"Password     {typed}" not in running.text
        assert "•••••••" in running.text and "hunter2" not in running.text
        await running.press("tab")
        await running.wait_for("✗ Password: expected a reference and never the secret itself")
        assert "•" not in running.text
        assert "hunter2" not in repr(running.app.screen.form)  # type: ignore[attr-defined]


@piloted
async def test_a_terminal_that_loses_the_focus_does_not_leave_the_field(config: Path) -> None:
    async with guided(config) as running:
        await at_sites(running)
        await running.press("1")
        await running.press(*["tab"] * 5)
        await running.press(*"keyr")
        running.app.post_message(AppBlur())
        await running.settle()
        running.app.post_message(AppFocus())
        await running.settle()
        await running.press(*"ing:a/b")
        assert running.line("Password").split()[-1] == "keyring:a/b"
