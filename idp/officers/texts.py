"""What the console says, in words: roles, refusals, what is looked at on a document."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from idp.assurance.sets import State
from idp.assurance.sets import Verdict as PolicyVerdict
from idp.officers.administrators import Lost
from idp.officers.organisations import Refused
from idp.officers.rules import HeldReason, Role, Verdict
from idp.organisations.entering import Problem
from idp.organisations.rules import Organisation, SuspensionProblem
from idp.words import gettext as _
from idp.words import ngettext


def role_names() -> Mapping[str, str]:
    """Name each role, in the order of the page."""
    return {
        Role.COUNTER: _("Counter officer: sees people and their documents"),
        Role.RISK: _("Risk officer: lets sign-ins that wait go on, or stops them"),
        Role.ADMINISTRATOR: _("Administrator: adds and ends officers"),
        Role.POLICY: _("Policy officer: changes the policies, together with another one"),
        Role.MANDATE: _("Permissions officer: enters and ends permissions to act for somebody"),
        Role.ORGANISATIONS: _("Organisations officer: enters, checks and suspends organisations"),
    }


def role_list(roles: Iterable[str]) -> str:
    """Name an officer's roles in one line."""
    short = {
        Role.COUNTER: _("Counter officer"),
        Role.RISK: _("Risk officer"),
        Role.POLICY: _("Policy officer"),
        Role.MANDATE: _("Permissions officer"),
        Role.ORGANISATIONS: _("Organisations officer"),
        Role.ADMINISTRATOR: _("Administrator"),
    }
    return ", ".join(name for role, name in short.items() if role in set(roles))


def checks() -> Mapping[str, str]:
    """What an officer looks at before a visit is entered: each must be ticked."""
    return {
        "original": _("I held the document itself, not a copy"),
        "in-date": _("It has not run out"),
        "unaltered": _("I looked at its safety marks. Nothing was changed, cut or glued"),
        "photo": _("The photo is of the person in front of me"),
        "same": _("The name and the date of birth on it are the ones on this page"),
    }


def refused(verdict: Verdict) -> str:
    """Say why something was not done, and what helps."""
    return {
        Verdict.ROLE_LACKING: _("Your role does not let you do this. Ask an administrator."),
        Verdict.ONESELF: _("You cannot do this to yourself. Ask another administrator."),
        Verdict.GONE: _("This was ended already."),
        Verdict.NAME_BAD: _("Type in a name of 1 to 60 letters"),
        Verdict.NAME_TAKEN: _(
            "There is an officer with this name. Add something to tell them apart"
        ),
        Verdict.ROLES_BAD: _("Choose at least one role"),
        Verdict.STALE: _("You waited too long, or opened this page in two places. Try again."),
        Verdict.UNVERIFIED: _("This key was not recognised. Try again, with its PIN or a finger."),
        Verdict.NOT_BOUND: _(
            "This key can be copied to other devices. Use a security key that you can hold."
        ),
        Verdict.COPIED: _(
            "There may be a copy of this key. Do not use it again. Tell an administrator now."
        ),
        Verdict.KEY_KNOWN: _("This key is set up already. Use another one."),
        Verdict.KEYS_FULL: _("You have 5 keys. Remove one first."),
        Verdict.LAST_KEY: _("This is your only key. Add another one first."),
    }[verdict]


def refused_command(verdict: Verdict) -> str:
    """Say it to an operator at a terminal, where there are no pages and no languages."""
    return {
        Verdict.GONE: "this officer was disabled already",
        Verdict.NAME_BAD: "a name has 1 to 60 printable characters",
        Verdict.NAME_TAKEN: "there is an officer with this name",
    }.get(verdict, verdict.value)


def documents() -> Mapping[str, str]:
    """Name each kind of document that may be shown at a counter."""
    return {
        "passport": _("Passport"),
        "driving-licence": _("Driving licence with a photo"),
        "residence-permit": _("Residence permit"),
        "identity-card": _("Identity card of another country"),
        "other-photo": _("Another document with a photo"),
    }


def reference_missing() -> str:
    """Say that no reference was typed."""
    return _("Type in the reference that the person shows you")


def reference_unknown() -> str:
    """Say that nobody waits under this reference; the same for one that was never given out."""
    return _("Nobody is waiting under this reference. Check it with the person.")


def document_missing() -> str:
    """Say that no kind of document was chosen."""
    return _("Choose the document that you looked at")


def check_missing() -> str:
    """Say that the list is not complete."""
    return _("Tick each thing that you did. If one is not so, do not enter the visit.")


