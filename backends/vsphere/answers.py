"""The answers of a property collector, decoded value by value.

The vendor's decoder is all or nothing: one property that does not fit its type loses the answer of a thousand objects.
Here the envelope is read first and each value later, by who needs it, so that a bad one is one problem of one object.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from msgspec import Struct

from backends.outcome import ParseError
from store.turns import paced

_BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_V = "{urn:vim25}"
_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_\[\]().:/-]{1,200}", re.ASCII)
_OPERATIONS = ("assign", "remove", "indirectRemove")
_SHOWN = 200
PIECE = 16_384


class ObjectRow(Struct, frozen=True):
    """One object of an answer: its type and id, the values by property path, and why others could not be read.

    ``kind_of_change`` is None in a reading, else ``enter``, ``modify`` or ``leave``; a value of None is now unset.
    """

    type: str
    moid: str
    values: dict[str, Element | None]
    missing: dict[str, str]
    kind_of_change: str | None = None


class Page(Struct, frozen=True):
    """One answer of RetrievePropertiesEx or its continuation; ``token`` asks for the next."""

    rows: tuple[ObjectRow, ...]
    token: str | None


class Updates(Struct, frozen=True):
    """One answer of WaitForUpdatesEx; ``truncated``: more is to be had at once with ``version``."""

    version: str
    rows: tuple[ObjectRow, ...]
    truncated: bool


def check(text: bytes | str, *methods: str) -> Element:
    """The answer element of one of ``methods`` in a SOAP envelope. Raises :class:`ParseError` for any other text."""
    try:
        root = _parsed(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ParseError(f"a SOAP answer in XML ({error})", _start(text)) from None
    body = root.find(_BODY)
    if body is None or len(body) != 1 or body[0].tag not in {f"{_V}{method}Response" for method in methods}:
        raise ParseError(f"the SOAP answer {' or '.join(methods)}Response", _start(text))
    return body[0]


def _parsed(text: bytes | str) -> Element:
    """The root of a document. It is parsed a piece at a time: one call for some megabytes lets no other thread run, and
    the screen would stand still for as long."""
    parser = ElementTree.XMLParser()
    for begin in paced(range(0, len(text), PIECE)):
        parser.feed(text[begin : begin + PIECE])
    root: Element = parser.close()
    return root


def _returned(text: bytes | str, *methods: str) -> Element | None:
    answer = check(text, *methods)
    if len(answer) > 1 or (len(answer) == 1 and answer[0].tag != _V + "returnval"):
        raise ParseError("one returnval", shown(answer))
    return answer[0] if len(answer) else None


def _start(text: bytes | str) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[:_SHOWN]


def shown(element: Element) -> str:
    """The source text of an element, shortened for a message."""
    return ElementTree.tostring(element, encoding="unicode")[:_SHOWN]


def page(text: bytes | str) -> Page:
    """Decode RetrievePropertiesExResponse or ContinueRetrievePropertiesExResponse. Raises :class:`ParseError`."""
    result = _returned(text, "RetrievePropertiesEx", "ContinueRetrievePropertiesEx")
    if result is None:
        return Page((), None)
    rows, token = [], None
    for child in paced(result):
        if child.tag == _V + "objects":
            rows.append(_row(child, "propSet", None))
        elif child.tag == _V + "token":
            token = child.text or ""
        else:
            raise ParseError("objects or token", shown(child))
    return Page(tuple(rows), token)


def updates(text: bytes | str) -> Updates | None:
    """Decode WaitForUpdatesExResponse; None when nothing changed. Raises :class:`ParseError`."""
    result = _returned(text, "WaitForUpdatesEx")
    if result is None:
        return None
    version = result.findtext(_V + "version")
    if not version:
        raise ParseError("a version", shown(result))
    rows = []
    for changed in result.findall(_V + "filterSet"):
        for item in paced(changed.findall(_V + "objectSet")):
            kind = item.findtext(_V + "kind")
            if kind not in ("enter", "modify", "leave"):
                raise ParseError("kind enter, modify or leave", shown(item))
            rows.append(_row(item, "changeSet", kind))
    return Updates(version, tuple(rows), result.findtext(_V + "truncated") == "true")


def _row(item: Element, properties: str, kind: str | None) -> ObjectRow:
    obj = item.find(_V + "obj")
    if obj is None or not obj.get("type") or not _NAME.fullmatch(obj.text or ""):
        raise ParseError("an obj with type and id", shown(item))
    values: dict[str, Element | None] = {}
    for found in item.findall(_V + properties):
        name, value = found.findtext(_V + "name"), found.find(_V + "val")
        if not name or name in values:
            raise ParseError(f"a {properties} with a name of its own", shown(found))
        if kind is None and value is None:
            raise ParseError("a val", shown(found))
        if kind is not None and found.findtext(_V + "op") not in _OPERATIONS:
            raise ParseError("op " + " or ".join(_OPERATIONS), shown(found))
        values[name] = None if found.findtext(_V + "op") in _OPERATIONS[1:] else value
    missing: dict[str, str] = {}
    for lost in item.findall(_V + "missingSet"):
        fault = lost.find(f"{_V}fault/{_V}fault")
        name = (fault.get(_XSI_TYPE) if fault is not None else None) or "fault"
        words = lost.findtext(f"{_V}fault/{_V}localizedMessage") or ""
        missing[lost.findtext(_V + "path") or ""] = f"{name}: {words}".rstrip(": ")
    return ObjectRow(obj.get("type") or "", obj.text or "", values, missing, kind)


# ------------------------------------------------------------------------------------------------------------- values


def text_of(value: Element) -> str:
    """A string. Raises :class:`ParseError` for an element with children."""
    if len(value):
        raise ParseError("a string", shown(value))
    return value.text or ""


def number_of(value: Element) -> int:
    """A whole number."""
    text = value.text or ""
    if len(value) or not _NUMBER.fullmatch(text):
        raise ParseError("a whole number", shown(value))
    return int(text)


def truth_of(value: Element) -> bool:
    """A boolean: true or false (XML also allows 1 and 0)."""
    text = value.text or ""
    if len(value) or text not in ("true", "false", "1", "0"):
        raise ParseError("true or false", shown(value))
    return text in ("true", "1")


def reference_of(value: Element) -> str:
    """The id in a managed object reference."""
    if len(value) or not value.get("type") or not _NAME.fullmatch(value.text or ""):
        raise ParseError("a managed object reference", shown(value))
    return value.text or ""


def options_of(value: Element, prefix: str) -> dict[str, str]:
    """Those entries of an array of OptionValue whose key begins with ``prefix``; one that occurs twice is an error."""
    found: dict[str, str] = {}
    for option in value:
        key = option.findtext(_V + "key")
        if key is None or not key.startswith(prefix):
            continue
        if key in found:
            raise ParseError("each key once", key)
        said = option.find(_V + "value")
        if said is None or len(said):
            raise ParseError(f"a value of {key}", key)
        found[key] = said.text or ""
    return found
