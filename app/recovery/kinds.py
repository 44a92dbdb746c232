"""The kinds of step there are: from a step to what the store keeps of it, and back."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from store.recorded import RecordError, from_text, to_text

if TYPE_CHECKING:
    from app.recovery.step import Step

FRESH = frozenset({"lpar.activate", "vm.start"})
"""Kinds of step whose verb rests on looks of its very moment: what goes live twice cannot be taken back."""


class UnknownStepError(ValueError):
    """The store keeps a step that this program does not know, or not in this form."""


ASKED = frozenset({"plan.command"})
"""Kinds of step of which no look tells whether they were done: where that is not known they are done anew on the word
of a person about that very step, and on nothing else."""


OWN_SESSIONS = frozenset({"vm.carry", "vmbackup.export", "vmbackup.restore", "vmbackup.seal"})
"""Kinds of step that take a session of two devices, or of none: one of theirs is not reserved before they act."""


def made(kind: str, params: str) -> Step:
    """The step out of its stored kind and parameters. Raises :class:`UnknownStepError`."""
    from app.recovery.step_classes import KINDS

    if kind not in KINDS:
        raise UnknownStepError(f"a step of kind {kind!r}: this program does not know it")
    try:
        step: Step = from_text(KINDS[kind], params)
    except RecordError as error:
        raise UnknownStepError(f"a step of kind {kind}: {error}") from None
    return step


def stored(step: Step) -> tuple[str, str]:
    """Kind and parameters of a step, as the store keeps them."""
    return _names()[type(step)], to_text(step)


@cache
def _names() -> dict[type, str]:
    from app.recovery.step_classes import KINDS

    return {cls: kind for kind, cls in KINDS.items()}