def not_entered() -> str:
    """Say that a visit cannot be entered now: one waits already, or the case was closed."""
    return _("This visit could not be entered. Another one may be waiting to be confirmed.")


def visit_gone() -> str:
    """Say that there is nothing to decide."""
    return _("This visit is not waiting for you. Somebody may have decided it.")


def look_first() -> str:
    """Say that a visit is decided on the page that shows it, while the person is there."""
    return _("Look at the visit first. Then confirm it or refuse it within 30 minutes.")


def decision_missing() -> str:
    """Say that neither answer was given."""
    return _("Choose one of the two answers")


def held_reasons() -> Mapping[str, str]:
    """Name the reasons for a decision, each with what it leads to."""
    return {
        HeldReason.OWNER_SAID_YES: _(
            "Let it go on: the owner was reached at a number known before, and it was them"
        ),
        HeldReason.OWNER_CAME: _("Let it go on: the owner came and showed who they are"),
        HeldReason.OWNER_SAID_NO: _("Stop it: the owner said that it was not them"),
        HeldReason.NOT_REACHED: _("Stop it: the owner could not be reached"),
        HeldReason.ATTACK: _("Stop it: it is part of an attack"),
    }


def held_reason_missing() -> str:
    """Say that no reason was chosen."""
    return _("Choose what you do, and why")


def held_decided(*, released: bool) -> tuple[str, list[str]]:
    """Say what was decided: title and what follows."""
    if released:
        return _("You let it go on"), [_("The service is told when it asks. It can act now.")]
    return _("You stopped it"), [
        _("What was granted ended, and so did the session that it came from.")
    ]


def held_gone() -> str:
    """Say that a sign-in no longer waits."""
    return _("Somebody decided it before you, or it ran out. Look at the list again.")


def decided(*, confirmed: bool) -> tuple[str, list[str]]:
    """Say what was decided: title and what follows."""
    if confirmed:
        return _("You confirmed the visit"), [_("The person can go on now. They were told.")]
    return _("You refused the visit"), [
        _("It does not count. The person was told and can choose another way.")
    ]


def address_gone() -> tuple[str, list[str]]:
    """Say that a one-time address was used or is too old."""
    return _("This address does not work any more"), [
        _("It works once, for 24 hours."),
        _("Ask an administrator for a new one."),
    ]


def wait(left: timedelta) -> str:
    """Say how long to wait."""
    minutes = max(1, round(left.total_seconds() / 60))
    return ngettext(
        "Wait %(num)d minute, then go on.", "Wait %(num)d minutes, then go on.", minutes
    )


def policy_refused(verdict: PolicyVerdict) -> str:
    """Say why nothing was done with a set of policies, and what helps."""
    return {
        PolicyVerdict.GONE: _("This was decided already. Load the page again."),
        PolicyVerdict.SAME_PERSON: _("You proposed this. Another policy officer has to sign it."),
        PolicyVerdict.NOT_APART: _(
            "One of you let the other in here. Ask a third policy officer to sign."
        ),
        PolicyVerdict.STALE: _("The policies changed since then. Look again, and start anew."),
        PolicyVerdict.NOTHING_NEW: _("This changes nothing. It is what is in force now."),
        PolicyVerdict.TOO_LATE: _("Choose a start within a year"),
        PolicyVerdict.NOTHING_BEFORE: _("There is nothing to go back to."),
        PolicyVerdict.RESTORED: _(
            "You can go back one step only. To go further back, propose those files again."
        ),
        PolicyVerdict.ROLE_LACKING: _("Your role does not let you do this. Ask an administrator."),
    }[verdict]


def policy_command(verdict: PolicyVerdict) -> str:
    """Say it to an operator at a terminal, where there are no pages and no languages."""
    return {
        PolicyVerdict.GONE: "it was decided already",
        PolicyVerdict.SAME_PERSON: "who proposed a set does not sign it: another officer has to",
        PolicyVerdict.NOT_APART: "one of the two officers let the other in: a third has to sign",
        PolicyVerdict.STALE: "the policies changed since; compare and propose it again",
        PolicyVerdict.NOTHING_NEW: "it says what is in force now",
        PolicyVerdict.TOO_LATE: "a start lies within a year",
        PolicyVerdict.NOTHING_BEFORE: "no set was applied, so there is nothing to roll back",
        PolicyVerdict.RESTORED: "it was rolled back already; to go further, apply those files",
        PolicyVerdict.ROLE_LACKING: "this takes a policy officer",
    }.get(verdict, verdict.value)


