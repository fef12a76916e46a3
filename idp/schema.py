"""Every table of the house in one place, for migrations and for tests of the whole schema."""

from idp.accounts import records as accounts
from idp.assurance import records as assurance
from idp.assurance import sets_records as policy_sets
from idp.authentication import records as authentication
from idp.callers import records as callers
from idp.delegation import records as delegation
from idp.enrolment import records as enrolment
from idp.figures import records as figures
from idp.journal import records as journal
from idp.notices import records as notices
from idp.officers import records as officers
from idp.oidc import records as oidc
from idp.organisations import records as organisations
from idp.outbox import records as outbox
from idp.proofing import records as proofing
from idp.register import records as register
from idp.signin import records as signin
from idp.storage import Base
from idp.throttle import records as throttle

ROOMS = (
    accounts, assurance, authentication, callers, delegation, enrolment, figures, journal,
    notices, officers, oidc, organisations, outbox, policy_sets, proofing, register, signin,
    throttle,
)  # fmt: skip
TABLES = tuple(Base.metadata.sorted_tables)
