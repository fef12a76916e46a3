"""What pydantic found wrong, said so that a policy officer can mend it without knowing pydantic."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from idp.policy.rules import did_you_mean, listing

TYPE_NAMES = {
    "int_type": "a whole number, without quotation marks",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotation marks",
    "date_type": "a date without quotation marks, like 2027-05-22",
    "date_from_datetime_inexact": "a date without a time, like 2027-05-22",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table",
    "model_type": "a table",
}
# An entry is named by a word, a level or tier by its number (style.md, "Policies and keys").
NAMING_KEYS = ("client_id", "id", "value", "kind", "number", "level")


def place_of(location: Sequence[int | str], data: object) -> str:
    """Where in the file: `service "tax" > action "file-return" > threat`.

    List entries are named as their owner knows them; one without a name is counted from 1.
    """
    words: list[str] = []
    for step in location:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and step < len(data) else None
            words[-1:] = [f"{words[-1] if words else ''} {_name(data, step)}".strip()]
        else:
            data = data.get(step) if isinstance(data, dict) else None
            words.append(step)
    return " > ".join(words)


def _name(entry: object, index: int) -> str:
    if isinstance(entry, dict):
        for key in NAMING_KEYS:
            name = entry.get(key)
            if isinstance(name, str) and name.strip():
                return f'"{name}"'
            if isinstance(name, int) and not isinstance(name, bool):
                return str(name)
    return f"number {index + 1} in the list"


def sentence_of(error: ErrorDetails, model: type[BaseModel]) -> str:
    """One plain sentence for one error that validating against `model` gave."""
    kind, context = error["type"], error.get("ctx", {})
    key = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "extra_forbidden":
        known = _known_keys(model, error["loc"][:-1])
        return f'"{key}" is not a key here.{did_you_mean(key, known)} Keys: {", ".join(known)}.'
    if kind == "missing":
        return f'"{key}" is missing.'
    if kind in TYPE_NAMES:
        return f"This must be {TYPE_NAMES[kind]}, not {_shown(error['input'])}."
    return _limit_sentence(kind, context, error)


def _limit_sentence(kind: str, context: Mapping[str, Any], error: ErrorDetails) -> str:
    if kind == "literal_error":
        known = re.findall("'([^']*)'", context["expected"])
        hint = did_you_mean(str(error["input"]), known)
        return f"{_shown(error['input'])} is not one of {listing(known)}.{hint}"
    if kind in ("greater_than_equal", "less_than_equal"):
        side = "at least" if kind == "greater_than_equal" else "at most"
        return f"This must be {side} {context.get('ge', context.get('le'))}, not {error['input']}."
    if kind == "string_too_short":
        return "This must not be empty."
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        side = "at least" if kind == "too_short" else "at most"
        return f"This needs {side} {bound} entries, not {context.get('actual_length')}."
    if kind == "value_error":
        return str(context["error"])
    return f"{error['msg']}, not {_shown(error['input'])}."


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value if len(value) <= 60 else value[:57] + "..."}"'
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)


def _known_keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys allowed at `location`, found by walking the models the way the file is nested."""
    for step in location:
        if isinstance(step, str):
            for name, field in model.model_fields.items():
                if (field.alias or name) == step:
                    model = _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        if found := _model_in(part):
            return found
    return None
