"""An assessment written as TOML is read again as it was, whatever somebody typed."""

import tomllib
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.assurance.files import ServiceEntry, ServicesFile
from idp.assurance.harms import CATEGORIES, MITIGATIONS
from idp.assurance.writing import value_text, write_service

EXAMPLES = max(200, settings().max_examples)
# Every character that UTF-8 can carry, control characters and line ends included.
typed = st.text(max_size=60) | st.sampled_from(
    ['"', "\\", '"\n[[service]]\n', "#", "'''", '"""', "\r\n", "\x7f", "\x85", "\u2028", "\\u0000"]
)
said = typed.filter(lambda text: text.strip())
severities = st.fixed_dictionaries({}, optional={c: st.integers(0, 4) for c in CATEGORIES})
days = st.dates(date(2026, 1, 1), date(2099, 12, 31))
mitigations = st.fixed_dictionaries({
    "kind": st.sampled_from(sorted(MITIGATIONS)), "evidence": typed, "owner": typed,
    "review_by": st.none() | days,
})  # fmt: skip
overrides = st.fixed_dictionaries({
    "identity": st.integers(0, 3), "reason": said, "owner": said, "until": days,
})  # fmt: skip
services = st.fixed_dictionaries({
    "client_id": said, "name": said, "owner": said, "about": typed, "other_route": typed,
    "customers": st.none() | st.sampled_from(["people", "businesses"]),
    "shut_out": st.integers(0, 4),
    "signature": st.none() | st.fixed_dictionaries({"name": said, "role": said, "date": days}),
    "action": st.lists(st.fixed_dictionaries({
        "id": said, "threat": st.sampled_from(["low", "normal", "high"]),
        "return_visits": st.booleans(), "wrong_person": severities, "taken_over": severities,
        "mitigation": st.lists(mitigations, max_size=3), "override": st.none() | overrides,
    }), min_size=1, max_size=2),
})  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(typed)
def test_any_text_is_read_again_as_it_was_typed(text) -> None:
    assert tomllib.loads(f"x = {value_text(text)}") == {"x": text}


@settings(max_examples=EXAMPLES, deadline=None)
@given(services)
def test_a_whole_service_is_read_again_as_it_was(content) -> None:
    service = ServiceEntry.model_validate(content)
    read = ServicesFile.model_validate(tomllib.loads(write_service(service)))
    assert read.service == (service,)


def test_what_stands_in_a_comment_cannot_end_it() -> None:
    service = ServiceEntry.model_validate({
        "client_id": "x\n[[service]]", "name": "n", "owner": "o",
        "action": [{"id": "a\r\nshut_out = 4", "wrong_person": {}, "taken_over": {}}],
    })  # fmt: skip
    text = write_service(service)
    assert len(tomllib.loads(text)["service"]) == 1
    assert "explain --policies FOLDER x???service?? a??shut_out???4" in text
