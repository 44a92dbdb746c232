"""What the console does with automatic failover: shows it, and has people decide about it. For the console; what takes
its time is done on threads, and comes back as messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.auto_messages import (
    AboutAuto,
    AutoActChosen,
    AutoActsAsked,
    AutoChanged,
    AutoCheckAsked,
    AutoEventRequested,
    AutoGroupRequested,
    AutoHistoryRequested,
    AutoRequested,
    MaintenanceRequested,
    WindowAsked,
)

if TYPE_CHECKING:
    from app.console import Console
    from app.recovery.auto.console_auto import ConsoleAuto
    from screens.surroundings import Surroundings
    from store.auto_records import Window
    from store.auto_view import AutoView, Stand
    from store.run_view import RunView

BeginAuto = Callable[["AutoView", "RunView", Callable[[], object], str, str], "ConsoleAuto"]

TRIES, AGAIN_S = 60, 5.0
"""So often is it tried to begin, and so long lies between two tries."""

READ_ONLY = "this console is read-only"
CACHED = "this console was started with --cached, which asks no device"

KEYS = "Enter Go on: what is done is shown first   Esc Cancel"


@dataclass
class AutoTold(AboutAuto):
    """Something that was asked for was done, or was not; ``text`` says which. ``lasting``: it must not be missed."""

    text: str
    lasting: bool = False


class AutoDesk:
    """``begin`` begins to watch automatic failover for the screens, None: there is none. It is given the view to keep,
    the runs, what to call when the view changed, why nothing is decided here, and why no device is asked here."""

    def __init__(self, app: Console, begin: BeginAuto | None) -> None:
        self._app = app
        self._begin = begin
        self._auto: ConsoleAuto | None = None

    def begin(self, around: Surroundings) -> None:
        """Begin with it, once the runs have begun. Called on a thread. A store that is busy is tried again."""
        if self._begin is None:
            return
        from app.machinery import EndedError
        from store.errors import StoreError

        why_not, unchecked = READ_ONLY if around.read_only else "", CACHED if around.cached else ""
        for _ in range(TRIES):
            try:
                self._auto = self._begin(around.auto, around.runs, self._changed, why_not, unchecked)
                return
            except EndedError:
                return
            except StoreError as error:
                around.auto.trouble = f"Automatic failover cannot be read: {error}"
                self._changed()
                time.sleep(AGAIN_S)

    def _changed(self) -> None:
        self._app.post_message(AutoChanged())

    async def hear(self, around: Surroundings, message: AboutAuto) -> None:
        """Do what a screen, or a thread of this desk, asks for."""
        match message:
            case AutoChanged():
                if self._app.shown is not None:
                    self._app.shown.auto_changed()
            case AutoTold():
                (self._app.notice if message.lasting else self._app.say_here)(message.text)
            case AutoCheckAsked():
                self._check(around)
            case MaintenanceRequested():
                from screens.maintenance import MaintenanceScreen

                if not isinstance(self._app.screen, MaintenanceScreen):
                    await self._app.push_screen(MaintenanceScreen(around))
            case WindowAsked():
                await self._window(around, message.number)
            case AutoActsAsked():
                await self._acts(around, message.group)
            case AutoActChosen():
                await self._chosen(around, message.group, message.word)
            case AutoRequested() | AutoGroupRequested() | AutoHistoryRequested() | AutoEventRequested():
                await self._show(around, message)

    async def _show(
        self,
        around: Surroundings,
        message: AutoRequested | AutoGroupRequested | AutoHistoryRequested | AutoEventRequested,
    ) -> None:
        from screens.auto import AutoGroupScreen, AutoScreen
        from screens.auto_history import AutoEventScreen, AutoHistoryScreen

        if not self._app.may_open(message.asked_by):
            return
        match message:
            case AutoRequested():
                await self._app.push_screen(AutoScreen(around))
            case AutoGroupRequested():
                await self._app.push_screen(AutoGroupScreen(around, message.group))
            case AutoHistoryRequested():
                await self._app.push_screen(AutoHistoryScreen(around, message.group))
            case AutoEventRequested():
                await self._app.push_screen(AutoEventScreen(around, message.key))

    def _check(self, around: Surroundings) -> None:
        if self._auto is None or around.auto.unchecked:
            self._app.say_here(f"Not looked at: {around.auto.unchecked or 'the console is still starting'}.")
            return
        self._auto.check()
        self._app.say_here("Looking at the conditions for being armed …")

    # ---------------------------------------------------------------------------------------------------- the acts

    async def _acts(self, around: Surroundings, group: str) -> None:
        """Show what can be decided."""
        from screens.auto_offers import offers
        from screens.dialogs.acts import ActMenu, Chosen

        stand = around.auto.get(group)
        if stand is None:
            return

        def answered(chosen: Chosen | None) -> None:
            if chosen is not None:
                self._app.post_message(AutoActChosen(group, chosen.order.strip()))

        title = f"Automatic failover of {group}, {stand.state}"
        menu = ActMenu(around, title, offers(stand, around.auto, around.clock()), KEYS, "can be decided now")
        await self._app.push_screen(menu, answered)

    async def _chosen(self, around: Surroundings, group: str, word: str) -> None:
        """Ask what has to be said for it, and do it; or say why it is not right."""
        from screens import auto_offers as its

        stand = around.auto.get(group)
        if stand is None:
            return
        offer = next(o for o in its.offers(stand, around.auto, around.clock()) if o.word == word)
        if offer.why_not is not None or around.auto.why_not:
            self._app.say_here(f"{offer.name} is not right: {offer.why_not or around.auto.why_not}.")
            return
        match word:
            case its.ARM:
                await self._arm(around, stand)
            case its.APPROVE:
                await self._approve(around, stand)
            case its.DISARM:
                await self._disarm(around, stand)
            case its.VETO:
                await self._veto(around, stand)
            case its.WINDOW:
                await self._begin_window(around, stand.group.source_site, stand.group.name)
            case its.END:
                await self._end_window(around, stand)
            case _:
                await self._judge(around, stand, word)

    async def _arm(self, around: Surroundings, stand: Stand) -> None:
        from app.recovery.auto.acts import bound
        from screens.dialogs.auto_forms import arming_form

        name = stand.group.name

        def answered(bound_s: float | None) -> None:
            if bound_s is not None:
                asked = f"Asked to arm {name}. Another person has to approve: a, or drdeck auto arm {name} --approve"
                self._aside(lambda auto: (auto.ask(name, bound_s), asked)[1], f"Looking whether {name} can be armed …")

        await self._app.push_screen(arming_form(stand, bound, around.ascii_only), answered)

    async def _approve(self, around: Surroundings, stand: Stand) -> None:
        from screens.auto_words import armed_text

        name = stand.group.name
        text, _ = armed_text(stand, around.clock())
        told = (
            f"{text[0].upper()}{text[1:]}.",
            f"You agree as the second person: {name} then fails over by itself where every condition of an outage "
            "holds at one moment, and loses up to what was accepted. It ends after 30 days, and with any failover.",
            "The conditions for being armed are looked at once more before.",
        )

        def approve(auto: ConsoleAuto) -> str:
            made = auto.approve(name)
            return f"{name} is armed until {made.until:%Y-%m-%d %H:%M} UTC."

        waiting = f"Looking whether {name} can be armed …"
        await self._sure(around, f"Approve the arming of {name}", told, "Approve", approve, waiting)

    async def _disarm(self, around: Surroundings, stand: Stand) -> None:
        from screens.dialogs.typed import Typed, TypedDialog
        from screens.firstrun_base import paragraph

        name = stand.group.name

        def answered(typed: Typed | None) -> None:
            if typed is not None:
                self._aside(lambda auto: auto.disarm(name, typed[0]))

        words = "At once, whatever is under way: it fails over by itself no more. People still can."
        dialog = TypedDialog(
            around.titled(f"Disarm {name}"), lambda width: paragraph(words, width), reason=True, accept="Disarm",
            ascii_only=around.ascii_only,
        )  # fmt: skip
        await self._app.push_screen(dialog, answered)

    async def _veto(self, around: Surroundings, stand: Stand) -> None:
        name = stand.group.name
        told = (
            f"Nothing is done by itself about {stand.event.id if stand.event else 'it'}, however long it lasts.",
            "It stays armed for the next one. People can still fail it over: Replicas (5), a.",
        )

        def veto(auto: ConsoleAuto) -> str:
            return f"Nothing is done by itself about {auto.veto(name).id}."

        await self._sure(around, f"Veto the automatic failover of {name}", told, "Veto", veto)

    async def _begin_window(self, around: Surroundings, site: str, target: str) -> None:
        from app.recovery.auto.windows import window
        from app.recovery.operations import who
        from screens.dialogs.auto_forms import maintenance_form

        groups = [(one.group.source_site, one.group.targets) for one in around.auto.seen.stands]
        known = ([each.name for each in around.sites], groups)

        def named(site: str, name: str) -> bool:
            return _is_at(around, site, name)

        def judge(
            site: str, target: str | None, times: tuple[str | None, str], reason: str, zone: str | None
        ) -> Window:
            return window(site, target, times, reason, who(), known, around.clock(), zone=zone, named=named)

        def answered(made: Window | None) -> None:
            if made is not None:
                self._aside(lambda auto: f"Maintenance {auto.add_window(made).id} until {made.ends:%m-%d %H:%M} UTC.")

        await self._app.push_screen(maintenance_form(site, target, judge, around.clock, around.ascii_only), answered)

    async def _window(self, around: Surroundings, number: int | None) -> None:
        """Begin maintenance, or end that of this number."""
        if around.auto.why_not:
            self._app.say_here(f"It is not right: {around.auto.why_not}.")
        elif number is None:
            await self._begin_window(around, around.sites[0].name if around.sites else "", "")
        else:
            found = next((each for each in around.auto.seen.windows if each.id == number), None)
            if found is not None:
                await self._end(around, found)

    async def _end_window(self, around: Surroundings, stand: Stand) -> None:
        from screens.auto_offers import open_window

        found = open_window(stand, around.auto, around.clock())
        if found is not None:
            await self._end(around, found)

    async def _end(self, around: Surroundings, found: Window) -> None:
        from screens.auto_words import window_text

        text, _ = window_text(found, around.clock())

        def end(auto: ConsoleAuto) -> str:
            return f"Maintenance {auto.end_window(found.id).id} is over."

        told = (f"{text}.", "What is armed may fail over by itself again from the next look on.",
                "The silences that it bounds end with it.")  # fmt: skip
        await self._sure(around, f"End maintenance {found.id}", told, "End", end)

    async def _judge(self, around: Surroundings, stand: Stand, word: str) -> None:
        from screens.auto_offers import to_judge
        from store.auto_records import Judgement

        found, judgement = to_judge(stand, around.auto), Judgement(word)
        if found is None:
            return
        told = (f"{found.id}: {found.words}.", f"You say that this would have been {judgement}. It is kept.")

        def keep(auto: ConsoleAuto) -> str:
            return f"{auto.judge(found.id, judgement).id}: {judgement}."

        await self._sure(around, f"Judge {found.id}", told, "Keep", keep)

    # -------------------------------------------------------------------------------------------------- underneath

    async def _sure(
        self,
        around: Surroundings,
        title: str,
        told: tuple[str, ...],
        accept: str,
        do: Callable[[ConsoleAuto], str],
        waiting: str = "",
    ) -> None:
        from screens.dialogs.accept import AcceptDialog

        def answered(sure: bool | None) -> None:
            if sure:
                self._aside(do, waiting)

        dialog = AcceptDialog(around.titled(title), told, accept=accept, ascii_only=around.ascii_only)
        await self._app.push_screen(dialog, answered)

    def _aside(self, do: Callable[[ConsoleAuto], str], waiting: str = "") -> None:
        """Do it on a thread, and say what came of it."""
        auto = self._auto
        if auto is None:
            self._app.say_here("Automatic failover is not read yet: try again.")
            return
        if waiting:
            self._app.say_here(waiting)

        def guarded() -> None:
            from app.permits import RefusedError
            from store.auto import HeldError
            from store.errors import StoreError

            lasting = False
            try:
                text = do(auto)
            except (HeldError, StoreError, RefusedError) as error:
                text, lasting = f"Refused: {str(error).rstrip('.')}.", True
            except Exception as error:  # its text may hold anything, a secret too
                text, lasting = f"Not done: a defect, {type(error).__name__}.", True
            self._app.post_message(AutoTold(text, lasting))

        threading.Thread(target=guarded, name="automatic failover desk", daemon=True).start()


def _is_at(around: Surroundings, site: str, name: str) -> bool:
    """Whether a device of the site is called so, or something that one of them said."""
    from screens.finding import object_named

    scene = around.scene()
    if (status := scene.device(name)) is not None:
        return status.site == site
    systems = (entry for entry in scene.view.entries("system") if getattr(entry.obj, "name", "") == name)
    if any(scene.site(entry) == site for entry in systems):
        return True
    found = object_named(scene, name)
    if isinstance(found, str):
        return False
    if found[0] == "rcg_pair":
        return any(scene.site(entry) == site for entry in scene.index.group("rcg", "pair", found[1]))
    entry = scene.view.get(*found)
    return entry is not None and scene.site(entry) == site and getattr(entry.obj, "name", "") == name
