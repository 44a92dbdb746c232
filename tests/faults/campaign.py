"""Mutated input against every parser: ``make long``. No crash, no silent repair; the seed and the counts are printed.

Each ``fuzz_*`` module lists ``SEEDS``: (name, valid text, parse). A parser may return, or raise ParseError; anything
else is a crash. Silent repair: an address that a mutation made invalid must not come out as another
valid address, so every WWPN and MAC in a result must stand in the text that was parsed.
"""

from __future__ import annotations

import argparse
import importlib
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec import Struct

from backends.outcome import ParseError

MODULES = ("fuzz_hmc", "fuzz_flasharray", "fuzz_threepar", "fuzz_vsphere", "fuzz_plans", "fuzz_infra")
ALPHABET = "0123456789abcdefABCDEFxyz,;:/\"'=\\ \n\t\0{}[]()<>&%-_.é€\u0130\u212a\U0001f600"

Seed = tuple[str, str, Callable[[str], object]]


@dataclass(frozen=True)
class Finding:
    """A mutated input that a parser did not survive, or repaired without a word."""

    name: str
    text: str
    what: str


def seeds() -> list[Seed]:
    """All seeds of all fuzz modules."""
    return [seed for name in MODULES for seed in importlib.import_module(f"tests.faults.{name}").SEEDS]


def mutate(text: str, rng: random.Random) -> str:
    """``text`` with one to four small damages: characters changed, lost or doubled, parts cut, swapped or repeated."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.randint(1, 12))
        match rng.randrange(8):
            case 0:
                text = text[:at] + rng.choice(ALPHABET) + text[at:]
            case 1:
                text = text[:at] + text[at + 1 :]
            case 2:
                text = text[:at] + rng.choice(ALPHABET) + text[at + 1 :]
            case 3:
                text = text[:at] + text[end:]
            case 4:
                text = text[:at] + text[at:end] * 2 + text[end:]
            case 5:
                text = text[:at]
            case 6:
                other = rng.randrange(len(text) + 1)
                text = text[:at] + text[other : other + 12] + text[at:]
            case _:
                text = text[:at] + text[at:end].swapcase() + text[end:]
    return text


_WWPN = re.compile(r"[0-9a-f]{16}")
_MAC = re.compile(r"[0-9A-F]{12}")


def strings(value: object) -> Iterator[str]:
    """Every string inside a result."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(key)
            yield from strings(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from strings(item)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from strings(getattr(value, name))


def repaired(result: object, text: str) -> str | None:
    """An address in ``result`` that does not stand in ``text``, in any of the spellings that parsing removes."""
    plain = text.lower().replace(":", "")
    for found in strings(result):
        if (_WWPN.fullmatch(found) or _MAC.fullmatch(found)) and found.lower() not in plain:
            return found
    return None


def attempt(seed: Seed, text: str) -> Finding | None:
    """Parse ``text``; what went wrong, if anything did."""
    name, _, parse = seed
    try:
        result = parse(text)
    except ParseError:
        return None
    except Exception as error:
        return Finding(name, text, f"{type(error).__name__}: {error}")
    invented = repaired(result, text)
    return Finding(name, text, f"invented {invented}") if invented else None


def campaign(rng: random.Random, inputs: int) -> tuple[Counter[str], list[Finding]]:
    """Feed ``inputs`` mutated inputs to all parsers in turn."""
    counts: Counter[str] = Counter()
    findings: list[Finding] = []
    everything = seeds()
    for number in range(inputs):
        seed = everything[number % len(everything)]
        finding = attempt(seed, mutate(seed[1], rng))
        counts[seed[0]] += 1
        if finding is not None:
            findings.append(finding)
    return counts, findings


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--inputs", type=int, default=1_000_000)
    chosen = options.parse_args()
    began = time.monotonic()
    counts, findings = campaign(random.Random(chosen.seed), chosen.inputs)
    for name, count in sorted(counts.items()):
        print(f"{count:>9}  {name}")
    for finding in findings[:20]:
        print(f"FOUND in {finding.name}: {finding.what}\n  input: {finding.text!r}")
    took = time.monotonic() - began
    print(f"{counts.total()} mutated inputs, seed {chosen.seed}, {len(findings)} findings, {took:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
