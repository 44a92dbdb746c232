"""The recovery plans of an estate for its twin: the same order, but no step of them reaches anything real."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.plans.catalogue import files
from app.twin_text import pairs

_REACHES = {"command": "runs a command", "tcp": "tries a TCP port", "http": "tries an address"}


def plans(folder: Path) -> tuple[dict[str, str], list[str]]:
    """The text of each plan in ``folder`` by its name, and what was left out of them. A step that runs a command or
    tries something of the estate is a prompt instead, which a person answers."""
    texts: dict[str, str] = {}
    left_out: list[str] = []
    for path in files(folder):
        try:
            text = path.read_text("utf-8")
            content = tomllib.loads(text)
        except (OSError, ValueError) as error:
            left_out.append(f"plan {path.stem}: its file cannot be read: {error}")
            continue
        changed = [_harmless(step) for step in _steps(content)]
        left_out += [f"plan {path.stem}: {words}: on the twin it asks instead" for words in changed if words]
        texts[path.stem] = "\n".join(_text(content)) + "\n" if any(changed) else text
    return texts, left_out


def _steps(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    applications = content.get("applications", [])
    for owner in (content, *(applications if isinstance(applications, list) else ())):
        steps = owner.get("steps", []) if isinstance(owner, dict) else []
        yield from (step for step in steps if isinstance(step, dict))


def _harmless(step: dict[str, Any]) -> str:
    """Make a prompt of a step that reaches something. Returns what it does, or nothing where it is one already."""
    found = [words for key, words in _REACHES.items() if key in step]
    if not found:
        return ""
    name = step.get("name", "a step without a name")
    for key in ("command", "on", "tcp", "http", "timeout"):
        step.pop(key, None)
    step["ask"] = f"On the estate this step {found[0]}; nothing real is reached from a twin. Say that it is done"
    return f'step "{name}" {found[0]}'


def _text(content: dict[str, Any]) -> Iterator[str]:
    """The plan as a file again: what is said once first, then its tables."""
    tables = {key: value for key, value in content.items() if _is_tables(value)}
    yield from pairs({key: value for key, value in content.items() if key not in tables})
    for key, items in tables.items():
        for item in items:
            yield from ("", f"[[{key}]]", *pairs(item))


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
