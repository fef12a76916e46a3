"""The policies in force: what the files together say about levels, methods, services, evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from idp.assurance.assessment import Assessment, assess
from idp.assurance.checks import EXAMPLES, LEVELS, METHODS, SERVICES, check_all, overdue
from idp.assurance.conditions import ANYBODY, Circumstances, methods_in
from idp.assurance.evidence import EVIDENCE, EvidenceFile, GrantEvidence, evidence_notes
from idp.assurance.experts_file import EXPERTS, ExpertEntry, ExpertsFile
from idp.assurance.files import LevelsFile, MethodEntry, MethodsFile, ServiceEntry, ServicesFile
from idp.assurance.harms import Tables
from idp.assurance.names_file import NAMES, NamesFile
from idp.assurance.powers_file import POWERS, PowersFile, ServicePowersEntry
from idp.assurance.profiles import EvidenceKinds, Profile, level_proved
from idp.assurance.risk_file import RISK, RiskFile
from idp.assurance.risk_rules import RiskRules
from idp.assurance.rules import Level, Levels, Method, Methods, Status
from idp.policy.files import Texts, folder_problems, read_file
from idp.policy.rules import PolicyProblems, Problem, fingerprint
from idp.register.names import Names

# Files other rooms read from the same folder; here only so that a misspelt name is noticed.
KNOWN_FILES = (LEVELS, METHODS, SERVICES, EVIDENCE, NAMES, RISK, EXPERTS, EXAMPLES, POWERS)
UNASSESSED_TIER = 2  # a client nobody assessed is never open
ACCOUNT = "account"  # the assessment that Gatehouse's own pages run at


class NotAssessed(LookupError):
    """No such service or action in services.toml. The message says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """One checked set of policy files, worked out for one day.

    `overdue` are dates that passed, `notes` what counts for less than it says; neither stops
    the house. `methods` is the whole list, each as it counts where a certificate is in force;
    `methods_for` is the list as it counts in one sign-in. `provable` is the highest identity
    level (0-3) that all kinds of evidence reach together today. `examples` are assessments other
    bodies published and `experts` people to ask: they help the next designer and decide nothing.
    `fingerprint` names the set in the journal beside each decision it made.
    """

    levels: Levels
    tables: Tables
    methods: Methods
    methods_file: MethodsFile
    services: ServicesFile
    examples: ServicesFile
    experts: tuple[ExpertEntry, ...]
    evidence: EvidenceKinds
    profiles: tuple[Profile, ...]
    provable: int
    names: Names
    risk: RiskRules
    powers: Mapping[str, ServicePowersEntry]  # by client_id
    grants: Mapping[str, GrantEvidence]  # evidence behind a mandate, by id
    fingerprint: str
    today: date
    overdue: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    assessments: Mapping[str, Mapping[str, Assessment]]  # by client_id, by action

    def service(self, client_id: str) -> ServiceEntry | None:
        """What services.toml says of a client, or None when nobody assessed it."""
        found = [entry for entry in self.services.service if entry.client_id == client_id]
        return found[0] if found else None

    def name_of(self, client_id: str) -> str:
        """What people call a service; its client_id where nobody assessed it."""
        found = self.service(client_id)
        return found.name if found else client_id

    def body(self, client_id: str) -> str | None:
        """The body whose certificates count at a client; None for one that nobody assessed."""
        found = self.service(client_id)
        return (found.body or found.owner) if found else None

    def methods_for(self, client_id: str, circumstances: Circumstances = ANYBODY) -> Methods:
        """The methods as they count for one sign-in at one service.

        A restricted method counts only where the service's body has a certificate in force today.
        Gatehouse's own pages (`ACCOUNT`) are a service like any other, and its owner the body. A
        client that nobody assessed has no body, so nothing restricted counts there.
        """
        body = self.body(client_id)
        certified = {
            entry.method
            for entry in self.methods_file.certificate
            if body is not None and entry.covers(body) and entry.in_force(self.today)
        }
        return methods_in(self.methods, certified, circumstances)

    def floor(self, client_id: str) -> Level:
        """The least level at which a client's people sign in: that of its `entry` action, where
        it names one, else of all its actions together.

        A client without an assessment runs at tier 2, never open. Nothing in a request chooses
        the action: what a browser carries can be edited, and must never lower a level.
        """
        service, actions = self.service(client_id), self.assessments.get(client_id)
        if service and service.entry and actions:
            return actions[service.entry].level
        return self.ceiling(client_id)

    def ceiling(self, client_id: str) -> Level:
        """The level that all of a client's actions need together: a wish for more is trimmed."""
        actions = self.assessments.get(client_id)
        if not actions:
            return self.levels.tiers[UNASSESSED_TIER]
        level = Level(identity=0, sign_in=0)
        for assessment in actions.values():
            level = level.join(assessment.level)
        return level

    def assessment(self, client_id: str, action: str) -> Assessment:
        """The level of one action, with the working. Raises NotAssessed."""
        actions = self.assessments.get(client_id)
        if actions is None:
            known = ", ".join(sorted(self.assessments))
            raise NotAssessed(f'There is no service "{client_id}". Services: {known}.')
        if action not in actions:
            known = ", ".join(actions)
            raise NotAssessed(f'"{client_id}" has no action "{action}". Actions: {known}.')
        return actions[action]