def policy_state(state: State) -> str:
    """Name where a set of policies stands."""
    return {
        State.PROPOSED: _("waits for a second officer"),
        State.SCHEDULED: _("signed, starts at its time"),
        State.IN_FORCE: _("in force"),
        State.REPLACED: _("replaced by a later one"),
        State.ROLLED_BACK: _("rolled back"),
        State.REFUSED: _("refused"),
    }[state]


def statuses() -> Mapping[str, str]:
    """Name how far a method, or a kind of evidence, is approved."""
    return {
        "common": _("Approved, and used everywhere"),
        "approved": _("Approved"),
        "restricted": _("Only under conditions"),
        "withdrawn": _("Does not count any more"),
    }


def evidence_parts() -> Mapping[str, str]:
    """Name what evidence is worth something in, after GPG 45."""
    return {
        "strength": _("How hard it is to fake"),
        "validity": _("How well we know that it is real"),
        "activity": _("How long the person has used it"),
        "fraud": _("How well we looked for signs of fraud"),
        "verification": _("How sure it is that it is theirs"),
    }


def money_categories() -> Mapping[str, str]:
    """Name whose money it is."""
    return {
        "money_person": _("Money that one person loses"),
        "money_public": _("Public money lost in one case"),
    }


def money_ends() -> tuple[str, ...]:
    """Name the harms whose upper ends are typed."""
    return _("Small harm, up to"), _("Some harm, up to"), _("Big harm, up to")


def score_bad() -> str:
    """Say what a score is."""
    return _("Type in a whole number from 0 to 4")


def money_bad() -> str:
    """Say what an amount is."""
    return _("Type in an amount in whole pounds")


def day_bad() -> str:
    """Say what a day is."""
    return _("Type in a day like 2030-01-31")


def moment_bad() -> str:
    """Say what a start is."""
    return _("Type in a time like 2030-01-31 06:00")


def organisation_state(one: Organisation) -> str:
    """Say where an organisation stands."""
    if one.closed_at is not None:
        return _("closed")
    if one.verified_at is None:
        return _("waits for a second officer")
    if one.suspended:
        return _("suspended")
    return _("will be suspended") if one.suspends_at is not None else _("in use")


def organisation_levels() -> Mapping[str, str]:
    """Name how thoroughly an organisation was checked (risk-model.md T7, 0 to 3)."""
    return {
        "0": _("0: nothing but its name. Up to 10 people for each member"),
        "1": _("1: found in a public register. Up to 100 people for each member"),
        "2": _("2: and under a supervisor, such as a professional body. Up to 10,000"),
        "3": _("3: and its own access controls were looked at. Any number"),
    }


def organisation_problem(problem: Problem) -> str:
    """Say why an organisation was not entered or changed."""
    return {
        Problem.NAME: _("Type in a name of 1 to 100 letters"),
        Problem.NAME_TAKEN: _("There is an organisation with this name or number already"),
        Problem.KIND: _("Choose what kind of organisation it is"),
        Problem.NUMBER: _("A number of a register has at most 20 letters and digits"),
        Problem.ASSURANCE: _("Choose how thoroughly it was checked"),
        Problem.ADMIN_NAME: _("Type in the full name of the first administrator"),
        Problem.ADMIN_EMAIL: _("Type in an email address, like name@example.com"),
        Problem.GONE: _("There is no such organisation."),
        Problem.CHANGED: _("It was changed, or decided on, since you looked. Look at it again."),
        Problem.NOT_SUSPENDED: _("It is not suspended, so this cannot be done."),
    }[problem]


def organisation_refused(refused: Refused) -> str:
    """Say why an officer may not decide on an organisation."""
    return {
        Refused.ROLE_LACKING: _("Your role does not let you do this. Ask an administrator."),
        Refused.OWN: _("You entered it yourself. Another officer has to verify it."),
        Refused.NOT_APART: _(
            "One of you let the other in, so you cannot be the two who stand for it."
        ),
        Refused.UNSEEN: _("Look at it first, then confirm it within 30 minutes."),
    }[refused]


def lost() -> Mapping[str, str]:
    """Name what became of the last administrator of an organisation."""
    return {
        Lost.LEFT: _("They do not work there any more"),
        Lost.DIED: _("They died"),
        Lost.LOCKED_OUT: _("They cannot sign in any more"),
    }


def suspension_problem(problem: SuspensionProblem, days: int) -> str:
    """Say why an organisation was not suspended."""
    return {
        SuspensionProblem.REASON_MISSING: _(
            "State a reason: without one there are %(days)s days of notice", days=days
        ),
        SuspensionProblem.TOO_LONG: _("Choose a notice of at most a year"),
    }[problem]
