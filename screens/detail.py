"""A detail: everything known of one thing, scrolled as lines. The details differ in their facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Line, Tone
from screens.head import trouble
from screens.infra_messages import BlastRequested, struck
from screens.levels import first_level
from screens.messages import CopyRequested, LevelRequested
from screens.scene import Scene
from screens.side_by_side import Note, Part, lay_out
from screens.surroundings import Surroundings
from screens.text import TextScreen
from store.records import Entry


class Detail(TextScreen):
    """Subclasses give title, facts and the entries that they come from."""

    PLACE = Place.DETAIL
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.DETAIL)]

    KIND: ClassVar[str] = ""
    """The kind of object, as :func:`screens.levels.first_level` knows it."""
    FURTHER: ClassVar[str] = ""
    """What Enter leads to."""

    def __init__(self, around: Surroundings, key: str) -> None:
        super().__init__(around)
        self.key = key
        self._with_sources = False

    # --------------------------------------------------------------------------------------- for the subclasses

    def heading(self, scene: Scene) -> str:
        """What is shown: kind and name."""
        raise NotImplementedError

    def parts(self, scene: Scene) -> Sequence[Part]:
        """The facts. Raises LookupError where the store does not know the thing any more."""
        raise NotImplementedError

    def sources(self, scene: Scene) -> Sequence[Entry]:
        """The entries that the facts come from: their devices are named where they are in trouble."""
        return ()

    # ----------------------------------------------------------------------------------------------------------

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        names: dict[str, int] = {}
        for entry in self.sources(scene):
            names[entry.device] = names.get(entry.device, 0) + 1
        devices = [(device, rows) for name, rows in names.items() if (device := scene.device(name)) is not None]
        return (*trouble(scene, devices, width), *super().head_lines(scene, width))

    def title_text(self, scene: Scene) -> str:
        try:
            return self.heading(scene)
        except LookupError:
            return self.key

    def content(self, scene: Scene) -> Sequence[Part]:
        try:
            return self.parts(scene)
        except LookupError:
            return (Note("The store does not know this object any more.", Tone.UNKNOWN),)

    def draw(self, scene: Scene) -> None:
        self.lines.show(lay_out(self.content(scene), self.width - 1, self._with_sources))

    @property
    def further(self) -> str | None:
        return self.FURTHER

    def do_open(self) -> None:
        ref = first_level(self.KIND, self.key)
        if ref is not None:
            self.post_message(LevelRequested(ref, asked_by=self))

    def do_blast(self) -> None:
        node = struck((self.KIND, self.key))
        if node is None:
            self.say("Nothing is known to run on this.")
        else:
            self.post_message(BlastRequested(*node, asked_by=self))

    def do_copy_name(self) -> None:
        name = self.title_text(self.around.scene())
        self.post_message(CopyRequested(name, name))

    def do_sources(self) -> None:
        self._with_sources = not self._with_sources
        self.redraw()
