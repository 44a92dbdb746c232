"""Two sites with an array each for the proofs of the recovery engine: groups are made as they are needed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backends.lab.configuration import write_config
from backends.lab.lab import Lab
from backends.lab.threepar.rcg import Group, Options
from backends.lab.threepar.state import ThreePar, add_replicated_group, add_server, add_threepar, connect
from backends.lab.timing import INSTANT
from backends.lab.world import World
from store.estate import RcgMode, SiteRole

MODES = (RcgMode.SYNC, RcgMode.PERIODIC)
_NUMBERS = itertools.count(1)


@dataclass
class RcgEstate:
    """A running lab: ``3par-p`` at paris, where groups are made, ``3par-l`` at lyon, and another array at paris that
    can witness. ``directory`` holds ``config.toml``."""

    lab: Lab
    paris: ThreePar
    lyon: ThreePar
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = write_config(self.lab, self.directory, interval_s=60)

    @property
    def world(self) -> World:
        return self.lab.world

    def group(self, mode: RcgMode, state: str = "normal", policies: tuple[str, ...] = ()) -> str:
        """A new group of two volumes with its servers, in ``state``: normal, stopped, failed over or recovered. Returns
        its name."""
        number = next(_NUMBERS)
        name = f"g{number}"
        with self.world.turn() as now:
            volumes = {f"{name}_v{n}": 1024 for n in (1, 2)}
            period = 300 if mode is RcgMode.PERIODIC else None
            group = add_replicated_group(self.paris, name, self.lyon.name, mode, volumes, period_s=period)
            group.policies.update(policies)
            wwn = f"21000000{number:06X}"
            add_server(self.paris, f"{name}-srv", (f"{wwn}A0",), tuple(volumes))
            add_server(self.lyon, f"{name}-srv", (f"{wwn}B0",), (), running=False)
            if state == "stopped":
                group.stop(group.sides[0], now)
        if state in ("failed over", "recovered"):
            self._fail_over(name, group)
        if state == "recovered":
            self.until(lambda: group.sides[1].primary)
            with self.world.turn() as now:
                group.recover(group.sides[1], now, Options())
        self.until(lambda: group.task is None and all(m.job is None for m in group.members))
        return name

    def _fail_over(self, name: str, group: Group) -> None:
        with self.world.turn() as now:
            for vlun in [v for v in self.paris.vluns if v.host.name == f"{name}-srv"]:
                self.paris.unexport(vlun.volume.name, vlun.lun, vlun.host.name)
            self.world.power_off(self.world.writers[f"paris/{name}-srv"])
            group.stop(group.sides[0], now)
            group.failover(group.sides[1], now, Options())
        self.until(lambda: group.sides[1].primary)
        with self.world.turn():
            for number in (1, 2):
                self.lyon.export(f"{name}_v{number}", f"{name}-srv")
            self.world.power_on(self.world.writers[f"lyon/{name}-srv"])

    def until(self, holds: object, limit_s: float = 30.0) -> None:
        """Let the lab's time pass until it is so."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            with self.world.turn():
                if holds():  # type: ignore[operator]
                    return
            time.sleep(0.01)
        raise AssertionError("the lab did not come to that state")

    def carried(self, *names: str) -> None:
        """Wait until the servers of these groups wrote something that the other side holds. The referee cannot count
        what is lost against a copy that never held anything."""
        time.sleep(1.1)
        groups = [self.paris.groups[name][0] for name in names]
        with self.world.turn() as now:
            for group in groups:
                if group.mode is RcgMode.PERIODIC:
                    group.replicator.resync(now)
        self.until(lambda: all(member.job is None for group in groups for member in group.members))

    def side(self, name: str, array: str) -> object:
        owner = self.paris if array == "paris" else self.lyon
        return owner.group(name if array == "paris" else f"{name}.r{self.paris.who.system_id}")[1]

    def expire_sessions(self) -> None:
        """End the sessions that nobody could log out of: an array does so after a while."""
        for array in (self.paris, self.lyon):
            if array.sessions is not None:
                array.sessions.expire_all()

    def switch_off(self, site: str, name: str) -> None:
        """Stop the group's server at ``site``, as its owner does before a planned change."""
        with self.world.turn():
            self.world.power_off(self.world.writers[f"{site}/{name}-srv"])

    def switch_on(self, site: str, name: str) -> None:
        """Start the group's server at ``site``, as its owner would after a failover: the referee looks at what it
        sees."""
        with self.world.turn():
            self.world.power_on(self.world.writers[f"{site}/{name}-srv"])


@contextmanager
def rcg_estate(directory: Path) -> Iterator[RcgEstate]:
    """The estate with its doors open, in real time."""
    world = World(1, None, INSTANT)
    with world.turn():
        world.add_site("paris", SiteRole.PROD)
        world.add_site("lyon", SiteRole.DR)
        user = {"3paradm": "not-a-secret"}
        paris = add_threepar(world, "3par-p", "paris", serial="CZ1", system_id=1001, users=user)
        lyon = add_threepar(world, "3par-l", "lyon", serial="CZ2", system_id=1002, users=user)
        add_threepar(world, "3par-w", "paris", serial="CZ3", system_id=1003, users=user)
        connect(paris, lyon)
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        yield RcgEstate(lab, paris, lyon, directory)
    finally:
        lab.stop()