def load_policies(
    directory: Path | Texts, today: date, *, fallback: Path | None = None
) -> Policies:
    """Read, check and work out the policies in `directory` as they stand on `today`.

    Instead of a folder it takes the texts of a set, by file name.

    A file the folder lacks is taken from `fallback`. Raises PolicyProblems with everything that
    is wrong in all files at once.
    """
    folder = folder_problems(directory, KNOWN_FILES)
    if isinstance(directory, Path) and not directory.is_dir():
        raise PolicyProblems(folder)
    levels = read_file(directory, LEVELS, LevelsFile, fallback)
    methods = read_file(directory, METHODS, MethodsFile, fallback)
    services = read_file(directory, SERVICES, ServicesFile, fallback)
    evidence = read_file(directory, EVIDENCE, EvidenceFile, fallback)
    names = read_file(directory, NAMES, NamesFile, fallback)
    risk = read_file(directory, RISK, RiskFile, fallback)
    examples = read_file(directory, EXAMPLES, ServicesFile, fallback)
    experts = read_file(directory, EXPERTS, ExpertsFile, fallback)
    powers = read_file(directory, POWERS, PowersFile, fallback)
    problems = [
        *folder,
        *check_all(
            levels,
            methods,
            services,
            evidence,
            names,
            risk,
            examples,
            experts,
            powers,
            today,
            beside=services.whole and _has(directory, POWERS),
        ),
    ]
    late = tuple(
        overdue(
            levels.model,
            methods.model,
            services.model,
            evidence.model,
            names.model,
            risk.model,
            experts.model,
            today,
        )
    )
    if problems:
        # The dates too: whoever mends the file mends everything in one go.
        raise PolicyProblems([*problems, *late])
    if not (levels.model and methods.model and services.model and evidence.model):
        raise AssertionError("a file without a model always has a problem")
    if not (names.model and risk.model and examples.model and experts.model and powers.model):
        raise AssertionError("a file without a model always has a problem")
    facts, tables = levels.model.levels(), levels.model.tables()
    assessments = assess_services(services.model, facts, tables, today)
    kinds, profiles = evidence.model.kinds(today), levels.model.gpg45()
    return Policies(
        levels=facts,
        tables=tables,
        methods={m.id: _method(m, methods.model, today) for m in methods.model.method},
        methods_file=methods.model,
        services=services.model,
        examples=examples.model,
        experts=experts.model.expert,
        evidence=kinds,
        profiles=profiles,
        provable=level_proved(kinds, kinds, profiles),
        names=names.model.names(),
        risk=risk.model.rules(),
        powers=powers.model.by_service(),
        grants=evidence.model.grants(today),
        fingerprint=fingerprint(
            {
                LEVELS: levels.content,
                METHODS: methods.content,
                SERVICES: services.content,
                EVIDENCE: evidence.content,
                NAMES: names.content,
                RISK: risk.content,
                EXAMPLES: examples.content,
                EXPERTS: experts.content,
                POWERS: powers.content,
            }
        ),
        today=today,
        overdue=late,
        notes=(
            *_method_notes(methods.model, today),
            *_service_notes(assessments),
            *evidence_notes(evidence.model, today),
        ),
        assessments=assessments,
    )


def _has(directory: Path | Texts, name: str) -> bool:
    return (directory / name).is_file() if isinstance(directory, Path) else name in directory


def assess_services(
    services: ServicesFile, levels: Levels, tables: Tables, today: date
) -> dict[str, dict[str, Assessment]]:
    """Work out every action of every service: by client_id, by action."""
    return {
        service.client_id: {
            action.id: assess(
                service.questionnaire(action), levels=levels, tables=tables, today=today
            )
            for action in service.action
        }
        for service in services.service
    }


def _status(entry: MethodEntry, today: date) -> Status:
    """The status today: one lower once the review date has passed."""
    status = Status(entry.status)
    late = entry.review_by is not None and entry.review_by < today
    return status.fallen() if late else status


def _method(entry: MethodEntry, file: MethodsFile, today: date) -> Method:
    """The facts of one method today. Restricted counts only with a certificate in force."""
    status = _status(entry, today)
    certified = any(c.method == entry.id and c.in_force(today) for c in file.certificate)
    return Method(
        id=entry.id,
        name=entry.name,
        factor=entry.factor,
        alone=entry.gives.alone,
        second=entry.gives.second,
        status=status,
        usable=status in (Status.COMMON, Status.APPROVED)
        or (status is Status.RESTRICTED and certified),
        phishing_resistant=entry.phishing_resistant,
        needs_smartphone=entry.needs_smartphone,
        on_phone=entry.on_phone,
        blocks_attacks=entry.blocks_attacks,
        amr=entry.amr,
        device_bound=entry.device_bound,
        most_identity=entry.most_identity,
        not_after_move_hours=entry.not_after_move_hours,
        not_for=frozenset(entry.not_for),
    )


def _method_notes(file: MethodsFile, today: date) -> list[Problem]:
    notes = []
    for entry in file.method:
        status = _status(entry, today)
        if status != entry.status:
            sentence = f"Its review was due by {entry.review_by}, so it counts as {status}."
            notes.append(Problem(METHODS, f'method "{entry.id}"', sentence))
    return notes


def _service_notes(assessments: Mapping[str, Mapping[str, Assessment]]) -> list[Problem]:
    return [
        Problem(SERVICES, f'service "{client_id}" > action "{action}"', sentence)
        for client_id, actions in assessments.items()
        for action, assessment in actions.items()
        for sentence in assessment.uncounted
    ]
