"""An empty Textual app: what every start and every key is compared with. ``x`` changes its one word."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static


class EmptyApp(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("x", "count", "Count")]
    pressed = 0

    def compose(self) -> ComposeResult:
        yield Static("empty", id="word")

    def action_count(self) -> None:
        self.pressed += 1
        self.query_one("#word", Static).update(f"pressed {self.pressed}")


if __name__ == "__main__":
    EmptyApp().run()
