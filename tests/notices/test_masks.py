"""A contact is shown by as much as its owner knows it by."""

import pytest

from idp.notices.rules import masked_email, masked_phone


@pytest.mark.parametrize(
    ("address", "masked"),
    [("beth@old.example", "b•••@o•••.example"), ("a@b.co.uk", "a•••@b•••.uk")],
)
def test_an_address_is_masked_down_to_what_its_owner_knows(address: str, masked: str) -> None:
    assert masked_email(address) == masked


def test_a_telephone_number_shows_two_digits() -> None:
    assert masked_phone("+447700900123") == "••• 23"
