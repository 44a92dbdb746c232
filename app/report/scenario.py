"""What kind of run it was, in words, by its plan and by what was typed for it."""

from __future__ import annotations

from collections.abc import Sequence

_EXERCISES = frozenset({"drill", "cleanup"})

_KINDS = {
    "drill": "Drill: recovered on copies and an isolated network, while production ran on",
    "cleanup": "Clean-up after a drill",
    "failover": "Failover",
    "planned": "Planned migration by a recovery plan",
    "disaster": "Failover by a recovery plan",
    "switchover": "Switchover",
    "promote": "Promotion of the copy",
    "failback": "Failback",
    "recover": "Recovery of the former primary side",
    "restore": "Restore",
    "reverse": "Reversal of the roles",
    "reprotect": "Reprotection: replicated back from where it runs",
    "undo": "Undoing of a failover",
}


_RECOVERS = frozenset({"drill", "failover", "planned", "disaster", "switchover", "promote", "failback", "restore"})


def _word(verb: str) -> str:
    return verb.split()[-1] if verb else ""


def recovers(verb: str) -> bool:
    """Whether the run brings production, or an exercise of it, up somewhere: then there is a recovery time."""
    return _word(verb) in _RECOVERS


def exercise(verb: str) -> bool:
    """Whether the run only tries what a recovery would do, or takes that away again."""
    return _word(verb) in _EXERCISES


def scenario(verb: str, typed: Sequence[str]) -> str:
    """``Failover in a disaster: site oslo is dark``; a verb that is no recovery is named as it is."""
    name = _KINDS.get(_word(verb), f"No recovery: {verb}")
    dark = [words for words in typed if words.startswith("site ") and words.endswith(" is dark")]
    if dark:
        return f"{name} in a disaster: {', '.join(dark)}"
    if _word(verb) in ("failover", "switchover", "failback", "disaster"):
        lost = [words for words in typed if words.startswith("lose ")]
        return f"{name}, with a loss accepted ({', '.join(lost)})" if lost else f"{name}, planned"
    return name
