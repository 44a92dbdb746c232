"""How an order about replicated VMs can go on, word by word: for completion in the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.vm_command import ONE, SHOWN, VERBS
from store.drills import VM_DRILL
from store.replications import Replicated
from store.runs import Run

_OPTIONS = {
    "failover": ("--disaster", "--immediate", "--wave"),
    "restore": ("--to", "--name", "--datastore", "--network", "--keep-mac"),
}
_ORDERS = tuple(verb for verb in VERBS if verb not in SHOWN)


def completions(typed: str, replicated: Sequence[Replicated], owing: Mapping[str, Run]) -> list[str]:
    """Whole texts, each one word longer than what is typed. ``owing`` are the drills that are not cleaned up."""
    head, _, begun = typed.rpartition(" ")
    words = head.split()
    if words == ["vm"] and begun in _ORDERS:
        head, words, begun = f"{head} {begun}", [*words, begun], ""
    if len(words) < 2:
        return [f"vm {verb}" for verb in _ORDERS] if words in ([], ["vm"]) else []
    if words[0] != "vm" or words[1] not in _ORDERS:
        return []
    verb, given = words[1], words[2:]
    if verb == "cleanup":
        drills = [drill for drill, run in owing.items() if run.plan.verb == VM_DRILL]
        return [] if given else [f"{head} {drill}" for drill in drills]
    if verb in ONE and given:
        return []
    # A backup is of the machine itself; one that is restored is a path, which is nowhere in the store.
    known = [one.vm if verb == "backup" else one.name for one in replicated if verb != "restore"]
    names = [name for name in dict.fromkeys(known) if name not in given]
    options = [option for option in _OPTIONS.get(verb, ()) if option not in given]
    found = options if begun.startswith("-") else [*names, *options] if given else names
    return [f"{head} {word}" for word in found]
