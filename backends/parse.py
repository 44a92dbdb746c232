"""Addresses in the one form each has: parse, don't repair. Display separators are removed, nothing else."""

from __future__ import annotations

import re

from backends.outcome import ParseError

_WWPN = re.compile(r"[0-9a-f]{16}")
_MAC = re.compile(r"[0-9A-F]{12}")
_COLON_WWPN = re.compile(r"(?:[0-9a-f]{2}:){7}[0-9a-f]{2}")
_COLON_MAC = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}")


def wwpn(text: str) -> str:
    """``c0507609a1b20010`` or ``C0:50:76:09:A1:B2:00:10`` → 16 lower-case hex digits. Raises :class:`ParseError`."""
    low = text.lower()
    if _COLON_WWPN.fullmatch(low):
        low = low.replace(":", "")
    if not _WWPN.fullmatch(low):
        raise ParseError("a WWPN of 16 hex digits", text)
    return low


def mac(text: str) -> str:
    """``FE9F66D5360C`` or ``fe:9f:66:d5:36:0c`` → 12 upper-case hex digits. Raises :class:`ParseError`."""
    up = text.upper()
    if _COLON_MAC.fullmatch(up):
        up = up.replace(":", "")
    if not _MAC.fullmatch(up):
        raise ParseError("a MAC address of 12 hex digits", text)
    return up
