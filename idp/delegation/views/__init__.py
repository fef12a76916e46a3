"""The pages on which permissions are offered, asked for, answered and looked after."""

from idp.delegation.views import after, answers, firm, own
from idp.delegation.views.common import bp

__all__ = ["after", "answers", "bp", "firm", "own"]
