"""M13, first part: company number, tax and VAT number find one business; a sole trader is both
person and business; any two of three directors; no number is shown to anyone (149(2))."""

from idp.demo import business_stories, officer_stories
from tests.mission.conftest import Hear


def test_people_act_for_businesses(hear: Hear) -> None:
    heard = hear(business_stories.business)
    assert "a company is found by its tax reference" in heard
    assert (
        "by its company number and its VAT number too: Tax knows it by one key, whoever acts"
        in heard
    )
    assert "a sole trader is a person and a business: two keys, never one" in heard
    assert "no number of theirs is shown to anybody, old or new" in heard


def test_any_two_of_three_directors_and_none_alone(hear: Hear) -> None:
    heard = hear(officer_stories.together)
    assert "one of them alone gets no token: a page says who has to agree" in heard
    assert "the next time they have to agree again" in heard
