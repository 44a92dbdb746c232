"""The panes of the console by the key that leads to them, as messages name them.

Their registry loads the toolkit of the screens, which a program without a screen does not need.
"""

from __future__ import annotations

LPARS, REPLICAS, DEVICES, EVENTS, RUNS = "LPARs (2)", "VM replicas (5)", "Devices (6)", "Events (7)", "Runs (8)"
PGROUPS, RCGS = "Protection groups (3)", "RCGs (4)"
