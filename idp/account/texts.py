"""What was done, in words: one sentence for each kind of journal entry a person sees."""

from idp.words import gettext as _


def done(kind: str, detail: object = None) -> str:
    """Say what an entry of this kind means to the person it is about."""
    return {
        "tokens-issued": _("Opened or kept using the service"),
        "claims-read": _("Read your details"),
        "acting-started": _("Started to act for you"),
        "signed-in-to-service": _("You signed in"),
        "signed-out": _("You signed out"),
        "proof-given": _("You gave a password or a code"),
        "proof-refused": _("A wrong code was given"),
        "mandate-given": _("A permission to act was given"),
        "mandate-ended": _("A permission to act was ended"),
        "tokens-refused": _("The service asked again and was refused"),
        "userinfo-refused": _("The service asked again and was refused"),
        "grant-ended": _("What the service could see was taken back"),
    }.get(kind, _("Something was done in your account"))
