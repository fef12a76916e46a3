"""A browser is named by words its owner knows, and by nothing it made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication.devices import BROWSERS, SYSTEMS, device_words

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
ANDROID = "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox on Linux"),
        (WINDOWS + "Chrome/156.0.0.0 Safari/537.36", "Chrome on Windows"),
        (WINDOWS + "Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0", "Edge on Windows"),
        (WINDOWS + "Chrome/156.0.0.0 Safari/537.36 OPR/120.0.0.0", "Opera on Windows"),
        (MAC + "Version/19.0 Safari/605.1.15", "Safari on Mac"),
        (IPHONE + "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
         "Safari on iPhone"),
        (IPHONE + "(KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (IPHONE + "(KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/604.1",
         "Firefox on iPhone"),
        (ANDROID + "Chrome/156.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (ANDROID + "SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
         "Samsung Internet on Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537",
         "Chrome on ChromeOS"),
        ("Something (Windows)", "Windows"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_its_owner_calls_it(said: str, words: str) -> None:
    assert device_words(said) == words


@given(st.text(max_size=600), st.sampled_from([mark for mark, _ in (*BROWSERS, *SYSTEMS)]))
def test_nothing_that_a_browser_made_up_is_ever_shown(made_up: str, mark: str) -> None:
    known = {name for _, name in (*BROWSERS, *SYSTEMS)}
    assert set(device_words(made_up + mark).split(" on ")) <= known | {""}
