"""What is asked for, its words, names and facts: pure rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.powers_file import PowerEntry, ServicePowersEntry
from idp.delegation.offers import (
    COLUMNS,
    MOST_ROWS,
    Asked,
    At,
    Facts,
    Problem,
    Term,
    are_facts_of,
    hash_of,
    plain_postcode,
    read_asked,
    read_facts,
    read_list,
    words,
)
from idp.delegation.views.firm_lists import _email
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.register.names import is_named, names_of

TODAY = date(2030, 6, 1)
POWERS = (PowerEntry(id="look", says="look"), PowerEntry(id="file", says="send a form"))
CATALOGUE = {
    "short": ServicePowersEntry(client_id="short", power=POWERS, longest_days=31),
    "open": ServicePowersEntry(client_id="open", power=POWERS, open_ended=True, longest_days=731),
    "clinic": ServicePowersEntry(client_id="clinic", power=POWERS, realm="health"),
    "ward": ServicePowersEntry(client_id="ward", power=POWERS, realm="health"),
    "once": ServicePowersEntry(client_id="once", power=POWERS, single_use=True, longest_days=31),
}
PARSED = parse("CE123456A")
assert isinstance(PARSED, NationalInsuranceNumber)
NUMBER: NationalInsuranceNumber = PARSED
RECORD: dict[str, Any] = {
    "given": "Margaret", "family": "O'Neill-Brontë", "birth_date": date(1979, 8, 2),
    "postcode": "SW1A 1AA",
}  # fmt: skip
RIGHT = Facts(number=NUMBER, given_name="margaret", family_name="O’NEILL BRONTE",
              birth_date=date(1979, 8, 2), postcode="sw1a1aa")  # fmt: skip
NAMES = names_of([(["elizabeth"], ["liz"])])


def ask(chosen: Any, days: str = "31", until: date | None = None) -> Asked | Problem:
    return read_asked(CATALOGUE, chosen, days=days, until=until, today=TODAY)


def test_no_term_is_longer_than_each_of_its_services_allows() -> None:
    for chosen, days in product(({"short": ["look"]}, {"open": ["look"]},
                                 {"short": ["look"], "open": ["file"]}), range(800)):  # fmt: skip
        most = min(CATALOGUE[service].longest_days for service in chosen)
        assert isinstance(ask(chosen, str(days)), Asked) == (1 <= days <= most)
        until = TODAY + timedelta(days=days - 1)
        assert isinstance(ask(chosen, "", until), Asked) == (1 <= days <= most)


def test_health_is_never_asked_for_together_with_anything_else() -> None:
    """delegation.md I21."""
    assert isinstance(ask({"clinic": ["look"]}), Asked)
    assert isinstance(ask({"clinic": ["look"], "ward": ["file"]}), Asked)
    for other in ("short", "open", "once"):
        assert ask({"clinic": ["look"], other: ["look"]}) is Problem.REALMS


def test_no_end_only_where_every_service_allows_it() -> None:
    assert ask({"open": ["look"]}, "open") == Asked(services={"open": ("look",)}, term=Term())
    assert ask({"open": ["look"], "short": ["look"]}, "open") is Problem.END


def test_one_visit_only_where_every_service_allows_it() -> None:
    once = Term(days=31, once=True)
    assert ask({"once": ["look"]}, "once") == Asked(services={"once": ("look",)}, term=once)
    assert ask({"once": ["look"], "short": ["look"]}, "once") is Problem.ONCE
    assert any("one visit only" in said for said in words("Ann Lee", "Bo Day", [], once))


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8))), st.text(max_size=8))
def test_nothing_that_is_not_in_the_catalogue_is_taken(chosen: Any, days: str) -> None:
    found = ask(chosen, days)
    if isinstance(found, Asked):
        assert set(found.services) <= set(CATALOGUE)
        assert all(not CATALOGUE[one].unknown(powers) for one, powers in found.services.items())


def test_a_last_day_is_whole() -> None:
    found = ask({"open": ["look"]}, "date", TODAY)
    assert isinstance(found, Asked)
    assert found.term.until == datetime(2030, 6, 1, 22, 59, 59, tzinfo=UTC), "in summer time"
    assert any("2030-06-01" in said for said in words("Ann Lee", "Bo Day", [], found.term))
    winter = ask({"open": ["look"]}, "date", date(2030, 12, 1))
    assert isinstance(winter, Asked)
    assert winter.term.until == datetime(2030, 12, 1, 23, 59, 59, tzinfo=UTC)


def test_every_change_of_the_words_changes_their_hash() -> None:
    one = At(service="Tax", says=("look",), exclusive=False)
    said = [
        words("Ann Lee", "Bo Day", [one], Term(days=31)),
        words("Ann Lee", "Bo Day", [one], Term(days=32)),
        words("Ann Lee", "Bo Day", [one], Term()),
        words("Ann Lee", "Bo Day", [one], Term(until=datetime(2030, 7, 2, tzinfo=UTC))),
        words("Ann Lee", "Bo Dae", [one], Term(days=31)),
        words("Ann Lea", "Bo Day", [one], Term(days=31)),
        words("Ann Lee", "Bo Day", [replace(one, exclusive=True)], Term(days=31)),
        words("Ann Lee", "Bo Day", [replace(one, says=("look", "file"))], Term(days=31)),
        words("Ann Lee", "Bo Day", [one, replace(one, service="Library")], Term(days=31)),
    ]
    assert len({hash_of(one) for one in said}) == len(said)
    assert "only one such helper" in " ".join(said[6])


def test_facts_fit_in_whatever_form_they_are_written() -> None:
    assert are_facts_of(RIGHT, **RECORD)
    assert are_facts_of(replace(RIGHT, birth_date=None), **RECORD)
    assert are_facts_of(replace(RIGHT, postcode=""), **RECORD)
    assert not are_facts_of(replace(RIGHT, birth_date=None, postcode=""), **RECORD)


def test_a_part_of_a_postcode_never_fits() -> None:
    """delegation.md 2.1 (v): what the system in service takes, and one more."""
    pairs = [("W1A 1AA", "SW1A 1AA"), ("M1 1AE", "BM1 1AE"), ("E1 6AN", "SE1 6AN"),
             ("N1 9GU", "EN1 9GU"), ("AA1 1AA", "A1 1AA"), ("", "A1 1AA")]  # fmt: skip
    for typed, held in pairs:
        facts = replace(RIGHT, birth_date=None, postcode=typed)
        assert not are_facts_of(facts, **(RECORD | {"postcode": held}))
        assert not are_facts_of(facts, **(RECORD | {"postcode": ""}))


@given(st.text(max_size=30), st.text(max_size=30), st.dates(), st.text(max_size=10))
def test_facts_fit_only_what_is_the_same_in_one_form(
    given_name: str, family: str, born: date, postcode: str
) -> None:
    record: dict[str, Any] = {
        "given": "Ann",
        "family": "Lee",
        "birth_date": date(1980, 1, 1),
        "postcode": "A1 1AA",
    }
    facts = Facts(number=NUMBER, given_name=given_name, family_name=family, birth_date=born,
                  postcode=postcode)  # fmt: skip
    fits = born == date(1980, 1, 1) and plain_postcode(postcode) in {"", "A11AA"}
    if not fits:
        assert not are_facts_of(facts, **record)


def test_a_helper_is_known_by_a_short_form_but_never_by_another_family_name() -> None:
    assert is_named(NAMES, ("Liz", "Morgan"), ("Elizabeth", "Morgan"))
    assert is_named(NAMES, ("elizabeth ann", "MORGAN"), ("Elizabeth", "Morgan"))
    for typed in (("Liz", "Morgen"), ("Tom", "Morgan"), ("", "Morgan"), ("Liz", "")):
        assert not is_named(NAMES, typed, ("Elizabeth", "Morgan"))


def test_a_list_has_5000_people_at_most() -> None:
    rows = "\n".join(f"A{'x' * 5},B,,,,a{n}@b.test" for n in range(MOST_ROWS + 3))
    lines, rejected = read_list(f"{','.join(COLUMNS)}\n{rows}\n", _email)
    assert len(lines) == MOST_ROWS
    assert [one.why for one in rejected] == ["too-many"] * 3


def test_a_line_that_was_rejected_is_shown_as_no_formula_and_may_be_sent_again() -> None:
    """Firms keep their lists in spreadsheets, and copy from the page into them."""
    header = ",".join(COLUMNS)
    _, (one,) = read_list(f'{header}\n=Sian,"-Hughes, Sian",,,,x\n', _email)
    assert one.text == "'=Sian,\"'-Hughes, Sian\",,,,x"
    (line,), rejected = read_list(f"{header}\n{one.text}@b.test\n", _email)
    assert (line.given_name, line.family_name, line.email) == ("=Sian", "-Hughes, Sian", "x@b.test")
    assert not rejected


@given(st.text(max_size=400))
def test_no_list_breaks_the_reader(text: str) -> None:
    for whole in (text, f"{','.join(COLUMNS)}\n{text}"):
        lines, rejected = read_list(whole, _email)
        assert all(one.given_name and one.family_name for one in lines)
        assert all(one.why for one in rejected)


def test_facts_say_which_of_them_is_wrong() -> None:
    assert read_facts("A", "B", "QQ1", "", "A1 1AA") == "number"
    assert read_facts("A", "B", "CE123456A", "1.1.1980", "") == "birth-date"
    assert read_facts("A", "B", "CE123456A", "", "") == "date-or-postcode"
