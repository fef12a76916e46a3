"""What a policy file can have wrong only beside its other entries, or beside another file.

Each check is told in sentences and finds all it can (risk-model.md section 3, "Validation").
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise, product

from idp.assurance.evidence import EVIDENCE, EvidenceFile, check_evidence, check_household
from idp.assurance.experts_file import EXPERTS, ExpertsFile, check_experts
from idp.assurance.files import (
    LevelsFile,
    MethodEntry,
    MethodsFile,
    ServicesFile,
)
from idp.assurance.harms import SERIOUS
from idp.assurance.names_file import NAMES, NamesFile, check_names
from idp.assurance.powers_file import PowersFile, check_powers
from idp.assurance.risk_file import RiskFile, check_risk, overdue_risk
from idp.policy.files import Read
from idp.policy.rules import Problem, did_you_mean

LEVELS = "levels.toml"
METHODS = "methods.toml"
SERVICES = "services.toml"
EXAMPLES = "examples.toml"  # in the form of services.toml
NUMBERS = range(4)


def check_levels(file: LevelsFile, *, whole: bool) -> Iterator[Problem]:
    """Every level there once, tiers that rise from nothing to everything, names with one meaning.

    `whole` is False when parts were cut away: nothing is called missing that is only wrong.
    """
    listed = {
        "tier": [entry.number for entry in file.tier],
        "signin": [entry.level for entry in file.signin],
        "identity": [entry.level for entry in file.identity],
    }
    for table, numbers in listed.items():
        yield from _repeated(LEVELS, table, numbers)
        for number in NUMBERS:
            if whole and number not in numbers:
                yield Problem(LEVELS, table, f"There is no [[{table}]] for {number}.")
    yield from _repeated(LEVELS, "alias", [entry.value for entry in file.alias])
    yield from _repeated(LEVELS, "table", [entry.category for entry in file.table])
    yield from _repeated(LEVELS, "band", [entry.category for entry in file.band])
    yield from _profiles(file, whole=whole)
    yield from _tiers(file, whole=whole)
    yield from _coupling(file)
    yield from _fading(file)
    yield from _same_as(file)


def _profiles(file: LevelsFile, *, whole: bool) -> Iterator[Problem]:
    """Each profile there once, listed by one level, and never easier than it should be."""
    known = [entry.id for entry in file.profile]
    yield from _repeated(LEVELS, "profile", known)
    listed = [name for entry in file.identity for name in entry.profiles]
    yield from _repeated(LEVELS, "identity > profiles", listed)
    if whole and listed and not known:
        sentence = "There is no [[profile]]. Copy them from the levels.toml of this release."
        yield Problem(LEVELS, "profile", sentence)
    elif whole:
        for entry in file.identity:
            for name in entry.profiles:
                if name not in known:
                    sentence = f'No profile is called "{name}".{did_you_mean(name, known)}'
                    yield Problem(LEVELS, f"identity {entry.level} > profiles", sentence)
        for name in dict.fromkeys(known):
            if name not in listed:
                yield Problem(LEVELS, f'profile "{name}"', "No [[identity]] lists it.")


def _tiers(file: LevelsFile, *, whole: bool) -> Iterator[Problem]:
    tiers = sorted(file.tier, key=lambda entry: entry.number)
    for lower, higher in pairwise(tiers):
        if not higher.level.covers(lower.level):
            sentence = f"It asks for less than tier {lower.number} in one part."
            yield Problem(LEVELS, f"tier {higher.number}", sentence)
    coupled = file.levels().coupled
    for entry in tiers:
        if coupled(entry.level) != entry.level:
            sentence = f"{entry.level} breaks the coupling: it needs {coupled(entry.level)}."
            yield Problem(LEVELS, f"tier {entry.number}", sentence)
    if not whole or [entry.number for entry in tiers] != list(NUMBERS):
        return
    if str(tiers[0].level) != "P0.C0":
        yield Problem(LEVELS, "tier 0", "It must be P0.C0, so that every session reaches a tier.")
    if str(tiers[3].level) != "P3.C3":
        yield Problem(LEVELS, "tier 3", "It must be P3.C3, so that every service fits a tier.")


def _coupling(file: LevelsFile) -> Iterator[Problem]:
    rows = (file.coupling.P1, file.coupling.P2, file.coupling.P3)
    if sorted(rows) != list(rows):
        yield Problem(LEVELS, "coupling", "It falls: stronger proof must never need less sign-in.")


def _fading(file: LevelsFile) -> Iterator[Problem]:
    """A higher level lasts no longer than a lower one: else less would be asked again first."""
    longest: float = float("inf")
    for entry in sorted(file.signin, key=lambda entry: entry.level):
        lasts = entry.fades_after_minutes
        if lasts is not None and lasts > longest:
            sentence = "A proof counts longer for it than for a lower level."
            yield Problem(LEVELS, f"signin {entry.level} > fades_after_minutes", sentence)
        longest = min(longest, lasts or longest)


def _same_as(file: LevelsFile) -> Iterator[Problem]:
    for table, entries in (("signin", file.signin), ("identity", file.identity)):
        seen: dict[tuple[str, str], int] = {}
        for entry in entries:
            for scheme, word in entry.same_as.model_dump(exclude_none=True).items():
                first = seen.setdefault((scheme, word), entry.level)
                if first != entry.level:
                    place = f"{table} {entry.level} > same_as > {scheme}"
                    sentence = f'"{word}" already names level {first}; a name means one level.'
                    yield Problem(LEVELS, place, sentence)


def check_methods(file: MethodsFile, *, whole: bool) -> Iterator[Problem]:
    """Methods listed once, restricted ones certified, every level within everybody's reach."""
    ids = [entry.id for entry in file.method]
    yield from _repeated(METHODS, "method", ids)
    for entry in file.certificate:
        if whole and entry.method not in ids:
            sentence = f'No method is called "{entry.method}".{did_you_mean(entry.method, ids)}'
            yield Problem(METHODS, f'certificate of "{entry.body}"', sentence)
    certified = {entry.method for entry in file.certificate}
    for method in file.method:
        if whole and method.status == "restricted" and method.id not in certified:
            sentence = "It is restricted, so a body that uses it needs a [[certificate]]."
            yield Problem(METHODS, f'method "{method.id}"', sentence)
    if whole:
        yield from _within_reach(file)


