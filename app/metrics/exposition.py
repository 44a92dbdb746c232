"""Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Value(Struct, frozen=True):
    """One sample: its labels and its value."""

    labels: Mapping[str, str]
    value: float


class Gauge(Struct, frozen=True):
    """A metric with all its samples; what is not known has none."""

    name: str
    help: str
    values: tuple[Value, ...] = field(default=())


def text(gauges: Iterable[Gauge]) -> str:
    """The metrics that have samples, each with its help and type."""
    lines: list[str] = []
    for gauge in gauges:
        if gauge.values:
            help_text = gauge.help.replace("\\", r"\\").replace("\n", r"\n")
            lines += [f"# HELP {gauge.name} {help_text}", f"# TYPE {gauge.name} gauge"]
            lines += [f"{gauge.name}{_labels(each.labels)} {_number(each.value)}" for each in gauge.values]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
