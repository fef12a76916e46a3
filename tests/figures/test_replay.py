"""A change of policy, tried on what people did: who would have been asked for more, who stopped."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.policy import Policies
from idp.figures.replay import Effect, Past, Replay, Why, replay
from idp.figures.replaying import plain, replay_journal, sentences
from idp.journal.actions import Entry, record
from idp.storage import Database
from tests.assurance.sets import changed, load, sample
from tests.build import Site

OLD = load(sample())
# A library card as it is: C1 with nothing known. Here it needs two checks and who you are.
SERVICE = "library"


def entry(reference: str = "AAAA", kind: str = "signed-in-to-service", **detail: Any) -> Past:
    said = {
        "vot": "P2.C2", "floor": "P2.C2", "asked": [], "essential": False,
        "methods": ["one-time-code", "password"], "held": ["one-time-code", "password"],
        "stepped": False, **detail,
    }  # fmt: skip
    return Past(reference, kind, detail.pop("client", "nobody-assessed"), said)


def tier_2(level: str) -> Policies:
    """Everywhere nobody assessed runs at tier 2; here tier 2 is another pair."""
    identity, sign_in = level[1], level[4]
    return load(
        changed(
            "levels.toml",
            'name = "Tier 2: identity checked, two-step sign-in"\nidentity = 2\nsign_in = 2',
            f'name = "Tier 2: other"\nidentity = {identity}\nsign_in = {sign_in}',
        )
    )


def effect(row: Past, new: Policies, old: Policies = OLD) -> tuple[Effect, Why | None]:
    found = replay([row], old, new)
    (at,) = found.services.values()
    (only,) = at.effects
    return only, next(iter(at.why), None)


def test_the_same_policies_change_nothing() -> None:
    assert effect(entry(), OLD) == (Effect.SAME, None)


def test_who_holds_what_it_takes_is_asked_for_more_and_who_does_not_is_stopped() -> None:
    stricter = tier_2("P2.C3")
    assert effect(entry(), stricter) == (Effect.STOPPED, Why.NO_METHOD)
    with_passkey = entry(held=["one-time-code", "passkey", "password"])
    assert effect(with_passkey, stricter) == (Effect.MORE, None)
    used = entry(methods=["passkey"], held=["passkey"], vot="P2.C3")
    assert effect(used, stricter) == (Effect.SAME, None)


def test_who_is_not_known_well_enough_is_stopped() -> None:
    assert effect(entry(), tier_2("P3.C3"))[1] is Why.IDENTITY


def test_a_lower_level_is_told_as_less() -> None:
    assert effect(entry(), tier_2("P1.C1")) == (Effect.LESS, None)


def test_a_withdrawn_method_stops_whoever_has_no_other() -> None:
    text = changed("methods.toml", 'id = "one-time-code"', 'id = "one-time-code"')
    head, _, rest = text["methods.toml"].partition('id = "one-time-code"')
    text["methods.toml"] = (
        head + 'id = "one-time-code"' + rest.replace('status = "common"', 'status = "withdrawn"', 1)
    )
    gone = load(text)
    assert effect(entry(), gone) == (Effect.STOPPED, Why.NO_METHOD)
    assert effect(entry(held=["one-time-code", "passkey", "password"]), gone)[0] is Effect.MORE


def risky(enforce: str, **thresholds: str) -> Policies:
    texts = changed("risk.toml", 'enforce = "shadow"', f'enforce = "{enforce}"')
    for name, value in thresholds.items():
        texts["risk.toml"] = texts["risk.toml"].replace(f"\n{name} = ", f"\n{name} = {value} #", 1)
    return load(texts)


def test_scores_are_judged_by_the_new_thresholds() -> None:
    on = risky("on")
    quiet = entry(risk={"nats": -3.0, "outcome": "allow", "enforced": False})
    odd = {"nats": 2.0, "outcome": "step_up", "enforced": False}
    three = ["one-time-code", "passkey", "password"]
    assert effect(quiet, on) == (Effect.SAME, None)
    assert effect(entry(risk=odd, held=three), on) == (Effect.MORE, None)
    assert effect(entry(risk=odd), on) == (Effect.STOPPED, Why.HELD_BACK)  # holds nothing further
    worse = {**odd, "nats": 13.0}
    assert effect(entry(risk=worse, held=three), on)[0] is Effect.MORE
    weak = entry(risk=worse, stepped=True)
    assert effect(weak, on) == (Effect.STOPPED, Why.REFUSED)
    assert effect(entry(risk=odd, stepped=True), on) == (Effect.SAME, None)
    assert effect(entry(risk=odd, held=three), OLD, old=on) == (Effect.LESS, None)
    dearer = risky("on", cost_step_up="5")
    assert effect(entry(risk=odd, held=three), dearer, old=on) == (Effect.LESS, None)


def test_changed_weights_are_said_and_not_guessed_at() -> None:
    other = load(changed("risk.toml", "\nhosting = 1", "\nhosting = 2"))
    found = replay([entry(risk={"nats": 0.0})], OLD, other)
    assert found.weights_changed
    assert any("as they were recorded" in line for line in sentences(found))


def test_entries_without_the_details_are_counted_as_too_old() -> None:
    old = Past("AAAA", "signed-in-to-service", "tax", {"grant": "x", "vot": "P2.C2"})
    found = replay([old, entry()], OLD, OLD)
    assert (found.read, found.too_old, found.total(Effect.SAME)) == (2, 1, 1)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: value if isinstance(value, dict) else {"asked": value}),
    st.sampled_from(["vot", "methods", "held", "asked", "risk", "essential"]),
)
def test_nothing_that_stands_in_a_journal_stops_a_replay(odd: dict[str, Any], name: str) -> None:
    row = entry(**{name: odd.get("asked", odd)})
    found = replay([row, Past("B", "acting-started", "tax", odd)], OLD, tier_2("P2.C3"))
    assert found.read == 2


METHODS = ["password", "one-time-code", "passkey", "recovery-code", "security-key"]


@given(
    held=st.sets(st.sampled_from(METHODS)), used=st.sets(st.sampled_from(METHODS)),
    identity=st.integers(0, 3), nats=st.floats(-15, 15), stepped=st.booleans(),
    level=st.sampled_from(["P2.C2", "P2.C3", "P3.C3"]),
)  # fmt: skip
def test_asking_for_more_never_lets_anybody_in_with_less(
    held: set[str], used: set[str], identity: int, nats: float, stepped: bool, level: str
) -> None:
    row = entry(
        vot=f"P{identity}.C0", held=sorted(held | used), methods=sorted(used), stepped=stepped,
        risk={"nats": nats},
    )  # fmt: skip
    new = {"P2.C2": OLD, "P2.C3": STRICT, "P3.C3": STRICTEST}[level]
    assert effect(row, new)[0] is not Effect.LESS
    assert effect(row, OLD, old=new)[0] is not Effect.STOPPED


STRICT, STRICTEST = tier_2("P2.C3"), tier_2("P3.C3")


def test_memory_does_not_grow_with_the_journal() -> None:
    def rows(many: int) -> Iterator[Past]:
        for n in range(many):
            yield entry(f"R{n}")

    def peak(many: int) -> int:
        tracemalloc.start()
        replay(rows(many), OLD, STRICT)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)
    assert peak(3_000) < peak(300) + 50_000


def test_the_journal_is_replayed_in_pages_with_references(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import idp.figures.replaying as replaying

    def write(tx: Any) -> list[str]:
        return [
            record(
                tx,
                Entry(kind="signed-in-to-service", client_id="tax-x", detail=dict(entry().detail)),
            )
            for _ in range(7)
        ]

    references = database.transaction(write)
    database.transaction(lambda tx: record(tx, Entry(kind="signed-in-to-service", client_id="t")))
    database.transaction(lambda tx: record(tx, Entry(kind="proof-given", client_id="t")))
    monkeypatch.setattr(replaying, "_PAGE", replaying._PAGE.limit(3))
    monkeypatch.setattr(replaying, "BATCH", 3)
    heard: list[tuple[int, int]] = []
    found = replay_journal(
        database, OLD, STRICT, progress=lambda done, whole: heard.append((done, whole))
    )
    assert (found.read, found.too_old) == (8, 1)
    assert found.services["tax-x"].references == {Effect.STOPPED: references}
    assert heard[-1][0] == heard[-1][1]
    assert json.loads(json.dumps(plain(found)))["services"]["tax-x"]["stopped"] == 7
    few = replay_journal(database, OLD, STRICT, newest=3)
    assert few.read == 3


def test_what_the_house_itself_writes_can_be_replayed(site: Site) -> None:
    site.sign_in("margaret")
    site.code("tax")
    found = replay_journal(site.database, site.world.policies, site.world.policies)
    assert (found.read, found.too_old) == (1, 0)
    assert found.total(Effect.SAME) == 1


def test_a_replay_of_nothing_says_so() -> None:
    assert sentences(Replay()) == ["0 sign-ins looked at, 0 too old to replay."]
