"""Every screen and dialog of the first run as plain text, at both sizes; and what every one of them keeps to."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from app.check import Result
from app.config_writer import config_text
from app.firstrun_check import STOPPED, outcome_of, refused
from app.firstrun_draft import Entered, Outcome, with_device
from app.firstrun_words import pin_words
from app.identities import Door, Presented
from app.known_devices import Identity, Protocol
from app.settings_records import DeviceSettings, Settings
from app.trust import Finding, State
from backends.outcome import DeviceError, Failure, Sent
from screens.cells import Tone, line_text, line_width
from screens.dialogs.accept import AcceptDialog
from screens.dialogs.typed_secret import SecretDialog
from screens.firstrun_check import CheckScreen
from screens.firstrun_file import FileScreen, file_lines
from screens.firstrun_inputs import choice_line
from store.estate import DeviceKind, ManagedSystem, Reading, Site, SiteRole, SystemState
from tests.screens.estate import NOW
from tests.screens.guided import Guided, at_sites, guided, with_sites
from tests.screens.piloting import piloted
from tests.screens.test_screens_snapshots import PlainText

CONFIG = Path("/home/operator/.config/drdeck/config.toml")
SIZES = [(80, 24), (120, 40)]
OLD = Identity(
    Protocol.SSH, host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMIuh31xoGIzV/lrRYragMBGV6K9ftlFok4Ex4h29mAD"
)
NEW = Identity(
    Protocol.SSH, host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGDdB4wN8tGv6V5Vf0nkGDp1WkyqkWLJ5X4Cz0T0nbJw"
)
HMC = DeviceSettings("hmc-oslo", DeviceKind.HMC, "oslo", "hmc-oslo.example", 22, user="drdeck")
SETTINGS = Settings(Path("the configuration"), False, False, CONFIG, CONFIG, (), (HMC,))
SSH_DOOR = Door("hmc-oslo", Protocol.SSH, "hmc-oslo.example", 22, True, 10.0)


async def show_check(running: Guided) -> CheckScreen:
    """The screen of a check whose clock stands at seven seconds once a step has begun."""
    times = iter([0.0])
    screen = CheckScreen("hmc-oslo", "hmc-oslo.example:22", running.ascii_only, lambda: next(times, 7.0))
    await running.app.push_screen(screen)
    return screen


async def offer(running: Guided) -> None:
    """The first screen."""


async def draft_empty(running: Guided) -> None:
    await running.press("c", "escape")


async def draft(running: Guided) -> None:
    await with_sites(running)


async def draft_checked(running: Guided) -> None:
    """Three devices: one well, one that refused the login, one whose check was stopped."""
    await at_sites(running)
    vcenter = DeviceSettings("vc-lyon", DeviceKind.VSPHERE, "lyon", "vcenter-lyon.example", 443)
    array = DeviceSettings("fa-lyon", DeviceKind.FLASHARRAY, "lyon", "10.2.0.20", 443)
    for device, outcome in (
        (HMC, Outcome("ok", Tone.OK)),
        (vcenter, Outcome(Failure.LOGIN_REFUSED, Tone.BAD)),
        (array, STOPPED),
    ):
        entered = Entered(replace(device, site="lyon"), {}, {}, outcome)
        running.app.draft = with_device(running.app.draft, entered)
    running.app._show_draft()


async def form_site(running: Guided) -> None:
    await running.press("c", "tab")


def form(key: str, *more: str) -> Callable[[Guided], Awaitable[None]]:
    async def drive(running: Guided) -> None:
        await at_sites(running)
        await running.press(key, *more)

    return drive


async def form_wrong(running: Guided) -> None:
    await at_sites(running)
    await running.press("1")
    await running.type("hmc oslo")
    await running.press("tab")
    await running.type("https://hmc-oslo", "70000", "drdeck", "hunter2")
    await running.press("shift+tab")


async def form_cli(running: Guided) -> None:
    await at_sites(running)
    await running.press("3")
    await running.type("3par-paris")
    await running.press("tab")
    await running.type("3par-paris.example")
    await running.press("tab")
    await running.type("drdeck", "keyring:drdeck/3par-paris")
    await running.press("ctrl+s", "tab", "tab", "tab")


async def check_runs(running: Guided) -> None:
    screen = await show_check(running)
    screen.show_step("Logging in and reading it once")


async def check_ok(running: Guided) -> None:
    screen = await show_check(running)
    systems = tuple(ManagedSystem(f"P10-OSLO-0{n}", "9105-22A", f"780123{n}", SystemState.OPERATING) for n in (1, 2))
    outcome = outcome_of(Result(HMC, Reading("hmc-oslo", NOW, systems, clock_skew_s=40.0), None, 1.24), SETTINGS)
    screen.show_outcome(outcome.word, outcome.tone, outcome.lines)


async def check_refused(running: Guided) -> None:
    screen = await show_check(running)
    error = DeviceError("hmc-oslo", "log in", Failure.LOGIN_REFUSED, Sent.REFUSED, "login of drdeck refused")
    outcome = outcome_of(Result(HMC, None, error, 0.31), SETTINGS)
    screen.show_outcome(outcome.word, outcome.tone, outcome.lines)


async def check_changed(running: Guided) -> None:
    screen = await show_check(running)
    outcome = refused([Finding(SSH_DOOR, Presented(NEW), (OLD,), State.CHANGED)])
    assert outcome is not None
    screen.show_outcome(outcome.word, outcome.tone, outcome.lines)


async def file(running: Guided) -> None:
    text = config_text([Site("oslo", SiteRole.PROD), Site("bergen", SiteRole.DR, True)], [HMC])
    await running.app.push_screen(FileScreen(str(CONFIG), text, running.ascii_only))


async def file_refused(running: Guided) -> None:
    await file(running)
    assert isinstance(running.app.screen, FileScreen)
    running.app.screen.complain(f"{CONFIG} exists by now and was left as it is.")


async def pin_ssh(running: Guided) -> None:
    title, words = pin_words(Finding(SSH_DOOR, Presented(OLD), (), State.NEW))
    await running.app.push_screen(AcceptDialog(title, words, accept="Pin it", ascii_only=running.ascii_only))


async def pin_certificate(running: Guided) -> None:
    door = Door("fa-oslo", Protocol.HTTPS, "fa-oslo.example", 443, True, 10.0)
    presented = Presented(
        Identity(Protocol.HTTPS, certificate=b"not a certificate"), distrust="self-signed certificate"
    )
    title, words = pin_words(Finding(door, presented, (), State.NEW))
    await running.app.push_screen(AcceptDialog(title, words, accept="Pin it", ascii_only=running.ascii_only))


async def leave(running: Guided) -> None:
    await at_sites(running)
    await running.press("ctrl+q")


async def typed_secret(running: Guided) -> None:
    await running.app.push_screen(SecretDialog("password of drdeck on hmc-oslo", ascii_only=running.ascii_only))
    await running.press(*"hunter2")


SCREENS: dict[str, Callable[[Guided], Awaitable[None]]] = {
    "offer": offer,
    "draft_empty": draft_empty,
    "draft": draft,
    "draft_checked": draft_checked,
    "form_site": form_site,
    "form_hmc": form("1"),
    "form_flasharray": form("2"),
    "form_threepar": form("3"),
    "form_vsphere": form("4", "tab", "tab", "tab", "tab", "tab"),
    "form_wrong": form_wrong,
    "form_cli": form_cli,
    "check_runs": check_runs,
    "check_ok": check_ok,
    "check_refused": check_refused,
    "check_changed": check_changed,
    "file": file,
    "file_refused": file_refused,
    "pin_ssh": pin_ssh,
    "pin_certificate": pin_certificate,
    "leave": leave,
    "typed_secret": typed_secret,
}


@functools.cache
def shown(screen: str, size: tuple[int, int], *, ascii_only: bool = False) -> str:
    """What the screen shows. It is driven there once, however many tests look at it."""

    async def drive() -> str:
        async with guided(CONFIG, size, ascii_only=ascii_only) as running:
            await SCREENS[screen](running)
            await running.settle()
            return running.text

    return asyncio.run(drive())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_the_screen_reads_so(screen: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    text = shown(screen, size)
    assert text == snapshot.use_extension(PlainText)
    assert max(len(line) for line in text.splitlines()) <= size[0]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_terminal_without_utf_8_is_shown_ascii_alone(screen: str) -> None:
    text = shown(screen, SIZES[0], ascii_only=True)
    assert text.isascii(), {char for char in text if not char.isascii()}


@pytest.mark.parametrize("screen", SCREENS)
def test_the_next_keys_are_on_every_screen(screen: str) -> None:
    text = shown(screen, SIZES[0])
    assert "Esc" in text or "q Leave" in text


@piloted
async def test_a_click_answers_too() -> None:
    answers: list[bool | None] = []
    async with guided(CONFIG) as running:
        for offset, answer in (((3, 0), False), ((20, 0), True)):
            running.app.push_screen(AcceptDialog("Title", ["Words."], accept="Do it"), answers.append)
            await running.wait_for("Do it")
            await running.pilot.click("#answers", offset=offset)
            await running.settle()
            assert answers.pop() is answer


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(categories=("L", "N"))), min_size=1, max_size=9), st.integers(16, 90), st.data())
def test_the_chosen_word_is_shown_at_every_width(words: list[str], width: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    line = choice_line(tuple(words), at, width)
    assert line_width(line) <= width
    chosen = next(cell for cell in line if cell.tone is Tone.CURRENT).text
    assert chosen == f"[{words[at]}]" or "…" in chosen


@given(st.text(), st.integers(2, 60))
def test_nothing_of_the_file_is_hidden(text: str, width: int) -> None:
    lines = file_lines(text, width)
    assert all(line_width(line) <= width for line in lines)
    shown = "".join(line_text(line) for line in lines)
    assert len(shown) == sum(map(len, text.splitlines()))
