"""The levels of the infrastructure: as others, and each row can be asked what falls with it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.infra_messages import InfraRequested
from screens.level import LevelScreen
from screens.levels import Ref

TOP = Ref("infra.places", "")


class InfraScreen(LevelScreen):
    PLACE = Place.INFRA
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.INFRA)]

    def runs_changed(self) -> None:
        super().runs_changed()
        if self.around.infra.kept is None:  # asked for before anybody could read it
            self.post_message(InfraRequested())
