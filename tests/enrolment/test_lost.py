"""Recovery is never weaker than the sign-in it restores: every account against every thief."""

from itertools import combinations, product

from idp.assurance.rules import sign_in_level
from idp.enrolment.lost import ResetFacts, ResetStep, next_reset_step, second_methods
from tests.build import World

METHODS = ("password", "one-time-code", "passkey", "security-key", "recovery-code", "sms-code")
MAILBOX = "mailbox"
HELD = [frozenset(some) for size in range(7) for some in combinations(METHODS, size)]


def thieves(held: frozenset[str]) -> list[frozenset[str]]:
    """Every set of things a thief may have who has not found out the password."""
    things = [MAILBOX, *(held - {"password"})]
    return [
        frozenset(some) for size in range(len(things) + 1) for some in combinations(things, size)
    ]


def gets_through(held: frozenset[str], thief: frozenset[str], identity: int) -> str | None:
    """Walk a reset with what the thief has. Answers the second method used ("" for none), or
    None where no walk ends with a new password."""
    for proved in (None, *METHODS):
        if proved is not None and (proved not in thief or proved not in held):
            continue
        facts = ResetFacts(code_right=MAILBOX in thief, proved=proved, held=held, identity=identity)
        if next_reset_step(facts) is ResetStep.PASSWORD:
            return proved or ""
    return None


def test_without_the_mailbox_nobody_gets_a_new_password() -> None:
    for held, identity in product(HELD, range(4)):
        for thief in thieves(held):
            if MAILBOX not in thief:
                assert gets_through(held, thief, identity) is None


def test_where_a_second_method_is_held_the_mailbox_alone_is_not_enough() -> None:
    for held, identity in product(HELD, range(4)):
        for thief in thieves(held):
            used = gets_through(held, thief, identity)
            if used is not None and second_methods(held):
                assert used in second_methods(held), (held, thief)
                assert used in thief, (held, thief)


def test_whoever_reaches_a_level_after_recovery_showed_as_many_things_as_it_asks(
    world: World,
) -> None:
    """With the new password and what the thief had: two checks only by a second method of the
    account, which recovery asked for as well; one check by the mailbox, in place of one."""
    for held, identity in product(HELD, range(4)):
        for thief in thieves(held):
            used = gets_through(held, thief, identity)
            if used is None:
                continue
            before = sign_in_level(thief & held, world.policies.methods)
            after = sign_in_level((thief & held) | {"password"}, world.policies.methods)
            shown = {MAILBOX, used} - {""}
            if after > before:
                assert len(shown) >= min(after, 2), (held, thief)


def test_mail_alone_resets_only_an_account_that_nobody_was_proved_to_hold() -> None:
    for held, identity in product(HELD, range(4)):
        if not second_methods(held):
            expected = "" if identity == 0 else None
            assert gets_through(held, frozenset({MAILBOX}), identity) == expected


def test_the_steps_come_in_one_order() -> None:
    for code_right, proved, finished, held, identity in product(
        (False, True), (None, *METHODS), (False, True), HELD, range(4)
    ):
        step = next_reset_step(
            ResetFacts(code_right=code_right, proved=proved, finished=finished, held=held,
                       identity=identity)
        )  # fmt: skip
        if finished:
            assert step is ResetStep.DONE
        elif not code_right:
            assert step is ResetStep.CODE
        elif step is ResetStep.SECOND:
            assert second_methods(held)
            assert proved != "recovery-code"
            assert proved not in held
        elif step is ResetStep.PROVE_AGAIN:
            assert not second_methods(held)
            assert identity > 0


def test_a_method_taken_away_since_it_was_proved_counts_no_more() -> None:
    proved = ResetFacts(code_right=True, proved="one-time-code", held={"password", "passkey"})
    assert next_reset_step(proved) is ResetStep.SECOND
    gone = ResetFacts(code_right=True, proved="one-time-code", held={"password"}, identity=2)
    assert next_reset_step(gone) is ResetStep.PROVE_AGAIN


def test_the_last_printed_code_counts_though_it_is_used_up() -> None:
    last = ResetFacts(code_right=True, proved="recovery-code", held={"password"}, identity=2)
    assert next_reset_step(last) is ResetStep.PASSWORD
