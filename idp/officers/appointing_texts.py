"""What the console says about permissions: bases, problems, outcomes."""

from collections.abc import Mapping

from idp.officers import appointing, calls, ending
from idp.officers.ending import Lapsed
from idp.officers.proposals import Outcome
from idp.words import gettext as _


def bases() -> Mapping[str, str]:
    """Name each basis that an officer may enter, in the order of the page."""
    return {
        "appointed": _("The person asked for it"),
        "lasting-power": _("A lasting power of attorney"),
        "deputyship": _("A court named a deputy"),
        "parental": _("A parent, for a child"),
        "estate": _("The estate of somebody who has died"),
        "director": _("A director, for a company"),
        "official": _("Named by an office or a court, for another reason"),
    }


def ways_to_find() -> Mapping[str, str]:
    """By which number somebody is found (`finding.find_principal`)."""
    return {
        "ni": _("A National Insurance number"),
        "company": _("A company number"),
        "tax": _("A business's tax reference"),
        "vat": _("A VAT number"),
        "reference": _("The reference of a business here"),
    }


def every_basis() -> Mapping[str, str]:
    """Name each basis that a permission may have."""
    return {**bases(), "own": _("The person gave it on their own page"),
            "assisted": _("The person gave it with somebody's help")}  # fmt: skip


def lapsed() -> Mapping[str, str]:
    """Name why a basis is no more."""
    return {
        Lapsed.ORDER: _("The order of the court has run out, or was taken back"),
        Lapsed.REVOKED: _("The power of attorney was taken back"),
        Lapsed.REMOVED: _("The director left the company"),
        Lapsed.OF_AGE: _("The child is grown up"),
        Lapsed.WOUND_UP: _("The estate is settled"),
    }


def call_problem(problem: calls.Problem) -> str:
    """Say why something of a call was not done, and what helps."""
    return {
        calls.Problem.GONE: _("This call is over. Start again."),
        calls.Problem.NO_CONTACT: _(
            "Our records have no number or address that is old enough for a code."
        ),
        calls.Problem.WRONG_CODE: _("This is not the code, or it is too old. Ask again."),
        calls.Problem.KIND: _("Choose what you saw or heard"),
        calls.Problem.CONDITIONS: _("Tick each thing that is so. If one is not, do not go on."),
        calls.Problem.HASH: _("Type in the 64 letters and digits of the document's SHA-256"),
        calls.Problem.HOLDER: _("Say where the document is kept"),
    }[problem]


def appoint_problem(problem: appointing.Problem) -> str:
    """Say why a permission was not entered or given, and what helps."""
    p = appointing.Problem
    return {
        p.ROLE_LACKING: _("Your role does not let you do this. Ask an administrator."),
        p.HELPER: _("Nobody like this has shown us who they are. Ask them to do that first."),
        p.OWN_DELEGATE: _("Nobody can be their own helper"),
        p.TWICE: _("You typed in the same person twice"),
        p.TOO_MANY: _("Too many people. Whoever asks for it themselves names one at a time."),
        p.BASIS: _("This reason does not fit. A director acts for a company, nobody else does."),
        p.DEAD: _("The person has died. Only an estate, or an office, can be entered."),
        p.ALIVE: _("The person is alive. An estate begins when somebody has died."),
        p.SERVICES: _("Choose one service at least"),
        p.POWERS: _("Choose what the helper can do at each service"),
        p.REALM: _("Enter health services apart from the others"),
        p.TERM: _("That is too long for one of these services"),
        p.TERM_NEEDED: _("One of these services needs an end"),
        p.EXCLUSIVE: _("One of these services takes one helper only"),
        p.QUORUM: _("Say how many have to agree: from 1 to all of them"),
        p.ORGANISATION: _("No organisation that we have checked has this number or reference"),
        p.ORGANISATION_BASIS: _("For this reason only people can act, not an organisation"),
        p.ORGANISATION_HEALTH: _("For health services only people can act for this reason"),
        p.ORGANISATION_TOGETHER: _("An organisation acts alone. Say that 1 has to agree, or "
                                   "leave it out."),
        p.EVIDENCE: _("Nothing was shown that counts for this reason. Enter it first."),
        p.LEVEL: _("What was shown is too little for one of these services"),
        p.GONE: _("This call is over. Start again."),
    }[problem]  # fmt: skip


def end_problem(problem: ending.Problem) -> str:
    """Say why nothing was ended."""
    return {
        ending.Problem.ROLE_LACKING: _("Your role does not let you do this. Ask an administrator."),
        ending.Problem.NOT_SURE: _("First make sure who you talk to: send a code, or ask."),
        ending.Problem.GONE: _("This was ended already."),
    }[problem]


def ended() -> tuple[str, list[str]]:
    """Say that it was ended: title and what follows."""
    return _("It is ended"), [_("From now on nobody can use it.")]


def not_decided(outcome: Outcome) -> str:
    """Say why a proposal was not decided, and what helps."""
    return {
        Outcome.OWN: _(
            "You entered it. Another officer has to decide. Any of them can, if one is away."
        ),
        Outcome.NOT_OWN: _("Only who entered it can take it back."),
        Outcome.NOT_APART: _("One of you let the other in here. Ask a third officer."),
        Outcome.UNSEEN: _("Look at it first. Then decide within 30 minutes."),
        Outcome.ROLE_LACKING: _("Your role does not let you do this. Ask an administrator."),
    }.get(outcome, _("It is not waiting any more. Somebody may have decided it."))


def decided(outcome: Outcome) -> tuple[str, list[str]]:
    """Say what was decided: title and what follows."""
    if outcome is Outcome.REFUSED:
        return _("You refused it"), [_("Nobody was given anything.")]
    return _("You took it back"), [_("Nobody was given anything.")]


def given(*, letter: bool, messages: int) -> tuple[str, list[str]]:
    """Say that it was given, and how the person is told."""
    said = [_("The helper can act now. They were told.")]
    if letter:
        said.append(_("A letter to the person is on the list of letters. Print and post it."))
    elif not messages:
        said.append(_("The person wants no message. Print this page and give it to them."))
    return _("The permission is given"), said
