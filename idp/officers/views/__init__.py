"""The console's pages. Importing them hangs each on the one blueprint, `bp`."""

from idp.officers.views import (
    administrators,
    appointing,
    calls,
    counter,
    figures,
    held,
    keys,
    letters,
    mandates,
    officers,
    organisations,
    policy,
    policy_forms,
    watch,
)
from idp.officers.views.common import bp

__all__ = [
    "administrators",
    "appointing",
    "bp",
    "calls",
    "counter",
    "figures",
    "held",
    "keys",
    "letters",
    "mandates",
    "officers",
    "organisations",
    "policy",
    "policy_forms",
    "watch",
]
