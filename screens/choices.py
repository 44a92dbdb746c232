"""What commands can be told anywhere: sites, themes, devices, what can be ordered."""

from __future__ import annotations

from collections.abc import Sequence

from screens.action import Takes
from screens.surroundings import Surroundings


def choices(takes: Takes, typed: str, around: Surroundings) -> Sequence[str]:
    """What can stand behind a command that takes this, where so much is typed; empty where anything can."""
    match takes:
        case Takes.SITE:
            return ["all", *(site.name for site in around.sites), *sorted({site.role for site in around.sites})]
        case Takes.THEME:
            return around.themes
        case Takes.DEVICE:
            return list(around.index.devices)
        case Takes.SWITCH:
            return ["on", "off"]
        case Takes.ORDER:
            return around.orders(typed, around.scene())
    return ()
