"""Where the demo stands: two rows of racks in Paris, one in Lyon, with feeds, switches, VLANs, a link, and a few plain
rows. Rack A7 of Paris holds one of its managed systems and its 3PAR.

One thing is wrong: if feed B of Paris fails, more is drawn from feed A than it has.
"""

from __future__ import annotations

import json
from typing import Any

NAME = "infrastructure.json"
WARRANTY = "warranty.csv"


def _rack(site: str, name: str, row: str, units: int = 42) -> dict[str, Any]:
    return {"site": site, "name": name, "row": row, "units": units, "feeds": ["A", "B"]}


def _system(name: str, site: str, rack: str, kind: str, u: int, height: int, watts: int, **more: Any) -> dict[str, Any]:
    known = {"name": name, "site": site, "rack": rack, "type": kind, "u": u, "height": height, "watts": watts}
    switches = [] if kind == "switch" else [f"sw-{site}-1", f"sw-{site}-2"]
    return {**known, "feeds": ["A", "B"], "switches": switches, **more}


_POWER = {"model": "IBM Power E1080"}
INFRASTRUCTURE: dict[str, list[dict[str, Any]]] = {
    "sites": [
        {"name": "paris", "role": "prod", "tier": "III", "l2_stretched": True},
        {"name": "lyon", "role": "dr", "tier": "II", "l2_stretched": True},
    ],
    "feeds": [
        {"site": "paris", "name": "A", "capacity_w": 17_000},
        {"site": "paris", "name": "B", "capacity_w": 22_000},
        {"site": "lyon", "name": "A", "capacity_w": 22_000},
        {"site": "lyon", "name": "B", "capacity_w": 22_000},
    ],
    "racks": [
        *(_rack("paris", name, "A") for name in ("A5", "A6", "A7")),
        _rack("paris", "B1", "B", 47),
        *(_rack("lyon", name, "1") for name in ("L1", "L2")),
    ],
    "systems": [
        *(_system(f"sw-{site}-{n}", site, "A5" if site == "paris" else "L1", "switch", 40 + n, 1, 350)
          for site in ("paris", "lyon") for n in (1, 2)),
        _system("P10-PAR-01", "paris", "A7", "managed system", 2, 15, 5200, serial="78A1B11", **_POWER),
        _system("3par-paris", "paris", "A7", "array", 22, 8, 2400, serial="CZ3951T3FJ", model="HPE 3PAR 8440"),
        _system("P10-PAR-02", "paris", "A6", "managed system", 2, 15, 5200, serial="78A1B12", **_POWER),
        _system("fa-paris", "paris", "A6", "array", 24, 6, 1700, model="FlashArray//X70"),
        *(_system(f"esx{n}.paris.example", "paris", "B1", "server", 2 * n, 2, 900) for n in (1, 2, 3)),
        _system("P10-LYO-01", "lyon", "L1", "managed system", 2, 15, 5200, serial="78C4D21", **_POWER),
        _system("3par-lyon", "lyon", "L1", "array", 22, 8, 2400, serial="CZ3951T3GK", model="HPE 3PAR 8440"),
        _system("P10-LYO-02", "lyon", "L2", "managed system", 2, 15, 5200, serial="78C4D22", **_POWER),
        _system("fa-lyon", "lyon", "L2", "array", 24, 6, 1700, model="FlashArray//X70"),
        *(_system(f"esx{n}.lyon.example", "lyon", "L2", "server", 34 + 2 * n, 2, 900) for n in (1, 2)),
    ],
    "vlans": [
        *({"site": site, "vid": 110, "name": "PROD"} for site in ("paris", "lyon")),
        {"site": "lyon", "vid": 999, "name": "DRILL"},
    ],
    "links": [
        {"name": "paris-lyon-1", "site": "paris", "other_site": "lyon", "rtt_ms": 4.2, "bandwidth": "10G"},
        {"name": "paris-lyon-2", "site": "paris", "other_site": "lyon", "rtt_ms": 6.8, "bandwidth": "10G"},
    ],
}  # fmt: skip

TEXT = json.dumps(INFRASTRUCTURE, indent=1)
TABLES = {
    WARRANTY: (
        "warranty",
        "name,vendor,contract,until\n"
        "P10-PAR-01,IBM,24x7,2027-03-31\n"
        "P10-PAR-02,IBM,24x7,2027-03-31\n"
        "fa-paris,Pure Storage,Evergreen,2028-06-30\n"
        "3par-paris,HPE,next business day,2026-12-31\n",
    )
}
"""Plain tables by the name of their file."""
