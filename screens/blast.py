"""The blast radius of something. It is counted on a thread, and again while it is looked at and the estate changes."""

from __future__ import annotations

from datetime import timedelta

from screens.infra_messages import BlastAged
from screens.level import LevelScreen
from screens.scene import Scene
from store.infra.radius import Radius

AGAIN = timedelta(seconds=15)
"""How old a radius grows before it is counted again."""


class BlastScreen(LevelScreen):
    def runs_changed(self) -> None:
        super().runs_changed()
        if (self.ref.part, self.ref.key) not in self.around.infra.radii:  # asked for before anybody could count it
            self.post_message(BlastAged(self.ref.part, self.ref.key))

    def tick_body(self, scene: Scene) -> None:
        super().tick_body(scene)
        found = self.around.infra.radii.get((self.ref.part, self.ref.key))
        if isinstance(found, Radius) and scene.now - found.at >= AGAIN:
            self.post_message(BlastAged(self.ref.part, self.ref.key))
