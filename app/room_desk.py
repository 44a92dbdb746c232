"""What the console does with alerts and incidents: shows them, and asks what people decide. For the console; what takes
its time is done on threads, and comes back as messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screens.room_messages import (
    AboutRoom,
    AlertActAsked,
    AlertRequested,
    IncidentActAsked,
    IncidentRequested,
    RoomChanged,
    RoomRequested,
    RuleActAsked,
)

if TYPE_CHECKING:
    from app.console import Console
    from app.room import Room
    from screens.surroundings import Surroundings
    from store.alert_groups import AlertGroup
    from store.alert_records import Rule
    from store.alert_view import AlertView
    from store.incident_records import Incident, IncidentView
    from store.readiness_view import ReadinessView

BeginRoom = Callable[[tuple["AlertView", "IncidentView"], "ReadinessView", Callable[[], object], str, bool], "Room"]

TRIES, AGAIN_S = 60, 5.0
"""So often is it tried to begin, and so long lies between two tries."""

READ_ONLY = "this console is read-only"


@dataclass
class RoomTold(AboutRoom):
    """Something that was asked for was done, or was not; ``text`` says which. ``lasting``: it must not be missed."""

    text: str
    lasting: bool = False


class RoomDesk:
    """``begin`` begins to look at what is wrong, None: nothing does. It is given the views to keep, how LPARs stand,
    what to call when a view changed, why nothing is changed here, and whether no device is read here."""

    def __init__(self, app: Console, begin: BeginRoom | None) -> None:
        self._app = app
        self._begin = begin
        self._room: Room | None = None

    def begin(self, around: Surroundings) -> None:
        """Begin with it, once the runs have begun. Called on a thread. A store that is busy is tried again."""
        if self._begin is None:
            return
        from app.machinery import EndedError
        from store.errors import StoreError

        why_not, views = READ_ONLY if around.read_only else "", (around.alerts, around.incidents)
        for _ in range(TRIES):
            try:
                self._room = self._begin(views, around.readiness, self._changed, why_not, around.cached)
                return
            except EndedError:
                return
            except StoreError as error:
                around.alerts.trouble = f"Alerts cannot be read: {error}"
                self._changed()
                time.sleep(AGAIN_S)

    def _changed(self) -> None:
        self._app.post_message(RoomChanged())

    async def hear(self, around: Surroundings, message: AboutRoom) -> None:
        """Do what a screen, or a thread of this desk, asks for."""
        match message:
            case RoomChanged():
                if self._app.shown is not None:
                    self._app.shown.room_changed()
            case RoomTold():
                (self._app.notice if message.lasting else self._app.say_here)(message.text)
            case AlertActAsked():
                group = around.alerts.get(message.key)
                if group is None:
                    self._app.say_here("It is resolved: there is nothing to do about it.")
                else:
                    await self._alert(around, message.act, group)
            case RuleActAsked():
                await self._rule(around, message.name)
            case IncidentActAsked():
                await self._incident(around, message)
            case RoomRequested() | AlertRequested() | IncidentRequested():
                await self._show(around, message)

    async def _show(self, around: Surroundings, message: RoomRequested | AlertRequested | IncidentRequested) -> None:
        from screens.alerts import AlertScreen, AlertsScreen, RulesScreen
        from screens.incidents import IncidentScreen, IncidentsScreen

        match message:
            case AlertRequested() if self._app.may_open(message.asked_by):
                await self._app.push_screen(AlertScreen(around, message.key))
            case IncidentRequested() if self._app.may_open(message.asked_by):
                await self._app.push_screen(IncidentScreen(around, message.number))
            case RoomRequested():
                shown = {"alerts": AlertsScreen, "rules": RulesScreen, "incidents": IncidentsScreen}[message.what]
                if type(self._app.screen) is not shown:
                    await self._app.push_screen(shown(around))

    # ------------------------------------------------------------------------------------------------------ alerts

    async def _alert(self, around: Surroundings, act: str, group: AlertGroup) -> None:
        from app import incidents
        from app.alerts import acts
        from app.recovery.operations import login
        from screens.dialogs import room_forms as forms

        plain, key = around.ascii_only, group.key
        match act:
            case "take":
                critical = acts.needs_person(group)
                form = forms.taking_form(
                    group, login(), lambda text: acts.until(text, around.clock(), acts.MOST_ACK), critical=critical,
                    ascii_only=plain,
                )  # fmt: skip
                await self._ask(form, lambda room, t: f"{t[0]} has {key}: {room.take(group, *t)} alerts.")
            case "let go":
                words = "Nobody has it then: people are told again, step by step."
                form_ = forms.reason_form(f"Let {key} go", words, "Why", "Let go", plain)
                await self._ask(form_, lambda room, why: f"{room.let_go(group, why)} alerts of {key} are nobody's.")
            case "silence":
                until = lambda text: acts.until(text, around.clock(), acts.MOST_SILENCE)  # noqa: E731
                silenced = forms.silence_form(group, until, plain)
                site, kind, now = group.site or None, group.kind, around.clock()
                await self._ask(
                    silenced, lambda room, t: f"Silence {room.silence(site, kind, t[0], t[1], now).id} holds."
                )
            case _:
                await self._declare(around, incidents.of_alert(group), key)

    async def _rule(self, around: Surroundings, name: str | None) -> None:
        from app.alerts import rules
        from app.recovery.operations import who
        from screens.dialogs import room_forms as forms

        if name is None:

            def made(texts: Mapping[str, str]) -> Rule:
                site, sites = texts["site"] or None, [each.name for each in around.sites]
                if site is not None and site not in sites:
                    raise ValueError(f"site {site}: expected one of {', '.join(sites)}")
                return rules.made(
                    texts["name"], texts["metric"], texts["condition"], texts["threshold"], texts["lasting"],
                    texts["severity"], who(), around.clock(), site,
                )  # fmt: skip

            form = forms.rule_form(made, around.ascii_only)
            await self._ask(form, lambda room, rule: f"The rule {room.add_rule(rule).name} is saved.")
            return
        told = "It raises nothing any more, and what it raised goes with the next look."
        do: Callable[[Room], str] = lambda room: f"The rule {room.remove_rule(name).name} is gone."  # noqa: E731
        await self._sure(around, f"Remove the rule {name}", told, "Remove", do)

    # --------------------------------------------------------------------------------------------------- incidents

    async def _declare(self, around: Surroundings, first: tuple[str, str, str, str], alert: str | None) -> None:
        from app.recovery.operations import login
        from screens.dialogs import room_forms as forms

        sites = [site.name for site in around.sites]
        form = forms.incident_form(first, login(), sites, around.ascii_only)
        await self._ask(
            form, lambda room, t: f"{room.declare(t[0], t[1], t[2], t[3], t[4], alert).name} is declared: I shows it."
        )

    async def _incident(self, around: Surroundings, message: IncidentActAsked) -> None:
        if message.act == "declare":
            await self._declare(around, ("", "major", "", ""), None)
            return
        found = None if message.number is None else around.incidents.get(message.number)
        if found is None:
            self._app.say_here("It is not among the newest: drdeck incident.")
        elif message.act == "work":
            self._work_on(around, found)
        else:
            await self._about(around, message.act, found)

    def _work_on(self, around: Surroundings, found: Incident) -> None:
        from store.incident_records import IncidentState

        if found.state is IncidentState.RESOLVED:
            self._app.say_here(f"{found.name} is resolved: nothing is run for it.")
            return
        number = None if around.incidents.working_on == found.id else found.id
        words = f"What is run here carries {found.name} from now on." if number else "Runs carry no number any more."
        if self._room is not None:
            self._room.work_on(number)
            self._app.say_here(words)
            self._changed()

    async def _about(self, around: Surroundings, act: str, found: Incident) -> None:
        from screens.dialogs import room_forms as forms
        from store.incident_records import IncidentState

        plain, number = around.ascii_only, found.id
        match act:
            case "note":
                form = forms.reason_form(f"A note on {found.name}", "It goes to the timeline.", "Note", "Save", plain)
                await self._ask(form, lambda room, text: room.note(number, text))
            case "lesson":
                lesson = forms.lesson_form(found, plain)
                await self._ask(lesson, lambda room, t: room.lesson(number, *t))
            case "lead":
                leading = forms.leading_form(found, plain)
                await self._ask(leading, lambda room, t: f"{room.lead(number, *t).commander or 'Nobody'} leads it.")
            case "mitigate":
                back = found.state is IncidentState.MITIGATED
                state = IncidentState.OPEN if back else IncidentState.MITIGATED
                told = f"{found.name} is {state} then: " + (
                    "its cause is not dealt with." if back else "service is back."
                )
                do: Callable[[Room], str] = lambda room: f"{found.name} is {room.mitigated(number, state).state}."  # noqa: E731
                await self._sure(around, f"Say that {found.name} is {state}", told, "Say so", do)
            case _:
                words = f"{found.name} is over. Notes and lessons can still be added."
                end = forms.reason_form(f"Close {found.name}", words, "How", "Close", plain)
                await self._ask(end, lambda room, text: f"{room.close_incident(number, text).name} is resolved.")

    # -------------------------------------------------------------------------------------------------- underneath

    async def _ask(self, form: Any, do: Callable[[Room, Any], str]) -> None:
        """Ask, and do what came of it on a thread."""

        def answered(found: Any) -> None:
            if found is not None:
                self._aside(lambda room: do(room, found))

        await self._app.push_screen(form, answered)

    async def _sure(self, around: Surroundings, title: str, told: str, accept: str, do: Callable[[Room], str]) -> None:
        from screens.dialogs.accept import AcceptDialog

        def answered(sure: bool | None) -> None:
            if sure:
                self._aside(do)

        dialog = AcceptDialog(around.titled(title), (told,), accept=accept, ascii_only=around.ascii_only)
        await self._app.push_screen(dialog, answered)

    def _aside(self, do: Callable[[Room], str]) -> None:
        """Do it on a thread, and say what came of it."""
        room = self._room
        if room is None:
            self._app.say_here("Alerts are not read yet: try again.")
            return

        def guarded() -> None:
            from app.permits import RefusedError
            from store.alerts import AlertError
            from store.errors import StoreError
            from store.incidents import IncidentError

            lasting = False
            try:
                text = do(room)
            except (AlertError, IncidentError, StoreError, RefusedError, ValueError) as error:
                text, lasting = f"Refused: {str(error).rstrip('.')}.", True
            except Exception as error:  # its text may hold anything, a secret too
                text, lasting = f"Not done: a defect, {type(error).__name__}.", True
            self._app.post_message(RoomTold(text, lasting))

        threading.Thread(target=guarded, name="operations room desk", daemon=True).start()
