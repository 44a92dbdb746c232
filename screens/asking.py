"""What an action asks the App for, where that is all it does: the same on every screen. Pure."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from screens import messages
from screens.auto_messages import MaintenanceRequested
from screens.room_messages import RoomRequested
from screens.run_messages import OrderGiven

ASKS: dict[str, Callable[[str], Message]] = {
    "pane": messages.PaneRequested,
    "help": lambda _: messages.HelpRequested(),
    "palette": lambda _: messages.PaletteRequested(),
    "find": messages.ObjectRequested,
    "site": lambda site: messages.SiteRequested(None if site in ("", "all") else site),
    "order": OrderGiven,
    "room": RoomRequested,
    "maintenance": lambda _: MaintenanceRequested(),
    "theme": messages.ThemeRequested,
    "slow": lambda switch: messages.SlowLineRequested(None if not switch else switch == "on"),
    "suspend": lambda _: messages.SuspendRequested(),
    "quit": lambda _: messages.QuitRequested(),
}
"""By the first word of the action's id; given what it is told, empty where that is nothing."""
