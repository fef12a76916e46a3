"""Assessments that are published, and one that somebody proposes beside those in force. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from idp.assurance.assessment import Assessment
from idp.assurance.checks import SERVICES, check_services
from idp.assurance.files import ServiceEntry, ServicesFile, SignatureEntry
from idp.assurance.nearest import Published
from idp.assurance.policy import Policies, assess_services
from idp.policy.files import read_text
from idp.policy.rules import Problem

Assessments = Mapping[str, Mapping[str, Assessment]]  # by client_id, by action


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a pasted services.toml says. `file` is None while there are problems."""

    file: ServicesFile | None
    problems: tuple[Problem, ...]


def read_proposal(text: str, today: date) -> Proposal:
    """Read and check a services.toml as `idp policy check` would, however wrong it is."""
    read = read_text(text, SERVICES, ServicesFile)
    problems = [*read.problems]
    if read.model:
        problems += check_services(read.model, whole=read.whole, today=today)
        if read.whole and not read.model.service:
            problems.append(Problem(SERVICES, "", "It holds no [[service]]."))
    return Proposal(file=None if problems else read.model, problems=tuple(problems))


def with_services(policies: Policies, file: ServicesFile) -> Policies:
    """The policies in force with the services of `file` put in or put in place of their old self.

    The fingerprint stays: nobody may sign in under what is only proposed.
    """
    proposed = {entry.client_id for entry in file.service}
    kept = [entry for entry in policies.services.service if entry.client_id not in proposed]
    services = ServicesFile(service=(*kept, *file.service))
    assessments = assess_services(services, policies.levels, policies.tables, policies.today)
    return replace(policies, services=services, assessments=assessments)


def published(policies: Policies) -> list[Published]:
    """Every action somebody assessed: of the services here, then of those of other bodies."""
    examples = assess_services(policies.examples, policies.levels, policies.tables, policies.today)
    own = {entry.client_id for entry in policies.services.service}
    return [
        *_of(policies.services.service, policies.assessments),
        *(p for p in _of(policies.examples.service, examples) if p.client_id not in own),
    ]


def _of(services: tuple[ServiceEntry, ...], assessments: Assessments) -> Iterator[Published]:
    for service in services:
        for action in service.action:
            yield Published(
                client_id=service.client_id,
                service=service.name,
                owner=service.owner,
                about=service.about,
                customers=service.customers,
                action=action.id,
                asked=service.questionnaire(action),
                assessment=assessments[service.client_id][action.id],
                signed=said_of(service.signature),
            )


def said_of(signature: SignatureEntry | None) -> str:
    """The signature as a sentence, or ""."""
    if signature is None:
        return ""
    return f"Signed by {signature.name}, {signature.role}, on {signature.date}."
