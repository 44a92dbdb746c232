"""What is derived of all objects of one kind, made once and kept until one of them changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from screens.scene import Scene
from store.records import Entry
from store.view import EstateView

T = TypeVar("T")


class Once(Generic[T]):
    """``make`` is called with every entry of ``kind``. The view gives the same tuple as long as nothing of the kind
    changed, so the tuple itself says whether what was made still holds."""

    def __init__(self, kind: str, make: Callable[[tuple[Entry, ...]], T]) -> None:
        self._kind = kind
        self._make = make
        self._made: WeakKeyDictionary[EstateView, tuple[tuple[Entry, ...], T]] = WeakKeyDictionary()

    def of(self, scene: Scene) -> T:
        """The derived thing for the estate as the scene's view has it now."""
        entries = scene.view.entries(self._kind)
        known = self._made.get(scene.view)
        if known is not None and known[0] is entries:
            return known[1]
        made = self._make(entries)
        self._made[scene.view] = (entries, made)
        return made
