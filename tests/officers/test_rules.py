"""Who may do what at the console: the whole table, every pair of officers."""

from itertools import product

import pytest

from idp.officers.rules import (
    LONGEST_NAME,
    MAY,
    NEVER_TO_ONESELF,
    Act,
    HeldReason,
    Officer,
    Role,
    Verdict,
    are_apart,
    judge,
    judge_removal,
    may,
    read_name,
    read_roles,
)

ROLE_SETS = [frozenset[str](), *(frozenset({role}) for role in Role), frozenset(Role)]
# Written out, so that a change of the table is a change here.
RISK_ACTS = {Act.DECIDE_HELD}
COUNTER_ACTS = {Act.LOOK_UP, Act.ENTER_VISIT, Act.DECIDE_VISIT}
ADMINISTRATORS_ACTS = {
    Act.SEE_OFFICERS, Act.ADD_OFFICER, Act.CHANGE_ROLES, Act.REPLACE_KEYS, Act.DISABLE,
}  # fmt: skip
POLICY_ACTS = {
    Act.SEE_POLICY, Act.PROPOSE_POLICY, Act.SIGN_POLICY, Act.ROLL_BACK_POLICY, Act.SEE_FIGURES,
}  # fmt: skip
ORGANISATION_ACTS = {
    Act.SEE_ORGANISATIONS, Act.ENTER_ORGANISATION, Act.VERIFY_ORGANISATION,
    Act.SUSPEND_ORGANISATION,
}  # fmt: skip
MANDATE_ACTS = {
    Act.SEE_MANDATE, Act.SEE_PRINCIPAL, Act.PROPOSE_MANDATE, Act.DECIDE_MANDATE, Act.END_MANDATE,
    Act.SEND_LETTERS,
}  # fmt: skip


def officer(ref: str, roles: frozenset[str], *, disabled: bool = False) -> Officer:
    return Officer(ref=ref, name=ref, roles=roles, disabled=disabled)


def test_every_act_belongs_to_exactly_one_role_and_no_role_to_do_everything() -> None:
    assert MAY[Role.COUNTER] == COUNTER_ACTS
    assert MAY[Role.ADMINISTRATOR] == ADMINISTRATORS_ACTS
    assert MAY[Role.POLICY] == POLICY_ACTS
    assert set(Role) == set(MAY)
    assert MAY[Role.RISK] == RISK_ACTS
    assert MAY[Role.ORGANISATIONS] == ORGANISATION_ACTS
    assert MAY[Role.MANDATE] == MANDATE_ACTS
    every = [
        COUNTER_ACTS, ADMINISTRATORS_ACTS, RISK_ACTS, POLICY_ACTS, ORGANISATION_ACTS, MANDATE_ACTS,
    ]  # fmt: skip
    assert set(Act) == set[Act]().union(*every)
    assert len(Act) == sum(len(acts) for acts in every), "no act is two roles'"


def test_who_administers_sees_nobody_at_a_counter_and_the_other_way_round() -> None:
    for roles, act in product(ROLE_SETS, Act):
        allowed = (
            (act in COUNTER_ACTS and "counter-officer" in roles)
            or (act in ADMINISTRATORS_ACTS and "administrator" in roles)
            or (act in RISK_ACTS and "risk-officer" in roles)
            or (act in POLICY_ACTS and "policy-officer" in roles)
            or (act in ORGANISATION_ACTS and "organisation-officer" in roles)
            or (act in MANDATE_ACTS and "mandate-officer" in roles)
        )
        assert may(roles, act) == allowed, (roles, act)


def test_a_role_that_is_not_in_the_table_may_nothing() -> None:
    assert not any(may({"root", "", "Administrator"}, act) for act in Act)


def test_nobody_does_to_themselves_what_only_another_may_do() -> None:
    for roles, act in product(ROLE_SETS, Act):
        me = officer("me", roles)
        said = judge(me, act, me)
        if not may(roles, act):
            assert said is Verdict.ROLE_LACKING
        else:
            assert (said is Verdict.ONESELF) == (act in NEVER_TO_ONESELF), act
    assert {Act.CHANGE_ROLES, Act.DISABLE, Act.REPLACE_KEYS} == NEVER_TO_ONESELF


def test_who_is_gone_may_nothing_and_nothing_is_done_to_who_is_gone() -> None:
    for roles, act in product(ROLE_SETS, Act):
        me, other = officer("me", roles), officer("other", frozenset())
        assert judge(officer("me", roles, disabled=True), act, other) is Verdict.GONE
        gone = judge(me, act, officer("other", frozenset(Role), disabled=True))
        assert gone is (Verdict.GONE if may(roles, act) else Verdict.ROLE_LACKING)
        here = Verdict.ALLOWED if may(roles, act) else Verdict.ROLE_LACKING
        assert judge(me, act) is judge(me, act, other) is here


def test_a_held_sign_in_goes_on_only_where_its_owner_was_asked_or_came() -> None:
    assert {one for one in HeldReason if one.releases} == {"owner-said-yes", "owner-came"}


def test_the_last_key_stays_and_only_ones_own_are_removed() -> None:
    for held in range(4):
        assert judge_removal(held=held, holds_it=False) is Verdict.GONE
    assert judge_removal(held=1, holds_it=True) is Verdict.LAST_KEY
    assert judge_removal(held=2, holds_it=True) is Verdict.ALLOWED


@pytest.mark.parametrize("typed", ["", "  ", "\t\n", "x" * (LONGEST_NAME + 1), "A\0B", "A\u202eB"])
def test_a_name_that_nobody_could_read_is_none(typed: str) -> None:
    assert read_name(typed) is None


def test_a_name_is_kept_with_single_spaces() -> None:
    assert read_name("  Siân\t O’Hara-Lloyd ") == "Siân O’Hara-Lloyd"
    assert read_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME


def test_roles_are_all_known_or_none_is_given() -> None:
    assert read_roles(["administrator"]) == frozenset({Role.ADMINISTRATOR})
    assert read_roles([role.value for role in Role] * 2) == frozenset(Role)
    for given in ([], ["root"], ["administrator", "root"], ["ADMINISTRATOR"], [""]):
        assert read_roles(given) is None, given


def test_two_officers_of_a_visit_are_apart_unless_one_stands_behind_the_other() -> None:
    let_in_by = {"a": "command", "b": "a", "c": "b", "d": "a", "e": "command", "x": "y", "y": "x"}
    together = {("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("x", "y")}
    for one, other in product(let_in_by, repeat=2):
        near = one == other or (one, other) in together or (other, one) in together
        assert are_apart(one, other, let_in_by) == (not near), (one, other)
    assert are_apart("unknown", "a", {})
