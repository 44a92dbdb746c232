"""Where things are on this machine: configuration and state, by the XDG rules."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG_NAME = "config.toml"
KNOWN_NAME = "known_devices.toml"
STORE_NAME = "drdeck.sqlite"
CONFIG_VARIABLE = "DRDECK_CONFIG"


def config_dir() -> Path:
    """``$XDG_CONFIG_HOME/drdeck`` (``~/.config/drdeck``). Not created."""
    import platformdirs

    return platformdirs.user_config_path("drdeck", appauthor=False)


def state_dir() -> Path:
    """``$XDG_STATE_HOME/drdeck`` (``~/.local/state/drdeck``): store, logs, lab. Not created."""
    import platformdirs

    return platformdirs.user_state_path("drdeck", appauthor=False)


def config_file(explicit: Path | None = None) -> Path:
    """The configuration to use: ``explicit`` (``--config``), else ``$DRDECK_CONFIG``, else the one in
    :func:`config_dir`. The file need not exist."""
    if explicit is not None:
        return explicit.expanduser().absolute()
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    return config_dir() / CONFIG_NAME
