"""How an order about LPARs can go on, word by word: for completion in the console."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from app.lpar_command import VERBS
from screens.scene import Scene
from store.drills import DRILL
from store.estate import LparState
from store.runs import Run

_OPTIONS = {
    "failover": ("--disaster", "--immediate", "--wave"),
    "failback": ("--immediate", "--wave"),
    "drill": ("--wave",),
}
_UP_THERE = ("reprotect", "failback")
"""What follows a failover: only LPARs that run at the recovery site are offered."""


def completions(typed: str, scene: Scene, owing: Mapping[str, Run]) -> list[str]:
    """Whole texts, each one word longer than what is typed. ``owing`` are the drills that are not cleaned up."""
    head, _, begun = typed.rpartition(" ")
    words = head.split()
    if words == ["lpar"] and begun in VERBS:
        head, words, begun = f"{head} {begun}", [*words, begun], ""
    if len(words) < 2:
        return [f"lpar {verb}" for verb in VERBS] if words in ([], ["lpar"]) else []
    if words[0] != "lpar" or words[1] not in VERBS:
        return []
    return [f"{head} {word}" for word in dict.fromkeys(_next(words[1], words[2:], begun, scene, owing))]


def _next(verb: str, given: Sequence[str], begun: str, scene: Scene, owing: Mapping[str, Run]) -> Iterable[str]:
    if verb == "cleanup":
        return [] if given else [drill for drill, run in owing.items() if run.plan.verb == DRILL]
    if given and given[-1] == "--wave":
        return ["16", "32"]
    options = [option for option in _OPTIONS.get(verb, ()) if option not in given]
    if begun.startswith("-"):
        return options
    names = [shlex.quote(name) for name in _names(scene, up=verb in _UP_THERE, defined=verb != "align")]
    left = [name for name in names if name not in given]
    return [*left, *options] if given else left


def _names(scene: Scene, *, up: bool, defined: bool) -> list[str]:
    """The protected LPARs that both sites know, in order of their names; with ``up`` those that run at the recovery
    site, and unless they must be ``defined`` there those that only home knows too."""
    covered = scene.readiness.covered
    if covered is None:
        return []
    glances = scene.index.glances("lpar")
    at: dict[str, set[str]] = {covered.nominal: set(), covered.recovery: set()}
    for entry in scene.view.entries("lpar"):
        seen, site = glances.get(entry.key), scene.site(entry)
        if seen is None or site not in at or entry.gone:
            continue
        if site == covered.nominal or not up or seen.state is not LparState.NOT_ACTIVATED:
            at[site].add(seen.name)
    found = at[covered.nominal] & at[covered.recovery] if defined else at[covered.nominal]
    return sorted(name for name in found if covered.protects(name))
