"""The pages of enrolment, in several files on one blueprint."""

from idp.enrolment.views import first_visit, hub, recover
from idp.enrolment.views.common import bp

__all__ = ["bp", "first_visit", "hub", "recover"]
