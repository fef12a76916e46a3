"""What accounts' sign-ins looked like, kept so that it says nothing of where anybody was."""

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage import Base


class FamiliarityRecord(Base):
    """How often one account's accepted sign-ins had one value of one feature.

    `key` is 64 bits of an HMAC under a key of the account's own: no address and no browser text
    stands here, and two accounts in one household share no row. `thousandths` is the count,
    decayed to `week`, whole weeks since 1970.
    """

    __tablename__ = "familiarity"

    account_ref: Mapped[str] = mapped_column(ForeignKey("account.ref"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    feature: Mapped[str]
    thousandths: Mapped[int] = mapped_column(Integer)
    week: Mapped[int] = mapped_column(Integer)


class FeatureShareRecord(Base):
    """On how many accounts a coarse value was ever seen: countries, networks, browser versions.

    Nothing finer is counted over all accounts, and no account can be found from here.
    """

    __tablename__ = "feature_share"

    feature: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    accounts: Mapped[int] = mapped_column(Integer)
