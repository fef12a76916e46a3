"""An assessment written down as the services.toml that `idp policy check` takes. Pure."""

from datetime import date

from idp.assurance.files import ActionEntry, ServiceEntry, SeveritiesEntry
from idp.assurance.harms import CATEGORIES, NONE, WORDS, Said

Value = str | int | bool | date
NAMED = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
HEAD = """\
# An assessment to hand in. Put it beside the other policies as services.toml, or add it to theirs.
#     idp policy check --policies FOLDER
#     idp policy explain --policies FOLDER {service} {action}
# Answers: 0 none, 1 minor, 2 moderate, 3 serious, 4 severe. What is left out is 0.
"""
PLAIN_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def write_service(service: ServiceEntry, words: dict[str, Said] | None = None) -> str:
    """The TOML of one service, each answer with its meaning beside it. Ends with a newline."""
    said = dict(words or WORDS)
    # Only what cannot end a comment's line goes into one.
    first = service.action[0].id if service.action else "ACTION"
    names = {"service": _plain(service.client_id), "action": _plain(first)}
    lines = [HEAD.format(**names), "[[service]]"]
    lines += _lines(service.model_dump(exclude={"action", "signature"}, exclude_none=True))
    if service.signature:
        lines += ["", "[service.signature]", *_lines(service.signature.model_dump())]
    for action in service.action:
        lines += _action(action, said)
    return "\n".join(lines) + "\n"


def _action(action: ActionEntry, said: dict[str, Said]) -> list[str]:
    head = action.model_dump(include={"id", "threat", "return_visits"})
    lines = ["", "[[service.action]]", *_lines(head)]
    for failure in ("wrong_person", "taken_over"):
        lines += ["", f"[service.action.{failure}]"]
        lines += _severities(getattr(action, failure), said)
    for mitigation in action.mitigation:
        lines += ["", "[[service.action.mitigation]]"]
        lines += _lines(mitigation.model_dump(exclude_none=True))
    if action.override:
        lines += ["", "[service.action.override]"]
        lines += _lines(action.override.model_dump(exclude_none=True))
    return lines


def _severities(entry: SeveritiesEntry, said: dict[str, Said]) -> list[str]:
    lines = []
    for category in CATEGORIES:
        severity = getattr(entry, category)
        if severity != NONE:
            lines.append(f"{category} = {severity}  # {said[category][1][severity - 1]}")
    return lines


def _lines(values: dict[str, Value]) -> list[str]:
    return [f"{key} = {value_text(value)}" for key, value in values.items()]


def value_text(value: Value) -> str:
    """One value as TOML: a basic string with everything escaped that could end or change it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in NAMED:
        return NAMED[character]
    return f"\\u{ord(character):04x}" if character < " " or character == "\x7f" else character


def _plain(name: str) -> str:
    return "".join(character if character in PLAIN_NAME else "?" for character in name)
