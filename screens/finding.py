"""Finding things by their name: screens, actions and objects, for the palette and for ``:open``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from screens.actions import Action, Situation, at, how, refusal
from screens.scene import Scene

MOST = 200
"""How many finds are listed; that there are more is said."""

KIND_WORDS = {"lpar": "LPAR", "pgroup": "protection group", "rcg": "RCG", "vm": "VM", "device": "device"}
"""The kinds of object that have a detail of their own."""


class Choice(Struct, frozen=True):
    """Something that can be found. ``where`` says what it is; ``why_not`` why it cannot be done now."""

    name: str
    where: str
    action: Action | None = None
    target: tuple[str, str] | None = None
    why_not: str | None = None


def actions(situation: Situation) -> list[Choice]:
    """What can be done at a place, each with its key."""
    return [
        Choice(action.description, f"{action.name}  {how(action)}", action=action, why_not=refusal(action, situation))
        for action in at(situation.place)
        if not action.id.startswith("move.") and action.id not in ("palette", "how_to_quit", "command")
    ]


def objects(scene: Scene) -> Iterator[Choice]:
    """Every object that has a detail, of those that have been looked at so far."""
    for name, device in scene.index.devices.items():
        yield Choice(name, f"device, {device.site}", target=("device", name))
    for kind in ("lpar", "pgroup", "vm"):
        for entry in scene.view.entries(kind):
            seen = scene.index.glances(kind).get(entry.key)
            if seen is not None:
                yield Choice(seen.name, f"{KIND_WORDS[kind]}, {_place(scene, entry.device)}", target=(kind, entry.key))
    for pair in scene.index.groups("rcg", "pair"):
        yield Choice(pair.partition(":")[2], "RCG", target=("rcg_pair", pair))


def _place(scene: Scene, device: str) -> str:
    status = scene.device(device)
    return device if status is None else f"{status.site} {device}"


def found(choices: Iterable[Choice], text: str) -> list[Choice]:
    """The choices that a text finds, the likeliest first: names that begin with it, then words that do, then names or
    places that hold it, then names that hold its letters in this order."""
    wanted = text.lower().strip()
    if not wanted:
        return list(choices)
    ranked = [(rank, choice) for choice in choices if (rank := _rank(choice, wanted)) < 9]
    ranked.sort(key=lambda item: (item[0], item[1].name, item[1].where))
    return [choice for _, choice in ranked]


def _rank(choice: Choice, wanted: str) -> int:
    name, where = choice.name.lower(), choice.where.lower()
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    if any(word.startswith(wanted) for word in f"{name} {where}".split()):
        return 2
    both = f"{name} {where}"
    if all(word in both for word in wanted.split()):
        return 3
    letters = iter(name)
    return 4 if all(letter in letters for letter in wanted if letter != " ") else 9


def object_named(scene: Scene, name: str) -> tuple[str, str] | str:
    """What ``:open NAME`` opens; a sentence where it is not one thing."""
    scene.index.work(float("inf"))
    exact = [choice for choice in objects(scene) if choice.name.lower() == name.lower()]
    likely = exact or [choice for choice in objects(scene) if choice.name.lower().startswith(name.lower())]
    targets = {choice.target: choice for choice in likely if choice.target is not None}
    if len(targets) == 1 or (exact and len({target[0] for target in targets}) == 1):
        return next(iter(targets))
    if not targets:
        return f"Nothing that is known is called {name}."
    named = ", ".join(f"{choice.name} ({choice.where})" for choice in list(targets.values())[:4])
    return f"{name} could be {len(targets)} things: {named}{' …' if len(targets) > 4 else ''}"
