"""``drdeck keys``: the keys and commands of the console, printed from the registry that they come from."""

from __future__ import annotations

from screens.actions import ACTIONS, Group, how


def text() -> str:
    """One line for each action, by group: its keys, its word on the command line, what it does."""
    lines = ["Keys of drdeck. A word behind a colon is typed after : and may be cut short where only one begins so."]
    for group in Group:
        lines += ["", group.value]
        for action in ACTIONS:
            if action.group is group:
                command = f":{action.command}{f' {action.takes}' if action.takes else ''}" if action.command else ""
                keys = how(action) if action.keys else ""
                lines.append(f"  {keys:<17} {command:<19} {action.description}".rstrip())
    return "\n".join(lines)
