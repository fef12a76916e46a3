"""The words of proofing: what each kind of evidence asks of a person, and what became of it."""

from datetime import timedelta

from idp.identifiers.rules import Problem
from idp.proofing.rules import (
    CONTACT_EMAIL,
    CONTACT_TEXT,
    COUNTER_VISIT,
    DOCUMENT_CHECK,
    FRAUD_CHECK,
    REGISTER_MATCH,
)
from idp.words import gettext as _


def wait_for(wait: timedelta) -> str:
    """Say how long to wait."""
    minutes = max(1, -(-wait // timedelta(minutes=1)))
    if minutes == 1:
        return _("Wait one minute. Then try again.")
    if minutes < 120:
        return _("Wait %(minutes)s minutes. Then try again.", minutes=minutes)
    return _("Wait until tomorrow. Then try again.")


def to_do(kind: str) -> str:
    """Say what a kind of evidence asks of a person."""
    return {
        CONTACT_EMAIL: _("Type in a code that we send to the email address in our records"),
        CONTACT_TEXT: _("Type in a code that we send to the phone in our records"),
        DOCUMENT_CHECK: _("Show your passport or driving licence"),
        FRAUD_CHECK: _("We check that nobody else uses your name. You do nothing"),
        COUNTER_VISIT: _("Go to a counter and show a document"),
    }.get(kind, kind)


def asked(kind: str) -> str:
    """Say that an answer is waited for."""
    return {
        DOCUMENT_CHECK: _("Your document is being checked."),
        FRAUD_CHECK: _("We are checking that nobody else uses your name."),
    }.get(kind, kind)


def done(kind: str) -> str:
    """Say that a kind of evidence is held."""
    return {
        REGISTER_MATCH: _("Your number, name and date of birth: found"),
        CONTACT_EMAIL: _("The code we sent to your email: right"),
        CONTACT_TEXT: _("The code we sent to your phone: right"),
        DOCUMENT_CHECK: _("Your document: checked"),
        FRAUD_CHECK: _("Nobody else uses your name: checked"),
        COUNTER_VISIT: _("Your visit to the counter: checked"),
    }.get(kind, kind)


def refused(kind: str) -> str:
    """Say that a check was not passed, and nothing that helps a stranger."""
    return {
        DOCUMENT_CHECK: _("We could not match that document to you. Look at its number again."),
        FRAUD_CHECK: _("We could not finish one check on this page. Please go to a counter."),
    }.get(kind, kind)


def unavailable(kind: str) -> str:
    """Say that nobody answered in time."""
    return {
        DOCUMENT_CHECK: _("Nobody could check your document today. Try again or go another way."),
        FRAUD_CHECK: _("One check could not be made today. Try again or go another way."),
    }.get(kind, kind)


def number_problem(problem: Problem) -> str:
    """Say what is wrong with how a number is written: no more than everybody knows."""
    return {
        Problem.EMPTY: _("Type in your National Insurance number"),
        Problem.TEMPORARY_REFERENCE: _("That is a reference for the time being, not the number"),
    }.get(problem, _("It has two letters, six numbers and a letter. For example: QQ 12 34 56 C"))


def document_name(document: str) -> str:
    """Name a kind of document."""
    return {
        "passport": _("Passport"),
        "driving-licence": _("Driving licence"),
    }.get(document, document)
