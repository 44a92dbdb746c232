"""What a replica link says is what its target holds: quiesced, idle, broken on the way, and promoted again."""

from __future__ import annotations

import pytest

from backends.lab.clock import Clock
from backends.lab.flasharray import pods
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.timing import INSTANT
from backends.lab.volumes import Writer, WriterKind
from backends.lab.world import World
from store.estate import SiteRole

WWPNS = ("c0507601a1b20010", "c0507601a1b20011")


class Pair:
    """A pod under a writer that writes once a second, linked to a demoted pod with 8 s of lag; 100 s have passed."""

    def __init__(self) -> None:
        self.world = World(seed=3, clock=Clock(1_760_000_000.0, speed=0.0), timing=INSTANT)
        with self.world.turn():
            self.world.add_site("prd", SiteRole.PROD)
            self.world.add_site("dr", SiteRole.DR)
            self.prod, self.dr = (add_array(self.world, f"fa-{site}", site, "t") for site in ("prd", "dr"))
            link_arrays(self.prod, self.dr)
            self.here, self.there = pods.add_pod(self.prod, "web"), pods.add_pod(self.dr, "web", promoted=False)
            disk = self.prod.add_volume("web::d1", GIB, pod=self.here)
            self.prod.add_host("db", WWPNS)
            self.prod.attach(disk, host="db", lun=1)
            self.link = pods.link((self.prod, self.here), (self.dr, self.there), lag_s=8)
            self.writer = self.world.add_writer(Writer("lpar:db", WriterKind.LPAR, "prd", wwpns=WWPNS))
            self.world.power_on(self.writer)
        self.wait(100)

    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def demote(self, *, quiesce: bool) -> None:
        with self.world.turn():
            pods.demote(self.prod, self.here, quiesce=quiesce, skip_quiesce=not quiesce)

    def promote(self, array: ArrayState) -> None:
        with self.world.turn():
            pods.promote(array, array.pods["web"])

    def dark(self, dark: bool) -> None:
        with self.world.turn():
            self.world.set_dark("prd", dark)

    @property
    def status(self) -> str:
        return self.link.status(self.world.now)

    @property
    def age_s(self) -> float:
        """How far behind the target is, as the link says it."""
        point = self.link.recovery_point(self.world.now)
        assert point is not None
        return self.world.now - point

    @property
    def generation(self) -> int:
        """What the target holds once it is promoted."""
        self.promote(self.dr)
        return self.dr.disk("web::d1").core.image(self.world.now).generation


def test_a_link_is_quiesced_only_once_everything_is_across() -> None:
    pair = Pair()
    pair.demote(quiesce=True)
    assert (pair.status, pair.age_s) == ("quiescing", 8)
    pair.wait(8)
    assert (pair.status, pair.age_s, pair.generation) == ("quiesced", 0, 100)


def test_a_source_that_was_demoted_at_once_leaves_the_link_idle_and_its_lag_behind() -> None:
    pair = Pair()
    pair.demote(quiesce=False)
    pair.wait(50)
    assert (pair.status, pair.age_s, pair.generation) == ("idle", 58, 92)


def test_a_site_that_goes_dark_while_the_link_quiesces_has_not_sent_everything() -> None:
    pair = Pair()
    pair.demote(quiesce=True)
    pair.wait(3)
    pair.dark(True)
    pair.wait(60)
    assert (pair.status, pair.age_s, pair.generation) == ("unhealthy", 68, 95)


@pytest.mark.parametrize("dark_s", [3, 60])
def test_a_link_that_comes_back_while_it_quiesces_goes_on_with_it(dark_s: float) -> None:
    pair = Pair()
    pair.demote(quiesce=True)
    pair.dark(True)
    pair.wait(dark_s)
    pair.dark(False)
    assert pair.status == "quiescing"
    pair.wait(8)
    assert (pair.status, pair.age_s, pair.generation) == ("quiesced", 0, 100)


def test_a_source_that_is_promoted_again_goes_on_replicating_from_where_it_stood() -> None:
    pair = Pair()
    pair.demote(quiesce=False)
    pair.wait(10)
    pair.promote(pair.prod)
    pair.wait(50)
    assert (pair.status, pair.age_s, pair.generation) == ("replicating", 8, 152)
