"""``dataclass`` as in the standard library, but cheap to define: what an instance needs is made with the first one.

The standard one writes and compiles six functions for each frozen class, about 0.3 ms; the first screen loads two
hundred of them, and uses few. Here a function is compiled when it is first called, or is the same for all classes.
Everything else (fields, defaults, ``replace``, ``asdict``) is the standard library's.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, order=False):
        """A dataclass; the options are those of the standard library, and the only ones that are used here."""

        def made(cls):
            if order:  # a whole order is the standard library's work
                return dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq, order=order)(cls)
            return _made(cls, frozen=frozen, slots=slots, eq=eq)

        return made if cls is None else made(cls)


def _made(cls: Any, *, frozen: bool, slots: bool, eq: bool) -> Any:
    own = cls.__dict__
    hashes = own.get("__hash__") is not None or ("__hash__" in own and "__eq__" not in own)
    if not cls.__doc__:
        cls.__doc__ = cls.__name__  # the standard library would write a signature out
    cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    _offer(cls, "__init__", _First(cls, "__init__", _init))
    _offer(cls, "__repr__", _repr)
    if eq:
        _offer(cls, "__eq__", _First(cls, "__eq__", _eq))
        if not hashes:
            cls.__hash__ = _First(cls, "__hash__", _hash) if frozen else None
    if frozen:
        _offer(cls, "__setattr__", _refuse_set)
        _offer(cls, "__delattr__", _refuse_delete)
        if slots:
            _offer(cls, "__getstate__", _getstate)
            _offer(cls, "__setstate__", _setstate)
    return cls


def _offer(cls: Any, name: str, value: object) -> None:
    if name not in cls.__dict__:
        setattr(cls, name, value)


# ------------------------------------------------------------------------------------------- the same for all classes


def _repr(self: Any) -> str:
    told = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _refuse_set(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _setstate(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


# ----------------------------------------------------------------------------------------------- made at first use


class _First:
    """Stands for a method until somebody asks for it: then ``make`` makes it, for good."""

    def __init__(self, cls: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._cls, self._name, self._make = cls, name, make

    def __get__(self, obj: object, owner: Any = None) -> object:
        made = self._make(self._cls)
        setattr(self._cls, self._name, made)
        return made.__get__(obj, owner)


def _init(cls: Any) -> Any:
    """The ``__init__`` that the standard library would have written."""
    names: dict[str, Any] = {"_missing": dataclasses.MISSING}
    parameters, lines = ["self"], []
    for field in dataclasses.fields(cls):
        name, value = field.name, field.name
        if field.default is not dataclasses.MISSING:
            names[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        elif field.default_factory is not dataclasses.MISSING:
            names[f"_default_{name}"] = field.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_default_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        if cls.__setattr__ is _refuse_set:
            names[f"_set_{name}"] = _setter(cls, name)
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    made = _compiled(cls, f"__init__({', '.join(parameters)})", lines or ["pass"], names)
    made.__annotations__ = {**{field.name: field.type for field in dataclasses.fields(cls)}, "return": None}
    return made


def _eq(cls: Any) -> Any:
    lines = [f"if other.__class__ is self.__class__: return {_values(cls, 'self')} == {_values(cls, 'other')}"]
    return _compiled(cls, "__eq__(self, other)", [*lines, "return NotImplemented"], {})


def _hash(cls: Any) -> Any:
    return _compiled(cls, "__hash__(self)", [f"return hash({_values(cls, 'self')})"], {})


def _values(cls: Any, of: str) -> str:
    """The tuple of what is compared."""
    return "(" + "".join(f"{of}.{field.name}, " for field in dataclasses.fields(cls) if field.compare) + ")"


def _compiled(cls: Any, head: str, lines: list[str], names: dict[str, Any]) -> Any:
    name = head.partition("(")[0]
    body = "".join(f"  {line}\n" for line in lines)
    found: dict[str, Any] = {}
    text = f"def make({', '.join(names)}):\n def {head}:\n{body} return {name}"
    exec(text, vars(sys.modules[cls.__module__]), found)
    made = found["make"](**names)
    made.__qualname__ = f"{cls.__qualname__}.{name}"
    return made


def _setter(cls: Any, name: str) -> Callable[[object, object], None]:
    """What sets a field of a class that lets nobody set one."""
    slot = getattr(cls, name, None)
    setter: Callable[[object, object], None] | None = getattr(slot, "__set__", None)
    return setter or (lambda obj, value: object.__setattr__(obj, name, value))
