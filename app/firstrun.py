"""The first run: offers the demo, or a configuration step by step with each device checked as it is entered.

Screens show and ask; every answer is here. Devices are talked to on the threads of :mod:`app.firstrun_check`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace
from textual.message import Message

from app import crash, paths, secrets
from app import firstrun_draft as drafts
from app import firstrun_form as forms
from app.config_writer import ConfigWriteError, config_text, write_new
from app.firstrun_check import STOPPED, Checked, DeviceCheck, Examined, not_accepted, refused, to_pin
from app.firstrun_draft import Draft, Entered, Outcome
from app.firstrun_pins import Pins
from app.firstrun_words import DEVICE_ROW, SITE_ROW, draft_rows, leave_words, pin_words
from app.known_devices import KnownDevicesError
from app.looks import Look
from app.secrets import Reference, Source
from app.settings_records import DeviceSettings, Settings
from app.terminal_app import TerminalApp
from app.trust import Finding
from screens import firstrun_messages as told
from screens.dialogs.accept import AcceptDialog
from screens.dialogs.typed_secret import SecretDialog
from screens.firstrun_base import FirstRunScreen
from screens.firstrun_check import CheckScreen
from screens.firstrun_draft import DraftScreen
from screens.firstrun_fields import Form
from screens.firstrun_file import FileScreen
from screens.firstrun_form import FormScreen
from screens.firstrun_offer import OfferScreen
from screens.messages import BackRequested, QuitRequested
from store.estate import DeviceKind


class End(Enum):
    """How the first run ended: left, with the demo asked for, or with a configuration written."""

    LEFT = "left"
    DEMO = "demo"
    WRITTEN = "written"


@dataclass
class FileWritten(Message):
    """The writing of the configuration has ended; ``trouble`` says why nothing was written."""

    trouble: str | None


class Editing(Struct, frozen=True):
    """What is being entered: a site (``kind`` is None) or a device; ``before`` is the name of what it corrects."""

    kind: DeviceKind | None = None
    before: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    cli_texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def memory(self) -> tuple[DeviceKind | None, str | None]:
        """By what it is found again when it was left unfinished."""
        return self.kind, self.before


class FirstRun(TerminalApp[End]):
    """``path`` is where the configuration will be."""

    def __init__(self, path: Path, look: Look | None = None) -> None:
        look = look or Look()
        super().__init__(look, "drdeck, first run")
        self.path = path
        self.pins = Pins(path.parent / paths.KNOWN_NAME)
        self.draft = Draft()
        self._ascii = look.ascii_only
        self._editing = Editing()
        self._unfinished: dict[tuple[DeviceKind | None, str | None], Editing] = {}
        self._device: DeviceSettings | None = None
        self._check: DeviceCheck | None = None
        self._outcome: Outcome = STOPPED
        self._writing = False

    async def on_mount(self) -> None:
        await self.push_screen(OfferScreen(str(self.path), self._ascii))

    # ----------------------------------------------------------------------------------------- offer, back, leaving

    def on_demo_chosen(self, message: told.DemoChosen) -> None:
        self._leave(End.DEMO)

    async def on_guide_chosen(self, message: told.GuideChosen) -> None:
        # Here and below: a key that repeats while a screen is being made must not make it twice.
        if isinstance(self.screen, OfferScreen):
            await self.push_screen(DraftScreen(self._ascii))
            self._show_draft()
            if not self.draft.sites:
                await self._open(Editing())

    async def on_back_requested(self, message: BackRequested) -> None:
        if isinstance(self.screen, DraftScreen | FileScreen) and not self._writing:
            await self.pop_screen()

    async def action_quit(self) -> None:
        """ctrl+q, which the toolkit gives to the App before any screen. It only cancels a dialog."""
        if isinstance(self.screen, AcceptDialog | SecretDialog):
            self.screen.action_cancel()
        else:
            self._leave(End.LEFT)

    def on_quit_requested(self, message: QuitRequested) -> None:
        self._leave(End.LEFT)

    def _leave(self, end: End) -> None:
        """Leave; after a question where something that was entered would be lost."""
        if self._writing or not isinstance(self.screen, FirstRunScreen):
            return
        typed = any(isinstance(screen, FormScreen) and screen.touched for screen in self.screen_stack)
        if not (self.draft or self._unfinished or typed):
            self.exit(end)
            return

        def answered(leave: bool | None) -> None:
            if leave:
                if self._check is not None:
                    self._check.stop()
                self.exit(end)

        title, words = leave_words(self.draft, str(self.path))
        self.push_screen(AcceptDialog(title, words, accept="Leave", cancel="Stay", ascii_only=self._ascii), answered)

    # ---------------------------------------------------------------------------------------- sites and devices

    def _drafting(self) -> DraftScreen:
        return next(screen for screen in self.screen_stack if isinstance(screen, DraftScreen))

    def _show_draft(self) -> None:
        self._drafting().show(draft_rows(self.draft), drafts.next_words(self.draft))

    async def on_entry_requested(self, message: told.EntryRequested) -> None:
        kind = None if message.what == forms.SITE else DeviceKind(message.what)
        if not isinstance(self.screen, DraftScreen):
            return
        if kind is not None and not self.draft.sites:
            self.screen.say("A device stands at a site: name a site first (s).")
            return
        await self._open(Editing(kind))

    async def on_entry_opened(self, message: told.EntryOpened) -> None:
        if not isinstance(self.screen, DraftScreen):
            return
        if message.key.startswith(SITE_ROW):
            name = message.key.removeprefix(SITE_ROW)
            await self._open(Editing(None, name, forms.site_texts(self.draft.site(name))))
        else:
            entered = self.draft.entered(message.key.removeprefix(DEVICE_ROW))
            device = entered.device
            await self._open(Editing(device.kind, device.name, entered.texts, entered.cli_texts))

    def on_entry_dropped(self, message: told.EntryDropped) -> None:
        if not isinstance(self.screen, DraftScreen):
            return
        if message.key.startswith(SITE_ROW):
            name = message.key.removeprefix(SITE_ROW)
            standing = self.draft.devices_at(name)
            if standing:
                self.screen.say(f"{name} stays: {', '.join(standing)} stands there. Drop or move that first.")
                return
            self.draft = drafts.without_site(self.draft, name)
        else:
            name = message.key.removeprefix(DEVICE_ROW)
            self.draft = drafts.without_device(self.draft, name)
        self._show_draft()
        self.screen.say(f"{name} was dropped.")

    async def _open(self, editing: Editing) -> None:
        """Open the form of something, as it was left where it was left unfinished."""
        self._editing = self._unfinished.get(editing.memory, editing)
        await self.push_screen(FormScreen(self._form(), self._ascii))

    def _form(self) -> Form:
        editing, draft = self._editing, self.draft
        if editing.kind is None:
            return forms.site_form(editing.texts, [name for name in draft.site_names if name != editing.before])
        others = draft.others(editing.before)
        names = [device.name for device in others]
        addresses = {device.address: device.name for device in others}
        return forms.device_form(editing.kind, editing.texts, draft.site_names, names, addresses)

    # ------------------------------------------------------------------------------------------------- the forms

    async def on_form_left(self, message: told.FormLeft) -> None:
        screen = self.screen
        if not (isinstance(screen, FormScreen) and self._shows(message.form)):
            return
        self._take(message.form, message.texts)
        await self.pop_screen()
        if message.form != forms.CLI and screen.touched:
            self._unfinished[self._editing.memory] = self._editing
            self._drafting().say("What was typed is kept for when this form is opened again.")

    def _shows(self, form: str) -> bool:
        return isinstance(self.screen, FormScreen) and self.screen.form.name == form

    def _take(self, form: str, texts: Mapping[str, str]) -> None:
        if form == forms.CLI:
            self._editing = replace(self._editing, cli_texts=texts)
        else:
            self._editing = replace(self._editing, texts=texts)

    async def on_form_filled(self, message: told.FormFilled) -> None:
        if not self._shows(message.form):
            return
        self._take(message.form, message.texts)
        editing = self._editing
        if editing.kind is None:
            self.draft = drafts.with_site(self.draft, forms.site_of(editing.texts), editing.before)
            await self._finish()
        elif editing.kind is DeviceKind.THREEPAR and message.form == forms.DEVICE:
            await self.push_screen(FormScreen(forms.cli_form(editing.texts, editing.cli_texts), self._ascii))
        else:
            device = forms.device_of(editing.kind, editing.texts, editing.cli_texts, self.path.parent)
            secrets.forget(device.references)
            self._ask_secrets(device, [r for r in device.references if r.source is Source.PROMPT])

    async def _finish(self) -> None:
        """Back to what was entered, from wherever this is."""
        self._unfinished.pop(self._editing.memory, None)
        while not isinstance(self.screen, DraftScreen):
            await self.pop_screen()
        self._show_draft()

    def _ask_secrets(self, device: DeviceSettings, waiting: Sequence[Reference]) -> None:
        """Ask for the secrets that are typed, one after another, and then begin the check."""
        if not waiting:
            self._begin_check(device)
            return

        def answered(text: str | None) -> None:
            if text is not None:
                secrets.ask(waiting[:1], lambda asked_for: text)
                self._ask_secrets(device, waiting[1:])

        self.push_screen(SecretDialog(waiting[0].target, ascii_only=self._ascii), answered)

    # ------------------------------------------------------------------------------------------------- the check

    def _begin_check(self, device: DeviceSettings) -> None:
        others = self.draft.others(self._editing.before)
        settings = Settings(
            path=Path("the configuration"),  # so the advice names it: there is no such file yet
            read_only=False,
            lab=False,
            store=paths.state_dir() / paths.STORE_NAME,
            known_devices=self.path.parent / paths.KNOWN_NAME,
            sites=self.draft.sites,
            devices=(device,),
        )
        self._device = device
        self._check = DeviceCheck(device, settings, others, self.pins, self.post_message)
        if not isinstance(self.screen, CheckScreen):
            self.push_screen(CheckScreen(device.name, device.address, self._ascii))
        self._step("Asking who answers there")
        self._check.examine()

    def _checking(self) -> CheckScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, CheckScreen)), None)

    def _step(self, words: str) -> None:
        screen = self._checking()
        if screen is not None:
            screen.show_step(words)

    def _ended(self, outcome: Outcome) -> None:
        self._outcome, self._check = outcome, None
        screen = self._checking()
        if screen is not None:
            screen.show_outcome(outcome.word, outcome.tone, outcome.lines)

    def on_examined(self, message: Examined) -> None:
        if message.check is not self._check:
            return
        wrong = refused(message.findings)
        if wrong is not None:
            self._ended(wrong)
        else:
            self._ask_to_pin(message.check, to_pin(message.findings), ())

    def _ask_to_pin(self, check: DeviceCheck, waiting: Sequence[Finding], accepted: Sequence[Finding]) -> None:
        """Put what must be pinned to the operator, one after another, and then read the device."""
        if not waiting:
            self._step("Logging in and reading it once")
            check.read(accepted)
            return

        def answered(accept: bool | None) -> None:
            if check is not self._check:
                return
            if accept:
                self._ask_to_pin(check, waiting[1:], (*accepted, waiting[0]))
            else:
                self._ended(not_accepted(waiting[0]))

        self._step("Waiting for your answer")
        title, words = pin_words(waiting[0])
        self.push_screen(AcceptDialog(title, words, accept="Pin it", ascii_only=self._ascii), answered)

    def on_checked(self, message: Checked) -> None:
        if message.check is self._check:
            self._ended(message.outcome)

    def on_check_stopped(self, message: told.CheckStopped) -> None:
        if self._check is not None:
            self._check.stop()
            self._ended(STOPPED)

    def on_check_repeated(self, message: told.CheckRepeated) -> None:
        if isinstance(self.screen, CheckScreen) and self._check is None and self._device is not None:
            self._begin_check(self._device)

    async def on_device_kept(self, message: told.DeviceKept) -> None:
        if isinstance(self.screen, CheckScreen) and self._device is not None:
            editing = self._editing
            entered = Entered(self._device, editing.texts, editing.cli_texts, self._outcome)
            self.draft = drafts.with_device(self.draft, entered, editing.before)
            await self._finish()

    async def on_device_corrected(self, message: told.DeviceCorrected) -> None:
        if isinstance(self.screen, CheckScreen):
            await self.pop_screen()

    async def on_device_dropped(self, message: told.DeviceDropped) -> None:
        if isinstance(self.screen, CheckScreen) and self._device is not None:
            if self._editing.before is not None:
                self.draft = drafts.without_device(self.draft, self._editing.before)
            await self._finish()
            self._drafting().say(f"{self._device.name} was dropped.")

    # -------------------------------------------------------------------------------------------------- the file

    async def on_file_requested(self, message: told.FileRequested) -> None:
        if not isinstance(self.screen, DraftScreen):
            return
        missing = drafts.why_no_file(self.draft)
        if missing is not None:
            self.screen.say(missing)
            return
        text = config_text(self.draft.sites, self.draft.others(None))
        await self.push_screen(FileScreen(str(self.path), text, self._ascii))

    def on_write_requested(self, message: told.WriteRequested) -> None:
        if not isinstance(self.screen, FileScreen) or self._writing:
            return
        self._writing = True
        self.screen.say("Writing it …")
        threading.Thread(target=self._write, name="write the configuration", daemon=True).start()

    def _write(self) -> None:
        devices = self.draft.others(None)
        trouble = None
        try:
            self.pins.keep_only(devices)
            write_new(self.path, self.draft.sites, devices)
        except (ConfigWriteError, KnownDevicesError) as error:
            trouble = str(error)
        except Exception as error:
            crash.record(error)
            trouble = f"Nothing was written, by a defect of drdeck itself ({type(error).__name__})"
        self.post_message(FileWritten(trouble))

    def on_file_written(self, message: FileWritten) -> None:
        self._writing = False
        if message.trouble is None:
            self.exit(End.WRITTEN)
        elif isinstance(self.screen, FileScreen):
            self.screen.complain(message.trouble)


def run_first_run(path: Path, look: Look) -> End:
    """Run the first run until it is left; returns how it ended. A defect of its own is raised."""
    app = FirstRun(path, look)
    end = app.run(mouse=look.mouse)
    if end is not End.WRITTEN:
        with suppress(KnownDevicesError):
            app.pins.keep_only(())
    if app.failure is not None:
        raise app.failure
    return end or End.LEFT
