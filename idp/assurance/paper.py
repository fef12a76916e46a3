"""What a page needs to work the questionnaire out by itself: policy as JSON holds it. Pure.

Everything in it is published anyway and nothing of it is an answer; `questionnaire-rules.js` reads
it and holds no table, no sentence and no word of its own.
"""

from typing import Any

from idp.assurance import answers, harms, nearest, writing
from idp.assurance.checks import in_twelve_months
from idp.assurance.experts_file import NAMED_AT_MOST
from idp.assurance.nearest import Published
from idp.assurance.policy import Policies
from idp.assurance.proposals import published
from idp.assurance.sentences import SENTENCES


def paper(policies: Policies) -> dict[str, Any]:
    """The policies in force as the page's script takes them; days are written 2027-06-30."""
    return {
        "today": policies.today.isoformat(),
        "latest": in_twelve_months(policies.today).isoformat(),
        "fields": answers.FIELDS,
        "first": answers.FIRST,
        "signing": answers.SIGNING,
        "exception": answers.EXCEPTION,
        "longest": answers.LONGEST,
        "customers": answers.CUSTOMERS,
        "threats": nearest.THREATS,
        "categories": harms.CATEGORIES,
        "money": harms.MONEY,
        "serious": harms.SERIOUS,
        "most_steps": harms.MOST_STEPS,
        "most_steps_safety": harms.MOST_STEPS_SAFETY,
        "most_steps_money_high_threat": harms.MOST_STEPS_MONEY_HIGH_THREAT,
        "mitigations": harms.MITIGATIONS,
        "identity": policies.tables.identity,
        "sign_in": policies.tables.sign_in,
        "words": policies.tables.words,
        "tiers": {n: (t.identity, t.sign_in) for n, t in policies.levels.tiers.items()},
        "tier_names": policies.levels.tier_names,
        "citizen_texts": policies.levels.citizen_texts,
        "coupling": policies.levels.coupling,
        "sentences": SENTENCES,
        "file_head": writing.HEAD.format(service="%(service)s", action="%(action)s"),
        "endings": nearest.ENDINGS,
        "common": sorted(nearest.COMMON),
        "weighs": {
            "words": nearest.WORDS_WEIGH,
            "customers": nearest.CUSTOMERS_WEIGH,
            "harms": nearest.HARMS_WEIGH,
            "threat": nearest.THREAT_WEIGHS,
            "mitigations": nearest.MITIGATIONS_WEIGH,
        },
        "published": [_published(entry) for entry in published(policies)],
        "experts": [expert.model_dump(mode="json") for expert in policies.experts],
        "experts_named": NAMED_AT_MOST,
    }


def _published(entry: Published) -> dict[str, Any]:
    asked = entry.asked
    return {
        "service": entry.service,
        "owner": entry.owner,
        "customers": entry.customers,
        "stems": list(nearest.stems_of(entry)),
        "wrong_person": dict(asked.wrong_person),
        "taken_over": dict(asked.taken_over),
        "threat": asked.threat,
        "mitigations": sorted({mitigation.kind for mitigation in asked.mitigations}),
        "filled": answers.filled_from(asked),
        "level": str(entry.assessment.level),
        "tier": entry.assessment.tier,
    }
