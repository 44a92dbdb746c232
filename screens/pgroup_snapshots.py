"""The snapshots of a protection group, and what can be done with one of them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.level import LevelScreen
from screens.pgroup_offers import asked
from screens.run_messages import ActsAsked


class SnapshotsScreen(LevelScreen):
    """Acts are on the group; those that need a snapshot take the selected or marked one."""

    PLACE = Place.SNAPSHOTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.SNAPSHOTS)]

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_pgroup(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), (self.ref.key,), self._chosen())
