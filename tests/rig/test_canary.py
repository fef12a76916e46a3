"""The watch for numbers sees what it should and nothing else."""

import logging

import pytest
from flask import Flask, redirect

from tests.rig import canary

NUMBER = "AB123456C"


@pytest.fixture(autouse=True)
def nothing_before() -> None:
    canary.take()


@pytest.mark.parametrize("text", [NUMBER, "AB 12 34 56 C", "said AB123456, and", f"n={NUMBER}&x=1"])
def test_a_number_is_seen_however_it_is_written(text: str) -> None:
    assert canary.numbers_in(text)


@pytest.mark.parametrize(
    "text", ["•• •• •• 56 C", "GB123456C", f"x{NUMBER}", f"{NUMBER}-_x", "K7QF2MXB"]
)
def test_what_is_masked_or_part_of_a_token_is_no_number(text: str) -> None:
    assert not canary.numbers_in(text)


@pytest.mark.sees_numbers
def test_logs_traces_addresses_and_redirects_are_watched() -> None:
    log = logging.getLogger("idp.somewhere")
    log.warning("no person %s", NUMBER)
    try:
        raise ValueError(NUMBER)
    except ValueError:
        log.exception("failed")
    assert [seen.partition(":")[0] for seen in canary.take()] == [
        "a number in a log", "a number in a trace",
    ]  # fmt: skip
    app = Flask("watched")
    app.add_url_rule("/away", "away", lambda: redirect("/?n=AB+12+34+56+C"))
    app.test_client().get(f"/away?n={NUMBER}")
    assert [seen.partition(":")[0] for seen in canary.take()] == [
        "a number in an address", "a number in a redirect",
    ]  # fmt: skip
    logging.getLogger("elsewhere").debug("not at a level that is kept")
    assert canary.take() == []
