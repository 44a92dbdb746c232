"""Copying over any number of hops: the escape sequence by which a terminal puts a text on its operator's clipboard.

Only OSC 52 reaches the desk of somebody who sits behind SSH. tmux and GNU screen keep it for themselves unless it is
wrapped for them. Pure.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import StrEnum

LONGEST = 74_994
"""How many encoded bytes are sent at most: terminals drop a longer sequence without a word."""

SCREEN_CHUNK = 240
"""GNU screen drops a device control string above 256 bytes, its own frame included."""


class Way(StrEnum):
    """How a copied text leaves: ``auto`` is one of the others, by what the terminal says it is."""

    AUTO = "auto"
    OSC52 = "osc52"
    TMUX = "tmux"
    SCREEN = "screen"
    OFF = "off"


def way(setting: Way, environment: Mapping[str, str]) -> Way:
    """The way to use, never ``auto``: wrapped inside tmux and GNU screen, none on a text console of a machine."""
    if setting is not Way.AUTO:
        return setting
    if environment.get("TMUX"):
        return Way.TMUX
    if environment.get("STY"):
        return Way.SCREEN
    return Way.OFF if environment.get("TERM", "").startswith(("linux", "vt")) else Way.OSC52


def sequence(text: str, by: Way) -> str | None:
    """What to write to the terminal; None: nothing can be sent, as the way is off or the text too long."""
    encoded = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    if len(encoded) > LONGEST:
        return None
    # Ended by BEL: the other terminator begins with an escape, which would end the frame of GNU screen.
    bare = f"\x1b]52;c;{encoded}\x07"
    match by:
        case Way.OSC52:
            return bare
        case Way.TMUX:
            return "\x1bPtmux;" + bare.replace("\x1b", "\x1b\x1b") + "\x1b\\"
        case Way.SCREEN:
            chunks = [bare[start : start + SCREEN_CHUNK] for start in range(0, len(bare), SCREEN_CHUNK)]
            return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)
        case _:
            return None
