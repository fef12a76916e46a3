"""Which e-mail addresses are taken, and in what form they are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.enrolment.addresses import AddressProblem, read_address, shown_address

GOOD = {
    "margaret@example.test": "margaret@example.test",
    "  Margaret.Hughes@Example.TEST ": "margaret.hughes@example.test",
    "o'brien+tax@sub.example.co.uk": "o'brien+tax@sub.example.co.uk",
    "a@bücher.example": "a@xn--bcher-kva.example",
    "a@xn--bcher-kva.example": "a@xn--bcher-kva.example",
    "a@ＥＸＡＭＰＬＥ.com": "a@example.com",  # full-width letters, as some keyboards type them
    "a@example.com.": "a@example.com",
    "x" * 64 + "@example.com": "x" * 64 + "@example.com",
}
BAD = {
    "": AddressProblem.EMPTY,
    "   ": AddressProblem.EMPTY,
    "margaret": AddressProblem.SHAPE,
    "@example.com": AddressProblem.SHAPE,
    "margaret@": AddressProblem.SHAPE,
    "a@b@example.com": AddressProblem.SHAPE,
    "a..b@example.com": AddressProblem.SHAPE,
    ".a@example.com": AddressProblem.SHAPE,
    "a.@example.com": AddressProblem.SHAPE,
    "a b@example.com": AddressProblem.SHAPE,
    '"a b"@example.com': AddressProblem.SHAPE,
    "a,b@example.com": AddressProblem.SHAPE,
    "<a@example.com>": AddressProblem.SHAPE,
    "a@example.com\r\nBcc: all@example.com": AddressProblem.SHAPE,
    "a\nb@example.com": AddressProblem.SHAPE,
    "a@example.com,b@example.com": AddressProblem.SHAPE,
    "a\x00@example.com": AddressProblem.SHAPE,
    "a\u200b@example.com": AddressProblem.SHAPE,
    "jürgen@example.com": AddressProblem.LETTERS,
    "a@localhost": AddressProblem.DOMAIN,
    "a@[192.0.2.1]": AddressProblem.DOMAIN,
    "a@192.0.2.1": AddressProblem.DOMAIN,
    "a@-example.com": AddressProblem.DOMAIN,
    "a@example-.com": AddressProblem.DOMAIN,
    "a@exa_mple.com": AddressProblem.DOMAIN,
    "a@example..com": AddressProblem.DOMAIN,
    "a@straße.example": AddressProblem.DOMAIN,  # the codec would send it to strasse.example
    "a@" + "x" * 64 + ".com": AddressProblem.DOMAIN,
    "x" * 65 + "@example.com": AddressProblem.LONG,
    "x" * 600: AddressProblem.LONG,
    "a@" + ".".join(["x" * 60] * 5) + ".com": AddressProblem.DOMAIN,
    "x" * 60 + "@" + ".".join(["y" * 48] * 4) + ".com": AddressProblem.LONG,
}


@pytest.mark.parametrize(("typed", "kept"), GOOD.items())
def test_a_good_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert read_address(typed) == kept


@pytest.mark.parametrize(("typed", "problem"), BAD.items())
def test_what_no_mail_could_reach_is_refused_for_what_it_is(
    typed: str, problem: AddressProblem
) -> None:
    assert read_address(typed) is problem


@given(st.one_of(st.text(), st.emails(), st.builds("{}@{}".format, st.text(), st.text())))
def test_whatever_is_typed_nothing_kept_can_be_read_as_a_header(typed: str) -> None:
    kept = read_address(typed)
    if isinstance(kept, AddressProblem):
        return
    assert kept.isascii()
    assert kept.isprintable()
    assert not set(kept) & set(' \t\r\n,;:<>()[]"\\')
    assert kept.count("@") == 1
    assert len(kept) <= 254
    assert read_address(kept) == kept


def test_people_see_their_own_letters_again() -> None:
    assert shown_address("a@xn--bcher-kva.example") == "a@bücher.example"
    assert shown_address("margaret@example.test") == "margaret@example.test"
    assert shown_address("mam") == "mam"
