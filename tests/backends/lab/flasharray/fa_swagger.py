"""A small validator for the Swagger 2 subset of the vendor's specification: types, required, enums, formats, allOf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

SPEC = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "flasharray" / "FA2.26.spec.yaml"

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


class Spec:
    """The specification; ``answer_schema`` finds the schema of a call's 200, ``errors`` what is wrong with a value."""

    def __init__(self, path: Path = SPEC) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.root: dict[str, Any] = yaml.load(path.read_text(), Loader=loader)

    def deref(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.root
            for part in schema["$ref"][2:].split("/"):
                found = found[part.replace("~1", "/")]
            schema = found
        return schema

    def answer_schema(self, method: str, path: str) -> dict[str, Any]:
        responses = self.root["paths"][f"/api/2.26/{path}"][method.lower()]["responses"]
        schema: dict[str, Any] = (responses.get(200) or responses["200"]).get("schema", {})
        return schema

    def parameters(self, method: str, path: str) -> set[str]:
        call = self.root["paths"][f"/api/2.26/{path}"][method.lower()]
        found = (self.deref(parameter) for parameter in call.get("parameters", []))
        return {parameter["name"] for parameter in found if parameter["in"] == "query"}

    def flat(self, schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """Properties and required names of an object, allOf included."""
        schema = self.deref(schema)
        properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
        for part in schema.get("allOf", []):
            more, needed = self.flat(part)
            properties |= more
            required |= needed
        return properties, required

    def errors(self, value: Any, schema: dict[str, Any], where: str = "answer") -> list[str]:
        """Null passes where nothing is required: the captured answers are full of it."""
        schema = self.deref(schema)
        if value is None:
            return []
        properties, required = self.flat(schema)
        kind = schema.get("type") or ("object" if properties else None)
        if kind is not None and not self._is(value, kind):
            return [f"{where}: {kind} expected, got {value!r}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is none of {schema['enum']}"]
        if kind == "integer" and schema.get("format") == "int32" and not -(2**31) <= value < 2**31:
            return [f"{where}: {value} does not fit int32"]
        if kind == "array":
            return [e for n, item in enumerate(value) for e in self.errors(item, schema["items"], f"{where}[{n}]")]
        if kind != "object" or not properties:
            return []
        wrong = [f"{where}.{name}: missing" for name in required if value.get(name) is None]
        for name, item in value.items():
            if name not in properties:
                wrong.append(f"{where}.{name}: not in the specification")
            else:
                wrong += self.errors(item, properties[name], f"{where}.{name}")
        return wrong

    @staticmethod
    def _is(value: Any, kind: str) -> bool:
        if isinstance(value, bool):
            return kind == "boolean"
        return isinstance(value, _TYPES[kind])
