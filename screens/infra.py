"""The levels of the infrastructure: as others, and each row can be asked what falls with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.infra_messages import InfraRequested
from screens.level import LevelScreen
from screens.levels import Ref
from screens.levels.infra import TITLE
from screens.surroundings import Surroundings

TOP = Ref("infra.places", "")


class InfraScreen(LevelScreen):
    PLACE = Place.INFRA
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.INFRA)]

    def __init__(self, around: Surroundings, ref: Ref, crumbs: Sequence[str] = ()) -> None:
        """Wherever it was opened from, the path begins with the infrastructure."""
        begins = [place for place, title in enumerate(crumbs) if title == TITLE]
        super().__init__(around, ref, crumbs[begins[-1] :] if begins else ())

    def runs_changed(self) -> None:
        super().runs_changed()
        if self.around.infra.kept is None:  # asked for before anybody could read it
            self.post_message(InfraRequested())
