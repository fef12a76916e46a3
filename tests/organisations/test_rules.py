"""Who may do what inside an organisation: the whole table, and what no role gets round."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.organisations.rules import (
    MAY,
    SUSPENSION_NOTICE,
    WHILE_SUSPENDED,
    Act,
    Member,
    Organisation,
    Role,
    SuspensionProblem,
    Verdict,
    judge,
    may,
    may_have_access,
    opens_more,
    read_email,
    read_limit,
    read_name,
    read_roles,
    shown_name,
    suspends_at,
)

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
FIRM = Organisation(
    ref="o", name="Example & Co", kind="firm", registered_number=None, assurance=1,
    access="assigned", people_limit=None, shows_names=True, verified_at=NOON, suspends_at=None,
    suspension_reason=None, closed_at=None, now=NOON,
)  # fmt: skip
ROLE_SETS = [frozenset(chosen) for size in range(4) for chosen in
             {tuple(sorted(c)) for c in product(Role, repeat=size)}]  # fmt: skip


def member(ref: str, *roles: str, **more: bool) -> Member:
    return Member(ref=ref, account_ref=ref, name=ref, roles=frozenset(roles), **more)


def test_each_role_may_what_is_written_here_and_nothing_else() -> None:
    assigners = {Act.SEE_PEOPLE, Act.ASSIGN, Act.UNASSIGN}
    assert MAY[Role.WORKER] == {Act.SEE}
    assert MAY[Role.ASSIGNER] == {Act.SEE} | assigners
    assert MAY[Role.ADMIN] == set(Act) - {Act.ASSIGN, Act.UNASSIGN}
    for roles, act in product(ROLE_SETS, Act):
        assert may(roles, act) == any(act in MAY[role] for role in roles)
    assert not may({"owner"}, Act.SEE)


def test_nobody_changes_their_own_role_or_suspends_or_resumes_themself() -> None:
    admin = member("a", *Role)
    for act in (Act.CHANGE_ROLES, Act.SUSPEND, Act.RESUME):
        assert judge(FIRM, admin, act, admin, other_admins=5) is Verdict.ONESELF
        assert judge(FIRM, admin, act, member("b", "worker")) is Verdict.ALLOWED


def test_everybody_may_leave_but_the_last_who_administers() -> None:
    for roles, others in product(ROLE_SETS, (0, 1)):
        one = member("a", *roles)
        last = Role.ADMIN in roles and others == 0
        said = judge(FIRM, one, Act.REMOVE, one, other_admins=others)
        assert said is (Verdict.LAST_ADMIN if last else Verdict.ALLOWED), roles
    worker, admin = member("w", "worker"), member("a", "admin")
    assert judge(FIRM, worker, Act.REMOVE, admin, other_admins=1) is Verdict.ROLE_LACKING
    for other in (worker, member("b", "admin")):
        assert judge(FIRM, admin, Act.REMOVE, other) is Verdict.ALLOWED


def test_what_one_does_to_oneself_takes_the_same_role_unless_it_is_leaving() -> None:
    """Nobody assigns people to themself without being one who assigns."""
    for roles, act in product(ROLE_SETS, set(Act) - {Act.REMOVE}):
        one = member("a", *roles)
        if not may(roles, act):
            assert judge(FIRM, one, act, one) is Verdict.ROLE_LACKING, (roles, act)


def test_who_left_or_is_suspended_may_nothing_whatever_their_roles() -> None:
    for act in Act:
        assert judge(FIRM, None, act) is Verdict.NOT_A_MEMBER
        assert judge(FIRM, member("a", *Role, left=True), act) is Verdict.NOT_A_MEMBER
        assert judge(FIRM, member("a", *Role, suspended=True), act) is Verdict.SUSPENDED
    gone = member("b", "worker", left=True)
    assert judge(FIRM, member("a", *Role), Act.CHANGE_ROLES, gone) is Verdict.GONE


def test_while_suspended_only_what_makes_access_less_is_done() -> None:
    admin = member("a", *Role)
    notice = replace(FIRM, suspends_at=NOON + timedelta(microseconds=1))
    bound = replace(FIRM, suspends_at=NOON)
    for act in Act:
        assert judge(notice, admin, act) is Verdict.ALLOWED, "notice stops nothing"
        said = judge(bound, admin, act)
        stopped = Verdict.ORGANISATION_SUSPENDED
        assert said is (Verdict.ALLOWED if act in WHILE_SUSPENDED else stopped)
    assert not WHILE_SUSPENDED & {Act.ASSIGN, Act.INVITE, Act.CHANGE_ROLES, Act.RESUME,
                                  Act.CHANGE_TEAMS, Act.CHANGE_SETTINGS}  # fmt: skip


def test_a_closed_or_unverified_organisation_changes_no_more() -> None:
    admin = member("a", *Role)
    for act in set(Act) - {Act.SEE, Act.REMOVE}:
        assert judge(replace(FIRM, closed_at=NOON), admin, act) is Verdict.CLOSED
        assert judge(replace(FIRM, verified_at=None), admin, act) is Verdict.UNVERIFIED
    for act in (Act.SEE, Act.REMOVE):
        assert judge(replace(FIRM, closed_at=NOON), admin, act) is Verdict.ALLOWED


def test_an_organisation_is_in_order_if_it_is_verified_open_and_not_suspended() -> None:
    later = NOON + timedelta(microseconds=1)
    for verified, closed, suspends in product((NOON, None), (None, NOON), (None, later, NOON)):
        firm = replace(FIRM, verified_at=verified, closed_at=closed, suspends_at=suspends)
        assert firm.in_order == (verified is not None and closed is None and suspends != NOON)


def test_everyone_can_be_chosen_at_set_up_only_and_assigned_always() -> None:
    everyone = replace(FIRM, access="everyone")
    assert may_have_access(FIRM, "everyone", members=1) is Verdict.ALLOWED
    assert may_have_access(FIRM, "everyone", members=2) is Verdict.NOT_AT_SET_UP
    assert may_have_access(everyone, "everyone", members=9) is Verdict.ALLOWED, "no change"
    for firm, count in product((FIRM, everyone), (1, 9)):
        assert may_have_access(firm, "assigned", members=count) is Verdict.ALLOWED
    assert may_have_access(FIRM, "nobody", members=1) is Verdict.GONE


def test_a_change_opens_more_where_anybody_could_have_more_people_than_before() -> None:
    def most(access: str, limit: int | None) -> tuple[bool, float]:
        """Whether all are open from the start, and how many each member can have."""
        return access == "everyone", math.inf if limit is None else limit

    limits = (None, 1, 2, 3)
    for before, after in product(product(("assigned", "everyone"), limits), repeat=2):
        firm = replace(FIRM, access=before[0], people_limit=before[1])
        was, is_now = most(*before), most(after[0], None if after[0] == "everyone" else after[1])
        closes = was[0] and not is_now[0]  # nobody has anybody until they are assigned
        assert opens_more(firm, *after) == (not closes and is_now > was), (before, after)


def test_a_suspension_without_the_usual_notice_takes_a_stated_reason() -> None:
    day = timedelta(days=1)
    assert suspends_at(NOON, notice=SUSPENSION_NOTICE, reason=None) == NOON + SUSPENSION_NOTICE
    for notice in (None, timedelta(), SUSPENSION_NOTICE - day):
        said = suspends_at(NOON, notice=notice, reason=None)
        assert said is SuspensionProblem.REASON_MISSING
        assert suspends_at(NOON, notice=notice, reason="why") == NOON + (notice or timedelta())
    assert suspends_at(NOON, notice=365 * day, reason=None) == NOON + 365 * day
    for notice in (-day, 366 * day):
        assert suspends_at(NOON, notice=notice, reason="why") is SuspensionProblem.TOO_LONG


@given(st.text(max_size=300))
def test_what_is_typed_is_read_or_refused_and_never_raises(text: str) -> None:
    name, address, limit = read_name(text), read_email(text), read_limit(text)
    assert name is None or (name.isprintable() and name == " ".join(name.split()))
    assert address is None or (address.count("@") >= 1 and " " not in address)
    assert limit in {None, Verdict.LIMIT_BAD} or int(str(limit)) in range(1, 1_000_001)


@pytest.mark.parametrize("typed", ["", "a@b", "@b.test", "a b@c.test", "a@b.test,c@d.test",
                                   "a@b.test\r\nBcc: x", "<a@b.test>", "a@.test.",
                                   "siân@b.test", "a\0@b.test", "x" * 248 + "@b.test"])  # fmt: skip
def test_what_cannot_be_written_to_is_no_address(typed: str) -> None:
    assert read_email(typed) is None
    assert read_email(" sian@example.test ") == "sian@example.test"
    assert read_email("x" * 247 + "@b.test") is not None


def test_a_name_is_kept_with_single_spaces_and_within_its_length() -> None:
    assert read_name(" Asha \n Patel ") == "Asha Patel"
    assert read_name("x" * 100) == "x" * 100
    for none in ("", " ", "x" * 101, "Asha\0"):
        assert read_name(none) is None


def test_limits_and_roles_are_read_strictly() -> None:
    assert read_limit(" ") is None
    assert read_limit("30") == 30
    assert read_limit("1000000") == 1_000_000
    for typed in ("0", "-1", "1e3", "٣", "1000001", "10000000", "9" * 5000, "1.5"):
        assert read_limit(typed) is Verdict.LIMIT_BAD, typed
    assert read_roles(["worker", "worker"]) == frozenset({Role.WORKER})
    for bad in ([], ["owner"], ["worker", "owner"]):
        assert read_roles(bad) is None


def test_a_volunteer_is_shown_as_a_named_adviser() -> None:
    phrase = "a named adviser at %(organisation)s"
    said = shown_name("Asha Patel", "Help 100%", shows_names=False, adviser=phrase)
    assert said == "a named adviser at Help 100%"
    assert shown_name("Asha", "Firm", shows_names=True, adviser=phrase) == "Asha"


STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from([Act.CHANGE_ROLES, Act.SUSPEND, Act.RESUME, Act.REMOVE]),
        st.sampled_from(ROLE_SETS[1:]),
    ),
    max_size=30,
)


@given(STEPS)
def test_whatever_members_do_to_each_other_somebody_can_administer(
    steps: list[tuple[int, int, Act, frozenset[str]]],
) -> None:
    staff = [
        member("0", *Role),
        member("1", "admin"),
        member("2", "assigner"),
        member("3", "worker"),
    ]
    for who, whom, act, roles in steps:
        by, to = staff[who], staff[whom]
        others = sum(_administers(one) for one in staff if one.ref != to.ref)
        if judge(FIRM, by, act, to, other_admins=others) is not Verdict.ALLOWED:
            continue
        if act is Act.CHANGE_ROLES:
            staff[whom] = replace(to, roles=roles)
        elif act is Act.REMOVE:
            staff[whom] = replace(to, left=True)
        else:
            staff[whom] = replace(to, suspended=act is Act.SUSPEND)
        assert any(_administers(one) for one in staff), (by, act, to)


def _administers(one: Member) -> bool:
    return Role.ADMIN in one.roles and not one.suspended and not one.left