def _within_reach(file: MethodsFile) -> Iterator[Problem]:
    approved = [entry for entry in file.method if entry.status in ("approved", "common")]
    for level in (1, 2, 3):
        ways = _ways(approved, level)
        count = len({method.id for way in ways for method in way})
        if count < 2:
            sentence = f"C{level} needs two approved methods that reach it; there are {count}."
            yield Problem(METHODS, f"level C{level}", sentence)
        if not any(all(not method.needs_smartphone for method in way) for way in ways):
            sentence = f"Nobody can reach C{level} by an approved method without a smartphone."
            yield Problem(METHODS, f"level C{level}", sentence)


def _ways(methods: Iterable[MethodEntry], level: int) -> list[tuple[MethodEntry, ...]]:
    """Each way to reach sign-in `level`: a method alone, or two of different factors."""
    every = list(methods)
    alone = [(method,) for method in every if method.gives.alone >= level]
    pairs = [
        (a, b)
        for a, b in product(every, repeat=2)
        if a.factor != b.factor and min(a.gives.second, b.gives.second) >= level
    ]
    return [*alone, *pairs]


def check_phishing(levels: LevelsFile, methods: MethodsFile) -> Iterator[Problem]:
    """A level that promises to resist phishing lets in no method that does not."""
    promised = [entry.level for entry in levels.signin if entry.phishing_resistant]
    if 3 in [entry.level for entry in levels.signin] and 3 not in promised:
        yield Problem(LEVELS, "signin 3", "C3 must be phishing_resistant.")
    least = min([*promised, 3])
    for method in methods.method:
        reach = max(method.gives.alone, method.gives.second)
        if reach >= least and not method.phishing_resistant:
            sentence = f"It gives C{reach}, so it must resist phishing; it does not say it does."
            yield Problem(METHODS, f'method "{method.id}"', sentence)


def check_services(
    file: ServicesFile, *, whole: bool, today: date, name: str = SERVICES
) -> Iterator[Problem]:
    """Services and actions listed once, another route where it is owed, short exceptions.

    `name` is the file's: examples.toml has the same form.
    """
    yield from _repeated(name, "service", [entry.client_id for entry in file.service])
    for service in file.service:
        place = f'service "{service.client_id}"'
        known = [action.id for action in service.action]
        yield from _repeated(name, f"{place} > action", known)
        if whole and not service.action:
            yield Problem(name, place, "It has no action, so nothing was assessed.")
        if whole and service.entry is not None and service.entry not in known:
            sentence = f'No action is called "{service.entry}".{did_you_mean(service.entry, known)}'
            yield Problem(name, f"{place} > entry", sentence)
        if service.shut_out >= SERIOUS and not service.other_route.strip():
            sentence = f'shut_out is {service.shut_out}, so "other_route" must name another way in.'
            yield Problem(name, place, sentence)
        signed = service.signature
        if signed and signed.date > today:
            sentence = f"Nobody can have signed on {signed.date}: that day is still to come."
            yield Problem(name, f"{place} > signature > date", sentence)
        for action in service.action:
            exception = action.override
            if exception and exception.until > in_twelve_months(today):
                where = f'{place} > action "{action.id}" > override > until'
                sentence = (
                    f"An override lasts 12 months at most; this one lasts to {exception.until}."
                )
                yield Problem(name, where, sentence)


