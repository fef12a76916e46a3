"""What was done, in words: one sentence for each kind of journal entry a person sees."""

from collections.abc import Sequence

from idp.authentication.held import EMAIL_CODE, ONE_TIME_CODE, PASSWORD, RECOVERY_CODE, SMS_CODE
from idp.authentication.texts import method_name
from idp.words import gettext as _


def done(kind: str) -> str:
    """Say what an entry of this kind means to the person it is about."""
    return {
        "tokens-issued": _("Opened or kept using the service"),
        "claims-read": _("Read your details"),
        "acting-started": _("Started to act for you"),
        "acting-refused": _("Wanted to act for you and could not"),
        "use-objected": _("You told us that something was wrong"),
        "objection-answered": _("We answered what you told us"),
        "actor-frozen": _("You opened a lot of people, so we stopped you"),
        "actor-lifted": _("You may act for people again"),
        "mandate-checked": _("Asked whether somebody may act for you"),
        "signed-in-to-service": _("You signed in"),
        "signed-out": _("You signed out"),
        "proof-given": _("You showed that it is you"),
        "proof-refused": _("Somebody tried to sign in and could not"),
        "mandate-given": _("A permission to act was given"),
        "mandate-ended": _("A permission to act was ended"),
        "mandate-offered": _("A permission to act was offered"),
        "mandate-accepted": _("Somebody said yes to a permission to act"),
        "mandate-refused": _("Somebody said no to a permission to act"),
        "mandate-cancelled": _("An offer of a permission to act was taken back"),
        "mandate-lapsed": _("Nobody answered an offer of a permission to act"),
        "mandate-renewed": _("A permission to act goes on"),
        "mandate-facts-tried": _("Somebody gave your number with wrong details"),
        "mandate-suspended": _("A permission to act was put on hold"),
        "officer-saw-permissions": _("An officer looked at the permissions you gave"),
        "mandate-resumed": _("A permission to act can be used again"),
        "proposal-made": _("An officer entered that somebody may act for you"),
        "proposal-confirmed": _("A second officer agreed that somebody may act for you"),
        "proposal-refused": _("A second officer did not agree that somebody may act for you"),
        "proposal-withdrawn": _("An officer took back that somebody may act for you"),
        "spoken-code-sent": _("A code was sent to you, to read out to an officer"),
        "spoken-code-right": _("You read a code out to an officer"),
        "spoken-code-refused": _("A wrong code was read out to an officer"),
        "principal-evidence-entered": _("An officer entered how you showed who you are"),
        "letter-sent": _("A letter was sent to you, or read out to you"),
        "assist-found": _("An adviser looked you up to help you in person"),
        "assist-not-found": _("Somebody gave your number for help in person, with wrong details"),
        "joint-act-asked": _("Others who were appointed together were asked to agree"),
        "joint-act-signed": _("One of those who were appointed together agreed"),
        "tokens-refused": _("The service asked again and was refused"),
        "userinfo-refused": _("The service asked again and was refused"),
        "grant-ended": _("What the service could see was taken back"),
        **_about_organisations(),
        **_about_the_account(),
        **_about_identity(),
    }.get(kind, _("Something was done in your account"))


def checked(what: str, *, allowed: bool) -> str:
    """Say what a helper was about to do when the service asked if they may: a power's own words."""
    if allowed:
        return _("Set out to %(what)s", what=what)
    return _("Wanted to %(what)s and could not", what=what)


def _about_the_account() -> dict[str, str]:
    return {
        "account-made": _("You made your account"),
        "enrolled": _("Your account was made"),
        "method-added": _("A way to sign in was added"),
        "method-removed": _("A way to sign in was taken away"),
        "methods-moved": _("Your new ways to sign in were moved to this account"),
        "methods-reopened": _("Your account was opened again after too many wrong tries"),
        "password-changed": _("Your password was changed"),
        "password-reset": _("A new password was chosen with a code from your email"),
        "reset-code-sent": _("A code to choose a new password was sent"),
        "reset-code-right": _("The code to choose a new password was typed in"),
        "recovery-code-used": _("A recovery code was used"),
        "sign-in-code-sent": _("A code to sign in was sent"),
        "number-code-sent": _("A code was sent to a phone number you gave"),
        "number-code-refused": _("A wrong code was typed in for a phone number"),
        "number-moved": _("Your phone company said that your number was moved"),
        "device-remembered": _("You asked us to remember a device"),
        "device-forgotten": _("You asked us to forget a device"),
        "sign-in-weighed": _("We looked at how usual a sign-in was"),
        "sign-in-deferred": _("A sign-in did not look like you, so the service waits"),
        "deferral-released": _("A sign-in that waited could go on"),
        "deferral-refused": _("A sign-in that waited was stopped"),
        "familiarity-erased": _("You asked us to forget how you sign in"),
        "password-doubted": _("We heard that somebody else may know your password"),
        "device-copied": _("What we knew a device by was copied, so we forgot the device"),
    }


