"""What every screen has: band and tabs above, a footer below, keys from the registry, and a tick for the ages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key, Resize, ScreenResume
from textual.widget import Widget

from screens import auto_words, messages
from screens.actions import BY_ID, Action, Place, Situation, Takes, for_key, refusal
from screens.alert_words import banner_lines as alert_lines
from screens.asking import ASKS
from screens.audit_messages import AuditRequested, ComplianceRequested
from screens.auto_messages import AutoRequested
from screens.capacity_messages import CapacityRequested, CostRequested
from screens.cells import Cell, Line, Tone
from screens.choices import choices
from screens.commands import Command, CommandError, candidates, understand
from screens.head import band, footer, notice_lines, tabs
from screens.infra_messages import InfraRequested
from screens.painted_once import PaintedOnce
from screens.plan_messages import PlansRequested
from screens.run_words import banner_lines
from screens.scene import Scene
from screens.surroundings import Surroundings
from screens.widgets.block import Block
from screens.widgets.mode import Mode

if TYPE_CHECKING:
    from screens.widgets.prompt import Prompt
    from store.runs import Run

SAID_S = 6.0
"""How long a said sentence stands in the footer, in seconds."""

ONE_TICK = timedelta(seconds=1)

AT_ONCE_S = 0.005
"""How long what changed is looked at before it is shown; the rest follows between keys."""

HOW_TO_QUIT = "Ctrl+q quits drdeck. Nothing on any device changes."


class EstateScreen(PaintedOnce[None]):
    """A screen over the estate. Subclasses give the body, its content and what keys do to it."""

    AUTO_FOCUS = None
    PLACE: ClassVar[Place] = Place.PANE
    BINDINGS: ClassVar[list[BindingType]] = []
    PANE: ClassVar[str | None] = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__()
        self.around = around
        self._said: str | None = None
        self._said_until = 0.0
        self._drawn_version = -1
        self._uncounted = False
        self._drawn_as: tuple[object, ...] = ()
        self._drawn_at: datetime | None = None
        self._above = 2
        self._prompt: Prompt | None = None
        self._foot_says: tuple[Situation, int, str | None] | None = None
        self.head = Block(id="head", ascii_only=around.ascii_only)
        self.foot = Block(id="foot", ascii_only=around.ascii_only)

    def compose(self) -> ComposeResult:
        yield self.head
        yield from self.body()
        yield self.foot

    # --------------------------------------------------------------------------------------- for the subclasses

    def body(self) -> Sequence[Widget]:
        """The widgets between head and footer."""
        raise NotImplementedError

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        """The lines below the tabs: trouble and summary."""
        return ()

    def draw(self, scene: Scene) -> None:
        """Show the estate in the body; repaints only what came out different."""
        raise NotImplementedError

    def tick_body(self, scene: Scene) -> None:
        """Show the body at a new time: the same estate with other ages."""
        self.draw(scene)

    def move(self, how: str) -> None:
        """Move the cursor or scroll."""

    def work(self, seconds: float) -> bool:
        """Go on with what can be done between two keys, for about so many seconds; True when all is done."""
        done = self.around.index.work(seconds)
        if done and self._uncounted:
            self._uncounted = False
            self.counted()
        return done

    def counted(self) -> None:
        """All that is counted of the estate is known now, which it was not when this was drawn."""
        self.redraw()

    @property
    def runs_told(self) -> tuple[Run, ...]:
        """The runs that the banner is about."""
        return self.around.runs.alive

    @property
    def row_selected(self) -> bool:
        return False

    @property
    def further(self) -> str | None:
        """The word for what Enter leads to, where that depends on what is shown."""
        return None

    @property
    def filtered(self) -> bool:
        """Whether Esc clears a filter before it goes back."""
        return False

    @property
    def device_to_sweep(self) -> str | None:
        """The device that *Read now* is about; None: all of them."""
        return None

    def choices(self, takes: Takes, typed: str) -> Sequence[str]:
        """What a command can be told here, where so much of it is typed."""
        return choices(takes, typed, self.around)

    # -------------------------------------------------------------------------------------------------- drawing

    @property
    def width(self) -> int:
        return self.app.size.width

    def situation(self) -> Situation:
        around = self.around
        return Situation(
            self.PLACE,
            around.read_only,
            self.row_selected,
            around.sweeping(),
            around.cached,
            self.further,
            self.filtered,
            lacks=around.lacks,
        )

    def redraw(self) -> None:
        """Show the estate as it is now: after a change, on the way back to this screen, and at another size."""
        scene = self.around.scene()
        self._uncounted = not scene.index.work(AT_ONCE_S if self._drawn_as else 0)  # first of all there is a screen
        self._drawn_version = scene.index.version
        self._drawn_as, self._drawn_at = self._seen_as(), scene.now
        self._draw_head(scene, self._below(scene))
        self.draw(scene)
        self._draw_foot()

    def changed(self) -> int:
        """Show what changed in the view; returns how many cells of a table that was, where it is known."""
        self.redraw()
        return 0

    def renew(self, scene: Scene) -> None:
        """Show the estate as it is now, ages and counts too."""
        self.redraw()

    def _seen_as(self) -> tuple[object, ...]:
        """All that a drawing depends on besides what the screen itself was told."""
        around = self.around
        versions = (
            around.view.version,
            around.runs.version,
            around.schedules.version,
            around.readiness.version,
            around.vm_readiness.version,
            around.auto.version,
            around.alerts.version,
            around.incidents.version,
            around.incidents.working_on,
        )
        return (versions, self.app.size, around.site, around.notice)

    def _redraw_if_other(self) -> None:
        # Showing a screen comes with several events of its size: it is drawn for the first of them only.
        if self._drawn_as != self._seen_as():
            self.redraw()

    def tick(self) -> None:
        """Let the ages grow. Called once a second while the screen is shown; sends nothing where no text changed."""
        scene = self.around.scene()
        if scene.index.version != self._drawn_version or int(scene.now.timestamp()) % 10 == 0:
            self.renew(scene)
        else:
            self._draw_head(scene, self._kept_below(scene))
            self.tick_body(scene)
        if self._said is not None and scene.now.timestamp() >= self._said_until:
            self._said = None
        self._draw_foot()

    def _draw_head(self, scene: Scene, below: Sequence[Line]) -> None:
        width = self.width
        runs = banner_lines(self.runs_told, self.around.looking, scene, width, self.around.runs.trouble)
        alerts = alert_lines(self.around.alerts, self.around.incidents, scene.now, width)
        banner = (*auto_words.banner_lines(self.around.auto, scene.now, width), *alerts, *runs)
        self._above = 2 + len(banner)
        self.head.show([band(scene, width, self.around), tabs(self.PANE, width), *banner, *below])

    def _kept_below(self, scene: Scene) -> Sequence[Line]:
        """What stands below band, tabs and banner while only time goes on."""
        return self.head.lines[self._above :]

    def runs_changed(self) -> None:
        """Show what changed of the runs: the banner, on every screen."""
        self.redraw_head()

    def auto_changed(self) -> None:
        """Show what changed of automatic failover: the banner, on every screen."""
        self.redraw_head()

    def infra_changed(self) -> None:
        """Show what was read of the infrastructure, where that is shown."""

    def room_changed(self) -> None:
        """Show what changed of alerts and incidents: the banner, on every screen."""
        self.redraw_head()

    def schedules_changed(self) -> None:
        """Show what changed of the schedules, where they are shown."""

    def redraw_head(self) -> None:
        scene = self.around.scene()
        self._draw_head(scene, self._below(scene))

    def _below(self, scene: Scene) -> Sequence[Line]:
        return (*notice_lines(scene, self.around.notice, self.width), *self.head_lines(scene, self.width))

    def _draw_foot(self) -> None:
        now = (self.situation(), self.width, self._said)
        if now != self._foot_says:
            self._foot_says = now
            self.foot.show([footer(*now)])

    def say(self, text: str) -> None:
        """Say a sentence in place of the footer, until the next key or for a few seconds."""
        self._said = text
        self._said_until = self.around.clock().timestamp() + SAID_S
        self._draw_foot()

    def on_screen_resume(self, event: ScreenResume) -> None:
        if self._drawn_as != self._seen_as():
            self.redraw()
        elif self._drawn_at is None or self.around.clock() - self._drawn_at >= ONE_TICK:
            self.tick()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._redraw_if_other)

    # --------------------------------------------------------------------------------------------------- prompt

    def on_key(self, event: Key) -> None:
        """What a key does is done here and now, not by a later message as the toolkit would: so keys take effect in the
        order in which they were pressed, and those behind one that opens the prompt, of fast fingers or one packet of a
        slow line, belong to the prompt."""
        if self._prompt is not None:
            if self._prompt.waits or (event.is_printable and event.character is not None):
                event.stop()
                event.prevent_default()
                self._prompt.take(event)
        elif (action := for_key(self.PLACE, event.key)) is not None:
            event.stop()
            event.prevent_default()
            self.action_do(action.id)

    def _ask(self, mode: Mode, text: str = "") -> None:
        """Open the line at the bottom."""
        from screens.widgets.prompt import Prompt

        if self._prompt is not None:
            return
        history = self.around.typed[mode]
        self._prompt = Prompt(mode, text, history, self._completions, self._typed, ascii_only=self.around.ascii_only)
        self.foot.display = False
        self.mount(self._prompt)

    def _completions(self, text: str) -> Sequence[str]:
        return candidates(text, self.PLACE, self.choices)

    def _close_prompt(self) -> None:
        if self._prompt is not None:
            self.set_focus(None)
            self._prompt.remove()
            self._prompt = None
            self.foot.display = True
            self._draw_foot()

    def _typed(self, mode: Mode, text: str) -> None:
        if self._prompt is not None:
            self.prompt_typed(mode, text)

    # Textual calls the handlers of a message in every class of a screen: those below are in this class alone, and call
    # what subclasses give.

    def on_prompt_accepted(self, message: Prompt.Accepted) -> None:
        self._close_prompt()
        self._remember(message.mode, message.text)
        self.prompt_accepted(message.mode, message.text)

    def on_prompt_left(self, message: Prompt.Left) -> None:
        self._close_prompt()
        self.prompt_left(message.mode)

    def prompt_typed(self, mode: Mode, text: str) -> None:
        """Something was typed."""
        if self._prompt is not None and mode is Mode.COMMAND:
            words = [candidate.rpartition(" ")[2] for candidate in self._completions(text)]
            self._prompt.hint((Cell("  ".join(words), Tone.DIM),))

    def prompt_accepted(self, mode: Mode, text: str) -> None:
        """What was typed is what is wanted."""
        if mode is Mode.COMMAND:
            self.command(text)

    def prompt_left(self, mode: Mode) -> None:
        """All is to be as it was before."""

    def _remember(self, mode: Mode, text: str) -> None:
        typed = self.around.typed[mode]
        if text.strip() and (not typed or typed[-1] != text):
            typed.append(text)

    def command(self, text: str) -> None:
        """Do what was typed behind the colon, or say why not."""
        try:
            found = understand(text, self.PLACE, self.choices)
        except CommandError as error:
            self.say(str(error))
            return
        if found is not None:
            self.run_action_of(found)

    # -------------------------------------------------------------------------------------------------- actions

    def action_do(self, action_id: str) -> None:
        """Run an action of the registry, or say why not."""
        self.run_action_of(Command(BY_ID[action_id]))

    def open_detail(self, kind: str, key: str) -> None:
        """Everything known of an object, whatever this screen shows."""
        self.post_message(messages.DetailRequested(kind, key))

    def run_chosen(self, action: Action) -> None:
        """Do what was chosen in the palette; one that must be told something is typed on."""
        if action.needs_word:
            self._ask(Mode.COMMAND, f"{action.command} ")
        else:
            self.run_action_of(Command(action))

    def run_action_of(self, wanted: Command) -> None:
        """The one gate for every key and every command."""
        action = wanted.action
        reason = refusal(action, self.situation())
        if reason is not None:
            self.say(reason)
            return
        if self._said is not None:
            self._said = None
            self._draw_foot()
        self._perform(action, wanted.word)

    def _perform(self, action: Action, word: str | None) -> None:
        name, _, _ = action.id.partition(".")
        if name in ASKS:
            self.post_message(ASKS[name](action.argument or word or ""))
            return
        do = getattr(self, f"do_{name}")
        if action.argument is not None:
            do(action.argument)
        elif action.takes is not None:
            do(word)
        else:
            do()

    def do_automatic(self) -> None:
        self.post_message(AutoRequested(asked_by=self))

    def do_back(self) -> None:
        self.post_message(messages.BackRequested())

    def do_compliance(self) -> None:
        self.post_message(ComplianceRequested())

    def do_audit(self) -> None:
        self.post_message(AuditRequested())

    def do_plans(self) -> None:
        self.post_message(PlansRequested())

    def do_infra(self) -> None:
        self.post_message(InfraRequested())

    def do_capacity(self) -> None:
        self.post_message(CapacityRequested(asked_by=self))

    def do_cost(self) -> None:
        self.post_message(CostRequested(asked_by=self))

    def do_command(self) -> None:
        self._ask(Mode.COMMAND)

    def do_move(self, how: str) -> None:
        self.move(how)
        self._draw_foot()

    def do_sweep(self, device: str | None) -> None:
        wanted = device or self.device_to_sweep
        self.post_message(messages.SweepRequested(wanted))
        self.say(f"Reading {wanted or 'all devices'} now.")

    def type_command(self, text: str) -> None:
        """Let the operator type a command on from here."""
        self._ask(Mode.COMMAND, text)

    def do_how_to_quit(self) -> None:
        self.say(HOW_TO_QUIT)
