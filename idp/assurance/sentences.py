"""The sentences of the working of a level, with named places. Data, no decisions.

The command, the journal, the pages and the page's own script all say these, word for word.
"""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "wrong_person": "if we let in the wrong person",
    "taken_over": "if someone takes over the account",
    "no_evidence": "it has no evidence",
    "no_owner": "it has no owner",
    "no_review": "it has no review date",
    "review_due": "its review was due by %(day)s",
    "uncounted": 'The mitigation "%(kind)s" counts as nothing: %(why)s.',
    "twice": 'The mitigation "%(kind)s" counts once, though listed again.',
    "step": "%(harm)s %(before)s to %(after)s",
    "step_in_one": "%(step)s %(when)s",
    "lowers": "lowers %(steps)s",
    "nothing_more": "takes nothing more off",
    "mitigated": 'The mitigation "%(kind)s" %(effect)s (%(evidence)s).',
    "P": "Identity",
    "C": "Sign-in",
    "no_harm": "%(what)s %(part)s0: no harm %(when)s is great enough to ask for more.",
    "harm": "%(harm)s %(severity)s (%(meaning)s)",
    "worst": "%(what)s %(part)s%(level)s: the worst harm %(when)s is %(harms)s.",
    "moved": "%(harm)s asks for %(part)s%(level)s, not %(part)s%(plain)s",
    "none_moved": "no category asks for a different level",
    "money_cap": " Mitigations take at most one step off money.",
    "threat": "The threat is %(threat)s: %(effect)s.%(cap)s",
    "no_account": (
        "Nobody comes back and nobody is identified, so there is no account: sign-in C0."
    ),
    "coupled": (
        "Identity P%(identity)s needs sign-in C%(to)s at least, so that what was proved once stays"
        " with the person: sign-in goes from C%(before)s to C%(to)s."
    ),
    "override_ended": "The override ended on %(day)s and no longer counts.",
    "override": (
        "An override makes %(before)s into %(after)s until %(day)s: %(reason)s (%(owner)s)."
    ),
    "shut_out": (
        "Shutting out the right person does serious harm (%(severity)s), so another route at the"
        " same level is open: %(route)s."
    ),
    "no_route": "none is named yet",
}


def say(name: str, **values: object) -> str:
    """The sentence called `name` with its places filled in. Raises KeyError for one left empty."""
    return SENTENCES[name] % values
