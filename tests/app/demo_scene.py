"""The demo estate as a console sees it after one sweep of every device, for tests of what the screens derive of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.connect import Connector
from app.settings import load
from app.sweep import Sweeper
from screens.scene import Index, Scene
from store.database import open_store
from tests.app.lab_estate import lab_estate


@contextmanager
def demo_scene(directory: Path) -> Iterator[Scene]:
    """Lab, real doors, real drivers, real store; the sweep has ended before the scene is given."""
    with lab_estate(directory) as estate:
        settings = load(estate.config)
        store = open_store(directory / "scene.sqlite")
        sweeper = Sweeper(settings.devices, Connector(settings), store)
        try:
            for device in settings.devices:
                sweeper.sweep(device.name)
        finally:
            sweeper.stop()
        try:
            yield Scene(store.view, Index(store.view), datetime.now(UTC), settings.sites)
        finally:
            store.close()
