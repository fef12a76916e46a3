"""The questionnaire's pages. Importing them hangs each on the one blueprint, `bp`."""

from idp.assurance.views import checking, paper, published, questionnaire
from idp.assurance.views.common import bp

__all__ = ["bp", "checking", "paper", "published", "questionnaire"]
