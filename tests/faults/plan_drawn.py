"""Small recovery plans that a seed draws, over LPARs and their protection groups, remote copy groups and VMs; the
members are made in the estate."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from store.estate import RcgMode
from tests.faults.plan_estate import PlanEstate

HOOKS = ("before-stop", "before-start", "after-start")


@dataclass
class App:
    """An application of a drawn plan: the names of its members, and the applications that must be up before it."""

    name: str
    lpars: list[str] = field(default_factory=list)
    rcgs: list[str] = field(default_factory=list)
    vms: list[str] = field(default_factory=list)
    after: tuple[str, ...] = ()
    group: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        return (*self.lpars, *self.rcgs, *self.vms)


@dataclass
class DrawnPlan:
    """``hooks`` are the files to which its commands write a line each, by when they are run."""

    name: str
    apps: list[App]
    hooks: list[tuple[str, Path]] = field(default_factory=list)
    modes: dict[str, RcgMode] = field(default_factory=dict)

    def before(self, app: App) -> tuple[str, ...]:
        """The applications that must be up before it, by its own word or by its group's: each of those alone."""
        mine = [other.name for other in self.apps if other.group < app.group]
        return tuple(dict.fromkeys((*app.after, *mine)))


def drawn(estate: PlanEstate, name: str, rng: random.Random) -> DrawnPlan:
    """A plan of one to three applications with at least one member of each technology, as a file in the estate."""
    groups = rng.choice((0, 0, 2))
    found = DrawnPlan(name, [App(f"a{n}") for n in range(rng.randint(1, 3))])
    for number, app in enumerate(found.apps):
        app.after = tuple(other.name for other in found.apps[:number] if rng.random() < 0.5)
        app.group = f"group{min(number, groups - 1)}" if groups else ""
    for kind in ("lpars", "rcgs", "vms", *rng.sample(("lpars", "rcgs", "vms"), rng.randint(0, 1))):
        app = rng.choice(found.apps)
        getattr(app, kind).append(_member(estate, kind, found, rng))
    found.apps = [app for app in found.apps if app.members]
    left = {app.name for app in found.apps}
    for app in found.apps:
        app.after = tuple(other for other in app.after if other in left)
        _protected(estate, app)
    (estate.plans / f"{name}.toml").write_text("\n".join(_text(estate, found, rng)))
    return found


def _member(estate: PlanEstate, kind: str, found: DrawnPlan, rng: random.Random) -> str:
    if kind == "vms":
        return estate.vms.fresh(size_gib=1)
    if kind == "lpars":
        return estate.lpars.named()
    mode = rng.choice((RcgMode.SYNC, RcgMode.PERIODIC, RcgMode.ASYNC))
    name = estate.rcgs.group(mode)
    found.modes[name] = mode
    return name


def _protected(estate: PlanEstate, app: App) -> None:
    """Its LPARs are made: all in one protection group, which they share."""
    if app.lpars:
        with estate.world.turn():
            estate.lpars.builder.group(f"pg-{app.lpars[0]}", app.lpars)


def _text(estate: PlanEstate, found: DrawnPlan, rng: random.Random) -> list[str]:
    lines = [
        'from = "paris"',
        'to = "lyon"',
        "[waves]",
        *(f"{k} = {rng.randint(1, 3)}" for k in ("lpars", "rcgs", "vms")),
    ]
    lines += [
        line for group in sorted({a.group for a in found.apps} - {""}) for line in ("[[groups]]", f'name = "{group}"')
    ]
    if rng.random() < 0.5:
        lines += _hook(estate, found, "", rng.choice(("first", "last")))
    for app in found.apps:
        lines += ["[[applications]]", f'name = "{app.name}"', f"after = {_list(app.after)}"]
        lines += [f'group = "{app.group}"'] if app.group else []
        lines += [f"{kind} = {_list(names)}" for kind in ("lpars", "rcgs", "vms") if (names := getattr(app, kind))]
        lines += [f'pgroups = ["pg-{app.lpars[0]}"]'] if app.lpars else []
        computes = [*app.lpars, *app.vms]
        if len(computes) > 1 and rng.random() < 0.5:
            lines.append(f'inside = {{ "{computes[-1]}" = ["{computes[0]}"] }}')
        for when in HOOKS:
            if rng.random() < 0.3:
                lines += _hook(estate, found, "applications.", when)
        if rng.random() < 0.3:
            port = estate.world.devices["hmc-lyon"].ports["ssh"]
            lines += ["[[applications.steps]]", 'when = "after-start"', f'tcp = "127.0.0.1:{port}"']
        if rng.random() < 0.15:
            lines += ["[[applications.steps]]", f'when = "{rng.choice(HOOKS)}"', 'ask = "Look at it."']
    return [*lines, ""]


def _hook(estate: PlanEstate, found: DrawnPlan, table: str, when: str) -> list[str]:
    """A command that writes a line to a file of its own."""
    path = estate.directory / f"{found.name}-{len(found.hooks)}.hook"
    found.hooks.append((when, path))
    return [
        f"[[{table}steps]]",
        f'when = "{when}"',
        f'command = ["sh", "-c", "echo done >> {path}"]',
        'timeout = "20s"',
    ]


def _list(names: tuple[str, ...] | list[str]) -> str:
    return f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"
