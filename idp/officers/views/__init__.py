"""The console's pages. Importing them hangs each on the one blueprint, `bp`."""

from idp.officers.views import (
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
