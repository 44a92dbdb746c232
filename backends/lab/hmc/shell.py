"""The HMC's restricted shell: words, quotes, ``;``, ``&&``, ``||`` and pipes into a few harmless filters."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct, field

from backends.lab.ssh import Answer

Run = Callable[[list[str], str], Answer]

_OPERATORS = ("&&", "||", ";;", ">>", ";", "|", "&", ">", "<", "(", ")", "\n")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)


class _Word(Struct):
    text: str
    quoted: bool


class _Stage(Struct):
    """One command of a pipeline with the variables set before it."""

    words: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


class ShellError(Exception):
    """The line is not one that the restricted shell takes. ``status`` is its exit status."""

    def __init__(self, text: str, status: int = 2) -> None:
        super().__init__(text)
        self.status = status


def first_words(line: str) -> list[str]:
    """The words of the first command of ``line``, or as many as can be told: for naming the request."""
    try:
        pipelines = _pipelines(_tokens(line))
    except ShellError:
        return line.split()
    return pipelines[0][1][0].words if pipelines else []


def run_line(line: str, language: str, run: Run) -> Answer:
    """Run a whole line. ``run(words, language)`` executes one HMC command; ``&&`` and ``||`` go by its exit status."""
    try:
        pipelines = _pipelines(_tokens(line))
    except ShellError as error:
        return Answer("", error.status, f"rbash: {error}\n")
    out, err, status = "", "", 0
    for joint, stages in pipelines:
        if (joint == "&&" and status) or (joint == "||" and not status):
            continue
        if stages[0].words[:1] == ["export"]:
            language = _language(dict(_split(word) for word in stages[0].words[1:]), language)
            status = 0
            continue
        answer = _pipeline(stages, language, run)
        out, err, status = out + answer.stdout, err + answer.stderr, answer.status
        if stages[0].words[:1] in (["exit"], ["logout"]):
            break
    return Answer(out, status, err)


def _pipeline(stages: list[_Stage], language: str, run: Run) -> Answer:
    first = stages[0]
    if not first.words:
        return Answer()
    answer = run(first.words, _language(first.variables, language))
    text, err, status = answer.stdout, answer.stderr, answer.status
    for stage in stages[1:]:
        filtered = _FILTERS.get(stage.words[0] if stage.words else "")
        if filtered is None:
            name = stage.words[0] if stage.words else ""
            return Answer("", 127, f"{err}rbash: {name}: command not found\n")
        try:
            text, status = filtered(stage.words[1:], text)
        except (ValueError, re.error) as error:
            return Answer("", 2, f"{err}{stage.words[0]}: {error}\n")
    return Answer(text, status, err)


def _language(variables: dict[str, str], language: str) -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := variables.get(name):
            return "fr" if value.startswith("fr") else "en"
    return language


def _split(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


# ---------------------------------------------------------------------------------------------------------------- words


def _tokens(line: str) -> list[_Word | str]:
    """Words, and operators as bare strings."""
    found: list[_Word | str] = []
    word: _Word | None = None
    at = 0
    while at < len(line):
        char = line[at]
        operator = next((o for o in _OPERATORS if line.startswith(o, at)), None)
        if char in " \t" or operator is not None:
            if word is not None:
                found.append(word)
                word = None
            if operator is not None:
                found.append(operator)
            at += len(operator) if operator else 1
            continue
        word = word or _Word("", False)
        at = _quoted(line, at, word) if char in "'\"\\" else _plain(line, at, word)
    if word is not None:
        found.append(word)
    return found


def _plain(line: str, at: int, word: _Word) -> int:
    word.text += line[at]
    return at + 1


def _quoted(line: str, at: int, word: _Word) -> int:
    quote = line[at]
    word.quoted = True
    if quote == "\\":
        word.text += line[at + 1 : at + 2]
        return at + 2
    at += 1
    while at < len(line):
        char = line[at]
        if char == quote:
            return at + 1
        if char == "\\" and quote == '"' and line[at + 1 : at + 2] in ('"', "\\", "$", "`"):
            at += 1
            char = line[at]
        word.text += char
        at += 1
    raise ShellError(f"unexpected EOF while looking for matching `{quote}'")


def _pipelines(tokens: list[_Word | str]) -> list[tuple[str, list[_Stage]]]:
    """(the operator before it, its stages) for every pipeline of the line."""
    found: list[tuple[str, list[_Stage]]] = []
    joint, stages = "", [_Stage()]
    for token in [*tokens, ";"]:
        if isinstance(token, _Word):
            stage = stages[-1]
            if not stage.words and not token.quoted and _ASSIGNMENT.fullmatch(token.text):
                name, value = _split(token.text)
                stage.variables[name] = value
            else:
                stage.words.append(token.text)
        elif token == "|":
            stages.append(_Stage())
        elif token in (";", "&&", "||", "\n"):
            if stages[0].words or len(stages) > 1:
                found.append((joint, stages))
            elif token in ("&&", "||"):
                raise ShellError(f"syntax error near unexpected token `{token}'")
            joint, stages = token, [_Stage()]
        elif token in (">", ">>", "<"):
            raise ShellError("restricted: cannot redirect output", 1)
        else:
            raise ShellError(f"syntax error near unexpected token `{token}'")
    return found


# -------------------------------------------------------------------------------------------------------------- filters


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _grep(words: list[str], text: str) -> tuple[str, int]:
    flags = {c for w in words if w.startswith("-") for c in w[1:]}
    patterns = [w for w in words if not w.startswith("-")]
    if unknown := flags - set("vicEFwe"):
        raise ValueError(f"invalid option -- '{min(unknown)}'")
    if len(patterns) != 1:
        raise ValueError("one pattern expected")
    pattern = re.escape(patterns[0]) if "F" in flags else patterns[0]
    pattern = rf"\b(?:{pattern})\b" if "w" in flags else pattern
    expression = re.compile(pattern, re.IGNORECASE if "i" in flags else 0)
    found = [line for line in _lines(text) if bool(expression.search(line)) != ("v" in flags)]
    return (f"{len(found)}\n" if "c" in flags else _text(found)), int(not found)


def _count_of(words: list[str]) -> int:
    digits = "".join(words).removeprefix("-n").removeprefix("-")
    if not digits:
        return 10
    if not digits.isdigit():
        raise ValueError(f"invalid number of lines: '{digits}'")
    return int(digits)


def _head(words: list[str], text: str) -> tuple[str, int]:
    return _text(_lines(text)[: _count_of(words)]), 0


def _tail(words: list[str], text: str) -> tuple[str, int]:
    count = _count_of(words)
    return _text(_lines(text)[-count:] if count else []), 0


def _wc(words: list[str], text: str) -> tuple[str, int]:
    counts = {"-l": text.count("\n"), "-w": len(text.split()), "-c": len(text.encode())}
    wanted = words or list(counts)
    if any(word not in counts for word in wanted):
        raise ValueError("invalid option")
    return " ".join(str(counts[word]) for word in wanted) + "\n", 0


def _sort(words: list[str], text: str) -> tuple[str, int]:
    if any(word not in ("-r", "-u", "-ru", "-ur") for word in words):
        raise ValueError("invalid option")
    flags = "".join(words)
    lines = set(_lines(text)) if "u" in flags else _lines(text)
    return _text(sorted(lines, reverse="r" in flags)), 0


def _cut(words: list[str], text: str) -> tuple[str, int]:
    joined = " ".join(words)
    found = re.fullmatch(r"-d ?(\S) -f ?(\d+(?:,\d+)*)", joined) or re.fullmatch(r"-f ?(\d+(?:,\d+)*) -d ?(\S)", joined)
    if found is None:
        raise ValueError("you must specify a list of fields")
    one, other = found.groups()
    delimiter, fields = (one, other) if joined.startswith("-d") else (other, one)
    numbers = [int(n) - 1 for n in fields.split(",")]
    rows = [line.split(delimiter) for line in _lines(text)]
    return _text([delimiter.join(row[n] for n in numbers if n < len(row)) for row in rows]), 0


_FILTERS: dict[str, Callable[[list[str], str], tuple[str, int]]] = {
    "grep": _grep,
    "egrep": _grep,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "sort": _sort,
    "cut": _cut,
    "more": lambda words, text: (text, 0),
    "cat": lambda words, text: (text, 0),
}
