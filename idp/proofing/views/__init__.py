"""The proofing pages. Importing them hangs each on the one blueprint, `bp`."""

from idp.proofing.views import checks, claim, home, way_back
from idp.proofing.views.common import bp

__all__ = ["bp", "checks", "claim", "home", "way_back"]
