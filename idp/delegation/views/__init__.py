"""The pages on which permissions are offered, asked for, answered and looked after."""

from idp.delegation.views import (
    after,
    agreement,
    answers,
    assist,
    firm,
    firm_lists,
    firm_offers,
    own,
    passing,
    software,
)
from idp.delegation.views.common import bp

__all__ = [
    "after",
    "agreement",
    "answers",
    "assist",
    "bp",
    "firm",
    "firm_lists",
    "firm_offers",
    "own",
    "passing",
    "software",
]
