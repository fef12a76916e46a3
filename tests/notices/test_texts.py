"""What people read: what happened, to which account, what to do; nobody's name or number."""

import re

import pytest

from idp.notices.rules import METHODS, NEEDS, Notice
from idp.notices.texts import Words, words_of
from tests.notices.conftest import ISSUER, VALUES, values_of
from tests.pages.readability import grade, prose, sentences

CODES = {
    Notice.ADDRESS_CODE, Notice.CONTACT_CODE, Notice.RESET_CODE, Notice.SIGN_IN_CODE,
    Notice.NUMBER_CODE, Notice.SPOKEN_CODE,
}  # fmt: skip
# About an organisation and not about the reader's own account: they name that organisation.
FIRMS = {Notice.MEMBER_INVITED, Notice.ORGANISATION_SUSPENDED, Notice.ORGANISATION_RESUMED}
# What concerns two parties: the reader may have no account, and an address may be shared.
OF_TWO = {notice for notice in Notice if "account" not in NEEDS[notice]} - CODES
# For people who may have no account.
LETTERS = {Notice.HELPER_APPOINTED, Notice.HELPER_ENDED, Notice.HELPER_STILL}
READING_AGE_9 = 4.0  # school grade; the age is about five years more
TWO_PARTS = 306  # letters that two text messages hold


def read(notice: Notice, **more: str) -> Words:
    return words_of(notice, values_of(notice, **more), locale="en", issuer=ISSUER)


def everything(words: Words) -> str:
    return "\n".join((words.subject, *words.paragraphs, words.text))


@pytest.mark.parametrize("notice", Notice)
def test_it_holds_all_it_was_told_and_every_link_leads_to_us(notice: Notice) -> None:
    words = read(notice)
    body = "\n".join(words.paragraphs)
    for name in NEEDS[notice] - {"when", "until"}:
        assert VALUES[name] in body, name
    assert all(link.startswith(ISSUER + "/") for link in re.findall(r"https?:\S+", body))
    if "when" in NEEDS[notice]:
        assert "1 June 2030, 13:00" in body, "UK time, in summer"


@pytest.mark.parametrize("notice", sorted(FIRMS))
def test_news_of_an_organisation_names_it_and_leads_to_us(notice: Notice) -> None:
    words = read(notice)
    for text in (words.paragraphs[0], words.text):
        assert "Example & Co" in text
    assert ISSUER in "\n".join(words.paragraphs)


@pytest.mark.parametrize("notice", sorted(set(Notice) - CODES - OF_TWO))
def test_news_names_the_account_and_says_what_to_do(notice: Notice) -> None:
    words = read(notice)
    assert words.paragraphs[0] == "This is about your account sian@example.test."
    assert "sian@example.test" in words.text
    body = "\n".join(words.paragraphs)
    assert "Was it not you?" in body or ISSUER in body


@pytest.mark.parametrize("notice", sorted(LETTERS))
def test_a_letter_says_who_and_where_and_how_to_end_it_without_an_account(notice: Notice) -> None:
    words = read(notice)
    body = "\n".join(words.paragraphs)
    assert words.paragraphs[0].startswith("Sian Hughes can ")
    assert "You need no account. Call us, or come to any counter" in body
    assert VALUES["reference"] in words.text
    assert "//" not in body, "nothing in it needs the internet"


def test_a_letter_says_how_long_a_permission_lasts() -> None:
    assert "This ends on 31 August 2030." in read(Notice.HELPER_APPOINTED).paragraphs
    open_ended = read(Notice.HELPER_APPOINTED, until="")
    assert "It has no end until you say so." in open_ended.paragraphs


@pytest.mark.parametrize("notice", sorted(CODES))
def test_a_code_says_how_long_it_works_and_to_tell_nobody(notice: Notice) -> None:
    words = read(notice)
    for text in ("\n".join(words.paragraphs), words.text):
        assert "314159" in text
        assert "15 minutes" in text
        assert "Tell it to no one" in text
    assert "314159" not in words.subject, "it would show on a locked telephone"


@pytest.mark.parametrize("notice", Notice)
def test_it_is_short_and_easy_to_read(notice: Notice) -> None:
    words = read(notice)
    assert len(words.text) <= TWO_PARTS
    assert len(words.subject) <= 60
    plain = re.sub(r"https?://[^\s]+|\S+@\S+", "it", " ".join(words.paragraphs))
    found = prose(sentences(plain.replace("? ", ". ")))
    assert grade(found) <= READING_AGE_9, (grade(found), found)
    assert max(len(one.split()) for one in found) <= 20


@pytest.mark.parametrize("notice", Notice)
def test_it_says_none_of_our_own_words(notice: Notice) -> None:
    text = everything(read(notice)).lower()
    for word in ("tier", "level", "authenticator", "credential", "totp", "one-time-code",
                 "national insurance", "register", "p2"):  # fmt: skip
        assert word not in text


def test_every_way_to_sign_in_has_a_name() -> None:
    for method in METHODS - {"password", "passkey"}:
        assert method not in "\n".join(read(Notice.METHOD_ADDED, method=method).paragraphs)


def test_a_value_cannot_write_lines_of_its_own_or_turn_text_around() -> None:
    words = read(Notice.PASSWORD_CHANGED, account="a@b.test\r\nYour code is 1\u202e\u2028\x00")
    for piece in (words.subject, *words.paragraphs, words.text):
        assert not re.search(r"[\r\n\u202e\u2028\x00]", piece)
    assert "%(home)s" in read(Notice.PASSWORD_CHANGED, account="%(home)s").paragraphs[0]
    long = read(Notice.PASSWORD_CHANGED, account="x" * 10_000)
    assert len(everything(long)) < 2_000
