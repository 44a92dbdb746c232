"""The command line of a screen: a word of the registry and, for some, what it is to be done with. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from screens.actions import Action, Place, Takes, at

Choices = Callable[[Takes, str], Sequence[str]]
"""What can stand behind a command's word, by what it takes and what of it is typed; empty where anything can."""


class CommandError(ValueError):
    """The command cannot be understood; the text says why and what there is."""


class Command(Struct, frozen=True):
    """An action and the word behind it."""

    action: Action
    word: str | None = None


def commands(place: Place) -> dict[str, Action]:
    """Every word that begins a command here, aliases too."""
    found: dict[str, Action] = {}
    for action in at(place):
        if action.command is not None:
            found.update(dict.fromkeys((action.command, *action.aliases), action))
    return found


def understand(text: str, place: Place, choices: Choices) -> Command | None:
    """The command that was typed; None for none. A word may be cut short where only one begins so. Raises
    :class:`CommandError`."""
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if not word:
        return None
    action = _find(word.lower(), commands(place))
    if action.takes is None:
        if rest:
            raise CommandError(f":{action.command} takes nothing behind it, found {rest}")
        return Command(action)
    if not rest:
        if action.needs_word:
            raise CommandError(f":{action.command} expects {action.takes}{_listed(choices(action.takes, rest))}")
        return Command(action)
    return Command(action, _chosen(action, rest, choices))


def _find(word: str, known: dict[str, Action]) -> Action:
    if word in known:
        return known[word]
    found = {action.id: action for name, action in known.items() if name.startswith(word)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        names = sorted(str(action.command) for action in found.values())
        raise CommandError(f":{word} could be {', '.join(names)}")
    raise CommandError(f":{word} is no command here{_listed(sorted({str(a.command) for a in known.values()}))}")


_FREE = frozenset({Takes.FILTER, Takes.NAME, Takes.OBJECT, Takes.ORDER})


def _chosen(action: Action, word: str, among: Choices) -> str:
    if action.takes is None or action.takes in _FREE:
        return word
    choices = among(action.takes, word)
    if word in choices:
        return word
    bare = word.lstrip("-")
    found = [choice for choice in choices if choice.lower().startswith(bare.lower())]
    exact = [choice for choice in found if choice.lower() == bare.lower()]
    if len(exact or found) == 1:
        return word[: len(word) - len(bare)] + (exact or found)[0]
    if found:
        raise CommandError(f":{action.command} {word} could be {', '.join(found[:8])}")
    raise CommandError(f":{action.command} expects {action.takes}, found {word}{_listed(choices)}")


def _listed(choices: Iterable[str]) -> str:
    known = list(choices)
    if not known:
        return ""
    more = f" … and {len(known) - 12} more" if len(known) > 12 else ""
    return f": there are {', '.join(known[:12])}{more}"


def candidates(text: str, place: Place, choices: Choices) -> list[str]:
    """How the command could go on: whole texts, the likeliest first."""
    word, space, rest = text.lstrip().partition(" ")
    known = commands(place)
    if not space:
        names = [str(action.command) for action in dict.fromkeys(known.values())]
        begins = [name for name in names if name.startswith(word.lower())]
        return begins or [name for name in known if word and name.startswith(word.lower())]
    action = known.get(word.lower())
    if action is None:
        begins = [name for name in known if name.startswith(word.lower())]
        action = known[begins[0]] if len({known[name].id for name in begins}) == 1 else None
    if action is None or action.takes is None:
        return []
    wanted, among = rest.lower(), choices(action.takes, rest)
    found = [choice for choice in among if choice.lower().startswith(wanted)]
    found += [choice for choice in among if wanted in choice.lower() and choice not in found]
    return [f"{word} {choice}" for choice in found]
