"""A form as data: its fields, what was typed, what is wrong with it. Pure, so that it is tested without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

REFERENCE_STARTS = ("env:", "file:", "keyring:", "command:")
PROMPT = "prompt"


def nothing_wrong(texts: Mapping[str, str]) -> Mapping[str, str]:
    return {}


class Field(Struct, frozen=True):
    """One thing to fill in. ``check`` says what was expected where a text is wrong, None where it is right.

    ``choices`` are the texts to choose from; without any it is typed. ``hint`` stands in the empty field. In a
    ``reference`` field a text that is wrong is forgotten at once: it may be the secret itself."""

    key: str
    label: str
    help: tuple[str, ...]
    check: Callable[[str], str | None]
    value: str = ""
    choices: tuple[str, ...] = ()
    hint: str = ""
    reference: bool = False


class Form(Struct, frozen=True):
    """``name`` says which form it is, ``done`` what comes after it. ``whole`` finds what is wrong with the texts taken
    together: by key of the field, what was expected."""

    name: str
    title: str
    lead: str
    done: str
    fields: tuple[Field, ...]
    whole: Callable[[Mapping[str, str]], Mapping[str, str]] = nothing_wrong
    texts: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    together: Mapping[str, str] = field(default_factory=dict)

    def of(self, key: str) -> Field:
        """The field with that key. Raises :class:`KeyError`."""
        for found in self.fields:
            if found.key == key:
                return found
        raise KeyError(key)

    def text(self, key: str) -> str:
        """What stands in a field now. A choice that is not there any more is none."""
        each = self.of(key)
        text = self.texts.get(key, each.value)
        return each.value if each.choices and text not in each.choices else text

    @property
    def filled(self) -> dict[str, str]:
        """The texts of all fields."""
        return {found.key: self.text(found.key) for found in self.fields}

    def wrong(self, key: str) -> str | None:
        """What was expected in a field; None where nothing is known to be wrong."""
        return self.errors.get(key) or self.together.get(key)

    @property
    def complaints(self) -> tuple[str, ...]:
        """A sentence for every field that is wrong, in their order."""
        return self.complaints_at(None)

    def complaints_at(self, key: str | None) -> tuple[str, ...]:
        """The same, with that of one field first."""
        ordered = sorted(self.fields, key=lambda each: each.key != key)
        return tuple(f"{f.label}: expected {wrong}" for f in ordered if (wrong := self.wrong(f.key)) is not None)

    @property
    def first_wrong(self) -> str | None:
        return next((f.key for f in self.fields if self.wrong(f.key) is not None), None)


def left(form: Form, key: str, text: str) -> Form:
    """The form after a field was left with a text in it."""
    left_field = form.of(key)
    expected = left_field.check(text)
    errors = {other: wrong for other, wrong in form.errors.items() if other != key}
    if expected is not None:
        errors[key] = expected
    kept = "" if expected is not None and left_field.reference else text
    unchanged = kept == form.text(key) and expected == form.errors.get(key)
    # What was wrong with several texts together is looked at again when the form is finished.
    return replace(form, texts={**form.texts, key: kept}, errors=errors, together=form.together if unchanged else {})


def finished(form: Form) -> Form:
    """The form with every field and the whole of it looked at: right if it has no :attr:`Form.complaints`.

    A field whose last text was refused stays wrong until something else is typed in it."""
    for each in form.fields:
        if not (each.key in form.errors and form.text(each.key) == "" and each.reference):
            form = left(form, each.key, form.text(each.key))
    return form if form.errors else replace(form, together=form.whole(form.filled))


def could_be_reference(text: str) -> bool:
    """Whether what is typed so far may become a reference to a secret. What may not is never shown."""
    return PROMPT.startswith(text) or any(
        start.startswith(text) or text.startswith(start) for start in REFERENCE_STARTS
    )
