"""The operators' page about officers says what the code says."""

import re

from idp.officers.rules import (
    INVITATION_LASTS,
    MAY,
    MOST_KEYS,
    SESSION_IDLES,
    SESSION_LASTS,
    Act,
    HeldReason,
    Role,
)
from idp.routes import CONSOLE
from tests.docs.documents import codes, named, read, table

OFFICERS = named("operator-officers.md")


def test_the_table_of_roles_is_the_one_in_force() -> None:
    said = table(OFFICERS, "roles")
    assert [codes(row[0]) for row in said] == [[act.value] for act in Act]
    header = re.search(r"^\| act \| (.+) \|$", read(OFFICERS), re.M)
    assert header is not None
    roles = codes(header[1])
    assert set(roles) == set(Role)
    for row in said:
        for role, cell in zip(roles, row[1:], strict=True):
            assert (Act(codes(row[0])[0]) in MAY[Role(role)]) == (cell == "yes"), (row, role)


def test_the_reasons_to_decide_a_held_sign_in_are_those_in_force() -> None:
    said = {codes(row[0])[0]: row[1] for row in table(OFFICERS, "held-reasons")}
    assert said == {
        str(reason): "released" if reason.releases else "refused" for reason in HeldReason
    }


def test_every_kind_that_the_console_writes_is_explained() -> None:
    said = {codes(row[0])[0] for row in table(OFFICERS, "officer-journal")}
    written = {kind for route in CONSOLE for kind in route.audit}
    assert said == written


def test_the_figures_are_those_in_force() -> None:
    text = read(OFFICERS)
    assert f"within {INVITATION_LASTS.total_seconds() / 3600:.0f} hours" in text
    assert f"lasts {SESSION_LASTS.total_seconds() / 3600:.0f} hours at most" in text
    assert f"after {SESSION_IDLES.total_seconds() / 60:.0f} minutes without use" in text
    assert f"up to {MOST_KEYS}," in text
