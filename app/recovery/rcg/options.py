"""What an operator may say besides the verb and the groups."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class Options(Struct, frozen=True):
    """``disaster``: the natural primary is not asked. ``exports`` False: no VLUN is made on the side that takes over.
    ``hosts`` maps a host's name on the side that served to its name on the other, where they differ.
    ``conflict_delay_s`` is how long the serving side's hosts have to give their volumes up before these are taken away.
    ``wave`` is how many groups of one run are acted on at a time."""

    disaster: bool = False
    exports: bool = True
    hosts: Mapping[str, str] = field(default_factory=dict)
    conflict_delay_s: float = 0.0
    wave: int = 16
