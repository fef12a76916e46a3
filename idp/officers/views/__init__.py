"""The console's pages. Importing them hangs each on the one blueprint, `bp`."""

from idp.officers.views import (
    counter,
    figures,
    held,
    keys,
    mandates,
    officers,
    organisations,
    policy,
    policy_forms,
    watch,
)
from idp.officers.views.common import bp

__all__ = [
    "bp",
    "counter",
    "figures",
    "held",
    "keys",
    "mandates",
    "officers",
    "organisations",
    "policy",
    "policy_forms",
    "watch",
]
