"""A line to type in. Its cursor stands still: a blinking one sends bytes for as long as it stands."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widgets import Input


class Entry(Input):
    """An ``Input`` whose cursor does not blink."""

    cursor_blink = reactive(False, init=False)
