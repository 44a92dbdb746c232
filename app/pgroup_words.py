"""How an order about protection groups can go on, word by word: for completion in the console."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from msgspec import Struct

from app.pgroup_command import VERBS
from screens.pgroup_offers import held, new_name
from screens.scene import Scene
from store.estate import EstateObject, FlashArray, ProtectionGroup
from store.stored import UnreadableFactsError

_VALUED = ("--on", "--onto", "--to")


class _Order(Struct, frozen=True):
    """What is typed of an order: the words behind its verb that are no options, and the options with their values."""

    places: tuple[str, ...]
    options: dict[str, str]
    open: str | None
    """The option whose value comes next."""


def completions(typed: str, scene: Scene) -> list[str]:
    """Whole texts, each one word longer than what is typed."""
    head, _, begun = typed.rpartition(" ")
    words = head.split()
    if words == ["pgroup"] and begun in VERBS:
        head, words, begun = f"{head} {begun}", [*words, begun], ""
    if len(words) < 2:
        return [f"pgroup {verb}" for verb in VERBS] if words in ([], ["pgroup"]) else []
    if words[0] != "pgroup" or words[1] not in VERBS:
        return []
    return [f"{head} {word}" for word in dict.fromkeys(_next(words[1], _order(words[2:]), begun, scene))]


def _order(words: Sequence[str]) -> _Order:
    places, options, expects = [], {}, None
    for word in words:
        if expects is not None:
            options[expects], expects = word, None
        elif word in _VALUED:
            expects = word
        elif word.startswith("-"):
            options[word] = ""
        else:
            places.append(word)
    return _Order(tuple(places), options, expects)


def _next(verb: str, order: _Order, begun: str, scene: Scene) -> Iterable[str]:
    known = list(_known(scene))
    mine = [one for one in known if one[1].name in order.places[:1] and order.options.get("--on", one[0]) == one[0]]
    if order.open == "--on":
        return [device for device, _ in mine]
    if order.open == "--to":
        return _targets(mine, scene)
    if order.open == "--onto":
        there = [device for device, _ in mine]
        if "--replicate" in order.options:
            there = [order.options["--to"]] if "--to" in order.options else _targets(mine, scene)
        return [group.name for device, group in known if device in there and (device, group) not in mine]
    if begun.startswith("-") or len(order.places) > 1:
        return _options(verb, order.options)
    if not order.places:
        return sorted(group.name for _, group in known)
    return [new_name(scene.now)] if verb == "snapshot" else [name for _, group in mine for name in held(group)]


def _options(verb: str, given: dict[str, str]) -> list[str]:
    """What is offered behind group and name; the command line takes more. First what a clone cannot do without."""
    if verb == "clone" and "--onto" not in given:
        return ["--onto"]
    options = ["--on"] if verb == "restore" else ["--on", "--to" if "--replicate" in given else "--replicate"]
    return [option for option in options if option not in given]


def _known(scene: Scene) -> Iterator[tuple[str, ProtectionGroup]]:
    """The groups that can be ordered about, each with the device that it is at home on."""
    for device, group in _objects(scene, "pgroup"):
        if isinstance(group, ProtectionGroup) and group.is_local and not group.destroyed:
            yield device, group


def _targets(groups: Iterable[tuple[str, ProtectionGroup]], scene: Scene) -> list[str]:
    """The devices that the groups replicate to."""
    names = {target.name for _, group in groups for target in group.targets}
    arrays = _objects(scene, "flasharray")
    return [device for device, array in arrays if isinstance(array, FlashArray) and array.name in names]


def _objects(scene: Scene, kind: str) -> Iterator[tuple[str, EstateObject]]:
    """What is there of a kind and can be read, each with its device."""
    for entry in scene.view.entries(kind):
        with suppress(UnreadableFactsError):
            if not entry.gone:
                yield entry.device, entry.obj
