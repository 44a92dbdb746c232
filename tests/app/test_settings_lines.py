"""Where each key of a TOML document stands."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from app.toml_lines import KeyPath, key_lines

DOCUMENT = '''\
# a comment = with an equals sign
top = 1
[console]
name = "a # no comment" # one
"quoted key" = 'C:\\no escape'
dotted . 'inner key' = true

[[devices]]
name = "one"
hosts = [   # comment ]
  "a", "]",

  "b",
]
[devices.cli]
port = 22
[[devices]]
text = """
[not.a.table]
key = "value"
\\""" still inside """""
next = {a = 1, b = [{c = 2}]}
literal = \'\'\'
x = 1\'\'\'\'
last = 1979-05-27 07:32:00
'''


def test_each_key_is_found_on_its_line() -> None:
    lines = key_lines(DOCUMENT)
    expected: dict[KeyPath, int] = {
        ("top",): 2,
        ("console",): 3,
        ("console", "name"): 4,
        ("console", "quoted key"): 5,
        ("console", "dotted", "inner key"): 6,
        ("devices", 0): 8,
        ("devices", 0, "name"): 9,
        ("devices", 0, "hosts"): 10,
        ("devices", 0, "hosts", 1): 11,
        ("devices", 0, "hosts", 2): 13,
        ("devices", 0, "cli"): 15,
        ("devices", 0, "cli", "port"): 16,
        ("devices", 1): 17,
        ("devices", 1, "text"): 18,
        ("devices", 1, "next", "b", 0, "c"): 22,
        ("devices", 1, "literal"): 23,
        ("devices", 1, "last"): 25,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_windows_line_ends_count_the_same() -> None:
    assert key_lines(DOCUMENT.replace("\n", "\r\n")) == key_lines(DOCUMENT)


def test_an_empty_document_has_no_keys() -> None:
    assert key_lines("") == {}
    assert key_lines("\n # nothing\n") == {}


_names = st.sampled_from(["a", "b-c", "D_1", '"x y"', "'#'", '"[z]"', '"\\u00e9 = \\""'])
_values = st.sampled_from(
    [
        "1",
        "-1.5e3 # [c]",
        '"]"',
        "'='",
        "true",
        "[]",
        "[ 1,\n2 # ]\n, 3, ]",
        "{}",
        "{ x = 1, y.z = '}' }",
        '"""\n[a]\n"""',
        "'''#\n'''",
        '["""\n]""", [\n[1], {q = "\\\\"}]]',
        "07:32:00",
        '""',
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str, str], int]]:
    """A document of tables with unique names, and the line of every (table, key) in it."""
    lines: list[str] = []
    places: dict[tuple[str, str], int] = {}
    for number in range(draw(st.integers(0, 4))):
        table = f"t{number}"
        lines += draw(st.sampled_from([[], [""], ["# [x]", ""]]))
        lines.append(f"[[{table}]]" if draw(st.booleans()) else f"[{table}]  # {table}")
        for name in draw(st.lists(_names, max_size=4, unique=True)):
            places[table, next(iter(tomllib.loads(f"{name} = 1")))] = len(lines) + 1
            lines += f"{name} = {draw(_values)}".split("\n")
    return "\n".join(lines), places


@settings(max_examples=150, deadline=None)
@given(documents())
def test_whatever_the_values_look_like_every_key_of_the_document_is_found(
    document: tuple[str, dict[tuple[str, str], int]],
) -> None:
    text, places = document
    lines = key_lines(text)
    assert {p for p in _paths((), tomllib.loads(text)) if p} <= set(lines)
    for (table, key), line in places.items():
        assert line in (lines.get((table, key)), lines.get((table, 0, key)))


def _paths(here: KeyPath, value: object) -> list[KeyPath]:
    if isinstance(value, dict):
        return [here, *(p for key, inner in value.items() for p in _paths((*here, key), inner))]
    if isinstance(value, list):
        return [here, *(p for index, inner in enumerate(value) for p in _paths((*here, index), inner))]
    return [here]
