"""The contacts of a person as the table holds them, and since when. Pure.

A contact that a later import changed is not sent a code for 30 days: else whoever gets a department
to change it could use it the same minute. What it was before hears for longer what is going on.

In the table: `{"email": ..., "phone": ..., "changed": {"email": {"at": ..., "before": ...}}}`. What
is not known is not there, and what came with the person is in no `changed`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from idp.register.rules import Contacts

KINDS = ("email", "phone")
# policies/evidence.toml publishes it: "an address changed in the last 30 days is not used".
UNUSED_FOR = timedelta(days=30)
# Longer than that: somebody who had a contact changed would only have to wait it out.
BEFORE_IS_TOLD_FOR = timedelta(days=60)


def stored(email: str | None, phone: str | None) -> dict[str, Any]:
    """Answer what the table holds of contacts that come with their person: they count as old."""
    found = {"email": email} if email else {}
    if phone:
        found["phone"] = phone
    return found


def brought_up_to_date(
    held: Mapping[str, Any], email: str, phone: str, now: datetime
) -> Mapping[str, Any]:
    """Answer what the table holds once a file has said so; `held` itself where nothing changes.

    What was there before is kept, one a kind: the last one that was in use. A second change
    within the 30 days does not push that out, and the way back to it is no change at all.
    """
    if (held.get("email", ""), held.get("phone", "")) == (email, phone):
        return held
    changed = dict(held.get("changed", {}))
    for kind, value in (("email", email), ("phone", phone)):
        was = held.get(kind, "")
        if was.casefold() == value.casefold():
            continue
        last_used = was if is_used(held, kind, now) else changed[kind]["before"]
        if last_used.casefold() == value.casefold():
            changed.pop(kind, None)
        else:
            changed[kind] = {"at": now.isoformat(), "before": last_used}
    return {**stored(email, phone), **({"changed": changed} if changed else {})}


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """List the kinds of contact of which one was changed, added or taken away."""
    return [
        kind for kind in KINDS if before.get(kind, "").casefold() != now.get(kind, "").casefold()
    ]


def all_of(held: Mapping[str, Any]) -> Contacts:
    """Answer all contacts, however young."""
    return Contacts(email=held.get("email"), phone=held.get("phone"))


def in_use(held: Mapping[str, Any], now: datetime) -> Contacts:
    """Answer the contacts to which a code may be sent."""
    return Contacts(**{kind: held.get(kind) for kind in KINDS if is_used(held, kind, now)})


def to_warn(held: Mapping[str, Any], now: datetime) -> list[Contacts]:
    """Answer all contacts, and those of before a change in the last 60 days."""
    before = {
        kind: change["before"]
        for kind, change in held.get("changed", {}).items()
        if change["before"] and _is_younger(change["at"], BEFORE_IS_TOLD_FOR, now)
    }
    return [all_of(held), Contacts(**before)] if before else [all_of(held)]


def is_used(held: Mapping[str, Any], kind: str, now: datetime) -> bool:
    """Say whether a contact, if there is one, is old enough for codes."""
    change = held.get("changed", {}).get(kind)
    return change is None or not _is_younger(change["at"], UNUSED_FOR, now)


def _is_younger(moment: str, than: timedelta, now: datetime) -> bool:
    return now - datetime.fromisoformat(moment) < than
