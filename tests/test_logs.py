"""What is written to the logs opens nothing."""

import pytest

from idp.logs import masked

TOKEN = "k7-Qf_" * 7


@pytest.mark.parametrize("secret", [f"a{TOKEN}", f"-{TOKEN}", f"{TOKEN}-", "_" * 43, "-" * 43])
def test_a_token_is_masked_whatever_it_begins_and_ends_with(secret: str) -> None:
    assert len(secret) == 43
    for text in (secret, f"GET /helping/join/{secret} with 403", f"({secret})"):
        assert secret not in masked(text)
        assert "[masked]" in masked(text)


def test_a_reference_and_a_longer_word_stay_as_they_are() -> None:
    for text in ("TrWGAGV0AO4UedMxgySalw", "x" * 44):
        assert masked(text) == text
