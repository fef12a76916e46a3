"""When a business ceases, what it gave ends in one step (I19)."""

from datetime import timedelta
from typing import Any

from idp.assurance.rules import Level
from idp.delegation.actions import give, insert_mandate
from idp.delegation.lifecycle import State
from idp.delegation.records import MandateRecord
from idp.identifiers.businesses import BusinessNumber, NumberKind, parse
from idp.journal.records import JournalEntry
from idp.outbox.actions import deliver
from idp.register import businesses
from idp.register.businesses import BusinessLine
from idp.work import handlers
from tests.build import Site


def company(site: Site) -> str:
    number = parse(NumberKind.COMPANY, "445790")
    assert isinstance(number, BusinessNumber)
    line = BusinessLine(name="Tesc Ltd", kind="company", numbers=(number,))

    def work(tx: Any) -> str:
        businesses.bring(tx, site.house.keyring, line, by="tests")
        found = businesses.find_by_number(tx, site.house.keyring, number)
        assert found is not None
        return found.ref

    return site.database.transaction(work)


def test_all_that_a_business_gave_ends_in_one_step_and_nobody_elses(site: Site) -> None:
    business, helper = company(site), site.account("sian")["person_ref"]
    others = site.give_mandate()

    def work(tx: Any) -> None:
        level, day = Level(identity=2, sign_in=2), timedelta(days=1)
        for service in ("tax", "library"):
            give(tx, principal=business, principal_kind="business", delegate=helper,
                 services={service: ["all"]}, expires=tx.now() + day, grant_level=level,
                 basis="own", by="tests")  # fmt: skip
        insert_mandate(
            tx, state=State.OFFERED, bundle="b", principal=business, delegate=helper,
            principal_kind="business", service="post", powers=["all"], basis="own",
            created_by="tests", now=tx.now(), offer_expires=tx.now() + day,
        )  # fmt: skip

    site.database.transaction(work)
    day = site.database.now().date()
    assert site.database.transaction(lambda tx: businesses.cease(tx, business, day, by="tests"))
    deliver(site.database, handlers(site.house))
    states = {row["service"]: (row["state"], row["ended_reason"])
              for row in site.rows(MandateRecord, principal=business)}  # fmt: skip
    assert states == {
        "tax": ("ended", "basis_lapsed"), "library": ("ended", "basis_lapsed"),
        "post": ("cancelled", None),
    }  # fmt: skip
    assert [row["state"] for row in site.rows(MandateRecord, ref=others)] == ["active"]
    ends = site.rows(JournalEntry, kind="mandate-ended", person=business)
    assert {row["detail"]["why"] for row in ends} == {"business-ceased"}
    assert len(ends) == 2
