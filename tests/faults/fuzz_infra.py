"""Seeds for mutated infrastructure: a CSV and a JSON file, a plain table, and the lists of a NetBox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from app.config_table import SettingsError
from app.infra import files, netbox
from backends.outcome import ParseError
from store.infra.differences import by_ref, differences
from store.infra.records import Item
from store.infra.rules import conflicts
from store.recorded import from_text, to_text
from tests.app.infra.netbox_server import lists

CSV = """\
kind,name,site,row,units,feeds,rack,type,u,height,face,watts,capacity_w,vid,other_site,rtt_ms,bandwidth,serial
site,oslo,,,,,,,,,,,,,,,,
feed,A,oslo,,,,,,,,,,9000,,,,,
rack,A7,oslo,1,47,A,,,,,,,,,,,,
system,p10,oslo,,,A,A7,managed system,2,15,,5200,,,,,,78A1B11
system,panel,oslo,,,,A7,other,40.5,0.5,rear,,,,,,,
vlan,PROD,oslo,,,,,,,,,,,120,,,,
link,north,oslo,,,,,,,,,,,,bergen,5.5,10G,
"""
JSON = """\
{"sites": [{"name": "oslo", "role": "prod", "l2_stretched": true}],
 "feeds": [{"site": "oslo", "name": "A", "capacity_w": 9000}],
 "racks": [{"site": "oslo", "name": "A7", "feeds": ["A"]}],
 "systems": [{"name": "fa", "site": "oslo", "rack": "A7", "type": "array", "u": 20, "height": 6.0, "watts": 1700}],
 "links": [{"name": "north", "site": "oslo", "other_site": "bergen", "bandwidth": "10G"}]}
"""
TABLE = 'name,vendor,until\nfa,Pure,2028-06-30\n"sw, old",,\n'


def _file(name: str, table: str | None = None) -> Callable[[str], object]:
    def parse(text: str) -> object:
        try:
            found = files.understood(Path(name), text, (), ["bergen"], table)
        except SettingsError as error:
            assert all(problem.line > 0 and problem.expected for problem in error.problems), error
            raise ParseError("infrastructure", str(error)) from None
        return _kept(found.items)

    return parse


def _kept(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """What can be read can be stored, read back and shown."""
    assert all(from_text(type(item), to_text(item)) == item for item in items)
    assert len(differences({}, by_ref(items))) == len(items)
    return items


def _netbox(text: str) -> object:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError("JSON", str(error)) from None
    rows = {path: [row for row in content.get(path, []) if isinstance(row, dict)] for path in netbox.LISTS}
    items = tuple(netbox.understood(rows).items.values())
    assert conflicts(items) is not None
    return _kept(items)


SEEDS: list[tuple[str, str, Callable[[str], object]]] = [
    ("infrastructure CSV", CSV, _file("oslo.csv")),
    ("infrastructure JSON", JSON, _file("oslo.json")),
    ("plain table", TABLE, _file("warranty.csv", "warranty")),
    ("NetBox", json.dumps(lists()), _netbox),
]
