"""Texts of hpe.conf for tests: two arrays with invented values, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

from app.hpe_conf import parse
from app.hpe_conf_devices import Imported, convert
from app.hpe_conf_records import HpeConf

PATH = Path("/etc/hpedockerplugin/hpe.conf")

SOURCE = {
    "hpe3par_api_url": "https://3par-paris.example.com:8080/api/v1",
    "hpe3par_username": "edit3",
    "hpe3par_password": "Zq-wsapi-here",
    "san_ip": "3par-paris.example.com",
    "san_login": "edit3",
    "san_password": "Zq-ssh-here",
    "hpe3par_cpg": "SSD_r6",
}
TARGET = {
    "backend_id": "INSERV-LYON",
    "replication_mode": "asynchronous",
    "sync_period": "600",
    "cpg_map": "SSD_r6:SSD_r6_far FC_r5:FC_r5_far",
    "snap_cpg_map": "SSD_r6:SNAP_far",
    "hpe3par_api_url": "https://192.0.2.7/api/v1",
    "hpe3par_username": "edit4",
    "hpe3par_password": "Zq-wsapi-there",
    "san_ip": "192.0.2.8",
    "san_login": "edit5",
    "san_password": "Zq-ssh-there",
}
NONE: dict[str, str | None] = {}


def section(name: str = "DEFAULT", changes: dict[str, str | None] = NONE) -> str:
    """A section with an array; ``changes`` replace keys, add them, or with None take them away."""
    keys = {**SOURCE, **changes}
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)


def target(changes: dict[str, str | None] = NONE) -> str:
    """A replication device, a line for each pair."""
    pairs = [f"{key}:{value}" for key, value in {**TARGET, **changes}.items() if value is not None]
    return "replication_device = " + ",\n                     ".join(pairs) + "\n"


def read(text: str) -> HpeConf:
    return parse(text, PATH)


def imported(text: str) -> Imported:
    return convert(read(text), "paris", "lyon")
