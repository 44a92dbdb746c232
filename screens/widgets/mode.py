"""What can be typed into the prompt."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What is typed, by the sign in front of it."""

    FILTER = "/"
    COMMAND = ":"