def in_twelve_months(today: date) -> date:
    """The same day next year; the 29th of February ends on the 28th."""
    try:
        return today.replace(year=today.year + 1)
    except ValueError:
        return today.replace(year=today.year + 1, day=28)


def overdue(
    levels: LevelsFile | None,
    methods: MethodsFile | None,
    services: ServicesFile | None,
    evidence: EvidenceFile | None,
    names: NamesFile | None,
    risk: RiskFile | None,
    experts: ExpertsFile | None,
    today: date,
) -> Iterator[Problem]:
    """Dates that have passed and that somebody must act on.

    Told by `idp policy check`, which fails. They do not stop a start: a calendar page must never
    lock a country out, and what has ended (override, certificate) already counts for nothing.
    """
    if levels and levels.meta.review_by < today:
        yield _past(LEVELS, "meta > review_by", levels.meta.review_by)
    for entry in methods.certificate if methods else ():
        if entry.until < today:
            yield _past(METHODS, f'certificate of "{entry.body}" > until', entry.until)
    for service in services.service if services else ():
        for action in service.action:
            if action.override and action.override.until < today:
                place = f'service "{service.client_id}" > action "{action.id}" > override > until'
                yield _past(SERVICES, place, action.override.until)
    if evidence and evidence.meta.review_by < today:
        yield _past(EVIDENCE, "meta > review_by", evidence.meta.review_by)
    if names and names.meta.review_by < today:
        yield _past(NAMES, "meta > review_by", names.meta.review_by)
    if risk:
        yield from overdue_risk(risk, today)
    if experts and experts.meta.review_by < today:
        yield _past(EXPERTS, "meta > review_by", experts.meta.review_by)


def _past(file: str, place: str, day: date) -> Problem:
    return Problem(file, place, f"The date {day} has passed.")


def _repeated(file: str, place: str, names: Sequence[str | int]) -> Iterator[Problem]:
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        shown = f'"{name}"' if isinstance(name, str) else str(name)
        yield Problem(file, place, f"{shown} is listed more than once.")


def check_all(
    levels: Read[LevelsFile],
    methods: Read[MethodsFile],
    services: Read[ServicesFile],
    evidence: Read[EvidenceFile],
    names: Read[NamesFile],
    risk: Read[RiskFile],
    examples: Read[ServicesFile],
    experts: Read[ExpertsFile],
    powers: Read[PowersFile],
    today: date,
    *,
    beside: bool,
) -> list[Problem]:
    """All problems of the files, file by file, form first.

    `beside`: the powers and the services were written together. Those that came with the package
    stand beside another body's services, and what they say of others counts for nothing.
    """
    found = [*levels.problems]
    if levels.model:
        found += check_levels(levels.model, whole=levels.whole)
    found += methods.problems
    if methods.model:
        found += check_methods(methods.model, whole=methods.whole)
    if levels.model and methods.model:
        found += check_phishing(levels.model, methods.model)
    found += services.problems
    if services.model:
        found += check_services(services.model, whole=services.whole, today=today)
    found += evidence.problems
    if evidence.model:
        found += check_evidence(evidence.model, whole=evidence.whole)
    if levels.model and evidence.model:
        found += check_household(levels.model, evidence.model)
    found += names.problems
    if names.model:
        found += check_names(names.model)
    found += risk.problems
    if risk.model:
        wrong = {problem.place.split(" > ")[0] for problem in risk.problems}
        found += check_risk(risk.model, wrong)
    found += examples.problems
    if examples.model:
        found += check_services(examples.model, whole=examples.whole, today=today, name=EXAMPLES)
    found += experts.problems
    if experts.model:
        found += check_experts(experts.model)
    found += powers.problems
    if powers.model:
        found += check_powers(powers.model, services.model if beside else None)
    return found