def _about_organisations() -> dict[str, str]:
    return {
        "member-invited": _("You asked somebody to join your organisation"),
        "member-invitation-cancelled": _("You took an invitation to your organisation back"),
        "member-joined": _("You joined an organisation"),
        "member-left": _("You no longer work for an organisation"),
        "member-roles-changed": _("What you may do in an organisation was changed"),
        "member-suspended": _("You were stopped for now in an organisation"),
        "member-resumed": _("You can go on in an organisation"),
        "organisation-settings-changed": _("You changed how your organisation works here"),
        "person-assigned": _("You opened somebody to a member or team"),
        "person-unassigned": _("You closed somebody to a member or team"),
        "people-transferred": _("You gave one member's people to another"),
        "team-made": _("You made a team"),
        "team-joined": _("You were put in a team of your organisation"),
        "team-left": _("You were taken out of a team of your organisation"),
    }


def _about_identity() -> dict[str, str]:
    return {
        "register-changed": _("What our records say about you was changed"),
        "officer-looked-up": _("An officer at a counter looked up your name and date of birth"),
        "claim-matched": _("Your details were found in our records"),
        "claim-refused": _("Your details could not be found in our records"),
        "number-tried": _("Somebody gave your details to make another account"),
        "contact-code-sent": _("A code was sent to an address or number in our records"),
        "evidence-asked": _("A check was asked for"),
        "evidence-held": _("A check was passed"),
        "evidence-refused": _("A check was not passed"),
        "evidence-unavailable": _("A check could not be made"),
        "identity-proved": _("You showed who you are"),
        "proofing-ended": _("Showing who you are came to an end"),
        "visit-entered": _("An officer saw you at a counter"),
        "visit-confirmed": _("A second officer agreed with the first"),
        "visit-refused": _("A second officer did not agree with the first"),
        "way-back-begun": _("Somebody asked to get back into this account"),
        "way-back-objected": _("Somebody told us that it was not them who asked to get back"),
        "way-back-stopped": _("Getting back into this account was stopped"),
        "way-back-taken-back": _("Whoever asked to get back into this account took it back"),
        "way-back-taken": _("Somebody got back into this account"),
        "way-back-wait-ended": _("The wait to get back into this account ended"),
    }


def signed_in(kind: str, method: str | None) -> str:
    """Say how somebody signed in, or tried to."""
    if kind == "signed-in-to-service":
        return _("You signed in")
    name = method_name(method) if method else ""
    if kind == "proof-refused":
        if not name:
            return _("Somebody tried to sign in and could not")
        return _("Somebody tried to sign in and could not: %(method)s", method=name)
    return _("You showed that it is you: %(method)s", method=name)


def unusual_words(codes: Sequence[str]) -> str:
    """Say what looked unusual about a sign-in: only to somebody who has proved who they are.

    `codes` are those of `familiarity.said_after_proof`; empty where nothing did.
    """
    words = {
        "unusual_network": _("a network we had not seen you use"),
        "unusual_browser": _("a new browser"),
        "no_known_device": _("a device we did not know"),
        "failed_tries": _("some wrong tries before it"),
        "attack_address": _("an address that attacks came from"),
        "impossible_travel": _("another country too soon after the last"),
        "hosting_network": _("a network for servers, not for people"),
        "reach": _("many people you act for"),
    }
    said = [words[code] for code in codes if code in words]
    if not said:
        return ""
    if len(said) == 1:
        return _("It was %(what)s.", what=said[0])
    return _("It was %(what)s, and %(last)s.", what=", ".join(said[:-1]), last=said[-1])


def add_method(method: str) -> str:
    """Say what a link does that sets this method up."""
    return {
        PASSWORD: _("Choose a password"),
        ONE_TIME_CODE: _("Set up an app that makes codes"),
        SMS_CODE: _("Get codes by text message"),
        EMAIL_CODE: _("Get codes by email"),
        RECOVERY_CODE: _("Get recovery codes"),
    }[method]


def too_few_ways_in() -> tuple[str, list[str]]:
    """Say why a method stays: title and what to do."""
    return (
        _("You need this way to sign in"),
        [
            _("Without it you could lose your account."),
            _(
                "Everybody needs two ways to sign in. One of them must work without a phone. "
                "Add another way first. Then you can take this one away."
            ),
        ],
    )
