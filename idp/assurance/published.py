"""The published list of approved methods, made from the policies in force and nothing else."""

from collections.abc import Iterator
from typing import Any

from idp.assurance.files import CertificateEntry, MethodEntry
from idp.assurance.policy import Policies
from idp.assurance.rules import Method

LEVELS = (1, 2, 3)


def published(policies: Policies) -> dict[str, Any]:
    """Answer the list as JSON holds it: what counts at each level, and all that is known of each.

    `fingerprint` names the set of policies it was made from, the same as in the journal beside
    each decision; `as_of` is the day it was worked out for, since reviews fall due by the date.
    """
    return {
        "fingerprint": policies.fingerprint,
        "as_of": policies.today.isoformat(),
        "levels": [_level(policies, level) for level in LEVELS],
        "methods": [_method(policies, entry) for entry in policies.methods_file.method],
    }


def _level(policies: Policies, level: int) -> dict[str, Any]:
    """What reaches a sign-in level: by itself, or as one of two whose factors differ.

    A restricted method is among them while some body has a certificate for it.
    """
    counting = [method for method in policies.methods.values() if method.usable]
    alone = [method.id for method in counting if method.alone >= level]
    halves = [method for method in counting if method.alone < level <= method.second]
    return {
        "level": f"C{level}",
        "meaning": policies.levels.citizen_texts.get(level, ""),
        "alone": alone,
        "one_of_two": [method.id for method in halves if _has_a_partner(method, counting, level)],
    }


def _has_a_partner(method: Method, counting: list[Method], level: int) -> bool:
    return any(
        other.factor != method.factor and other.alone < level <= other.second for other in counting
    )


def _method(policies: Policies, entry: MethodEntry) -> dict[str, Any]:
    method = policies.methods[entry.id]
    return {
        "id": entry.id,
        "name": entry.name,
        "factor": entry.factor,
        "status": str(method.status),
        "status_in_file": entry.status,
        "counts_somewhere": method.usable,
        "gives": {"alone": f"C{method.alone}", "one_of_two": f"C{method.second}"},
        "since": entry.since.isoformat(),
        "review_by": entry.review_by.isoformat() if entry.review_by else None,
        "why": entry.why,
        "conditions": list(entry.conditions),
        "checked_conditions": dict(_checked(entry)),
        "phishing_resistant": entry.phishing_resistant,
        "device_bound": entry.device_bound,
        "needs_smartphone": entry.needs_smartphone,
        "blocks_attacks": entry.blocks_attacks,
        "amr": list(entry.amr),
        "source": entry.source,
        "certificates": [
            _certificate(policies, one)
            for one in policies.methods_file.certificate
            if one.method == entry.id
        ],
    }


def _checked(entry: MethodEntry) -> Iterator[tuple[str, object]]:
    """The conditions that Gatehouse itself obeys (`conditions.methods_in`)."""
    if entry.most_identity < 3:
        yield "most_identity", f"P{entry.most_identity}"
    if entry.not_after_move_hours:
        yield "not_after_move_hours", entry.not_after_move_hours
    if entry.not_for:
        yield "not_for", list(entry.not_for)


def _certificate(policies: Policies, one: CertificateEntry) -> dict[str, Any]:
    return {
        "body": one.body,
        "assessor": one.assessor,
        "from": one.from_.isoformat() if one.from_ else None,
        "until": one.until.isoformat(),
        "in_force": one.in_force(policies.today),
    }
