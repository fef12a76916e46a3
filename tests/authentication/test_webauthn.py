"""A key's answer is believed when all of it fits, and never for less."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication import webauthn
from idp.authentication.webauthn import CounterWentBack, NewCredential, Unverified
from idp.keyring.sealing import random_ref, random_token
from tests.rig.authenticator import Authenticator, b64, unb64

ORIGIN = "https://id.example.gov"
PARTY = webauthn.relying_party(ORIGIN)
Break = Callable[[dict[str, Any]], object]


def creation(challenge: str, **more: Any) -> dict[str, Any]:
    return webauthn.creation_options(
        PARTY, user_handle=random_ref(), user_name="margaret@example.org",
        display_name="Margaret Hughes", challenge=challenge, **more
    )  # fmt: skip


def make(key: Authenticator, *, device_bound: bool = False, **lies: Any) -> NewCredential:
    challenge = random_token()
    said = key.create(creation(challenge), **lies)
    return webauthn.verify_creation(PARTY, said, challenge=challenge, device_bound=device_bound)


def use(key: Authenticator, made: NewCredential, **lies: Any) -> webauthn.Used:
    challenge = random_token()
    said = key.get(webauthn.request_options(PARTY, challenge=challenge), **lies)
    return webauthn.verify_request(
        PARTY,
        said,
        challenge=challenge,
        public_key=made.public_key,
        sign_count=made.sign_count,
        device_bound=made.device_bound,
    )


def test_the_relying_party_is_the_host_and_the_origin_of_the_issuer() -> None:
    assert (PARTY.id, PARTY.origins) == ("id.example.gov", (ORIGIN,))
    local = webauthn.relying_party("http://localhost:8000")
    assert (local.id, local.origins) == ("localhost", ("http://localhost:8000",))


def test_a_key_is_asked_for_that_needs_no_name_typed_and_knows_its_owner() -> None:
    options = creation("Y2hhbGxlbmdl", exclude=["aWQ"])
    assert options["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert options["attestation"] == "none"
    assert [one["id"] for one in options["excludeCredentials"]] == ["aWQ"]
    asked = webauthn.request_options(PARTY, challenge="Y2hhbGxlbmdl")
    assert asked["userVerification"] == "required"
    assert (asked["rpId"], asked["allowCredentials"]) == ("id.example.gov", [])


def test_a_synced_key_is_made_and_used_though_it_never_counts() -> None:
    key = Authenticator(ORIGIN)
    made = make(key)
    assert (made.credential_id, made.device_bound, made.backed_up) == (key.id, False, True)
    assert made.transports == ("hybrid", "internal")
    assert use(key, made) == use(key, made) == webauthn.Used(sign_count=0, backed_up=True)


def test_a_device_bound_key_is_told_apart_and_counts() -> None:
    key = Authenticator(ORIGIN, device_bound=True)
    made = make(key, device_bound=True)
    assert (made.device_bound, made.backed_up, made.sign_count) == (True, False, 0)
    assert use(key, made).sign_count == 1
    assert use(key, made).sign_count == 2


@pytest.mark.parametrize("backed_up", [True, False])
def test_where_only_a_device_bound_key_will_do_one_that_can_be_copied_is_refused(
    backed_up: bool,
) -> None:
    with pytest.raises(Unverified, match="backed up"):
        make(Authenticator(ORIGIN, backed_up=backed_up), device_bound=True)


LIES: list[dict[str, Any]] = [
    {"origin": "https://id.example.gov.evil.example"},
    {"origin": "http://id.example.gov"},
    {"origin": "https://id.example.gov:444"},
    {"challenge": random_token()},
    {"rp_id": "evil.example"},
    {"verified": False},
    {"present": False},
    {"framed": True},
    {"type": "payment.get"},
]


@pytest.mark.parametrize("lie", LIES, ids=",".join)
def test_no_lie_makes_a_key(lie: dict[str, Any]) -> None:
    with pytest.raises(Unverified):
        make(Authenticator(ORIGIN), **lie)


@pytest.mark.parametrize("lie", LIES, ids=",".join)
def test_no_lie_uses_a_key(lie: dict[str, Any]) -> None:
    key = Authenticator(ORIGIN)
    with pytest.raises(Unverified) as refused:
        use(key, make(key), **lie)
    assert not isinstance(refused.value, CounterWentBack)


def test_a_key_that_would_need_a_name_typed_first_is_refused() -> None:
    with pytest.raises(Unverified, match="name typed"):
        make(Authenticator(ORIGIN), discoverable=False)


def test_another_key_cannot_answer_for_this_one() -> None:
    key, other = Authenticator(ORIGIN), ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Unverified):
        use(key, make(key), signer=other)


def test_an_answer_of_one_kind_is_not_one_of_the_other() -> None:
    key, challenge = Authenticator(ORIGIN), random_token()
    made = make(key)
    used = key.get(webauthn.request_options(PARTY, challenge=challenge), type="webauthn.create")
    with pytest.raises(Unverified):
        webauthn.verify_request(
            PARTY,
            used,
            challenge=challenge,
            public_key=made.public_key,
            sign_count=0,
            device_bound=False,
        )
    with pytest.raises(Unverified):
        webauthn.verify_creation(PARTY, used, challenge=challenge)


def test_a_counter_that_stands_still_or_goes_back_shows_a_copied_key() -> None:
    key = Authenticator(ORIGIN, device_bound=True, counter=7)
    made = make(key)
    for counter in (7, 6, 0):
        with pytest.raises(CounterWentBack):
            use(key, made, counter=counter)
    assert use(key, made, counter=8).sign_count == 8


def test_nobody_without_the_key_can_have_it_reported_as_copied() -> None:
    key = Authenticator(ORIGIN, device_bound=True, counter=7)
    made = make(key)
    with pytest.raises(Unverified) as refused:
        use(key, made, counter=3, signer=ec.generate_private_key(ec.SECP256R1()))
    assert not isinstance(refused.value, CounterWentBack)


@pytest.mark.parametrize("device_bound", [True, False])
def test_a_key_never_changes_whether_it_can_be_copied(device_bound: bool) -> None:
    key = Authenticator(ORIGIN, device_bound=device_bound)
    made = make(key)
    present, backed_up = 0x01 | 0x04, 0x08 | 0x10
    with pytest.raises(Unverified, match="not what it was"):
        use(key, made, flags=present | backed_up if device_bound else present)


def test_flags_that_cannot_be_true_together_are_refused() -> None:
    impossible = 0x01 | 0x04 | 0x40 | 0x10  # backed up, though it cannot be
    with pytest.raises(Unverified):
        make(Authenticator(ORIGIN), flags=impossible)


def test_a_key_on_no_curve_is_refused_when_it_is_made() -> None:
    crooked = ES256({1: 2, 3: -7, -1: 1, -2: bytes(31) + b"\1", -3: bytes(31) + b"\1"})
    with pytest.raises(Unverified):
        make(Authenticator(ORIGIN), public_key=crooked)


def test_an_attestation_nobody_asked_for_is_not_even_parsed() -> None:
    with pytest.raises(Unverified, match="none was asked for"):
        make(Authenticator(ORIGIN), fmt="tpm", statement={"ver": "2.0"})


def test_an_answer_says_which_key_and_which_challenge_it_is_for() -> None:
    key, challenge = Authenticator(ORIGIN), random_token()
    made = key.create(creation(challenge))
    assert webauthn.read_response(made) == (key.id, None, challenge)
    used = key.get(webauthn.request_options(PARTY, challenge=challenge))
    assert webauthn.read_response(used) == (key.id, key.user_handle, challenge)


BROKEN: list[Break] = [
    lambda sent: sent.pop("id"),
    lambda sent: sent.pop("rawId"),
    lambda sent: sent.update(id=5),
    lambda sent: sent.update(id="", rawId=""),
    lambda sent: sent.update(id="A" * 1401, rawId="A" * 1401),
    lambda sent: sent.update(rawId=b64(b"another")),
    lambda sent: sent.update(type="password"),
    lambda sent: sent.update(response=None),
    lambda sent: sent["response"].pop("clientDataJSON"),
    lambda sent: sent["response"].update(clientDataJSON=b64(b"[]")),
    lambda sent: sent["response"].update(clientDataJSON=b64(b"{}")),
    lambda sent: sent["response"].update(clientDataJSON=b64(b'{"challenge": 5}')),
    lambda sent: sent["response"].update(clientDataJSON="\u00e9"),
    lambda sent: sent["response"].update(clientDataJSON=b64(b"\xff\xfe")),
    lambda sent: sent["response"].update(authenticatorData=""),
    lambda sent: sent["response"].update(authenticatorData=b64(bytes(36))),
    lambda sent: sent["response"].update(authenticatorData=b64(bytes(37))),
    lambda sent: sent["response"].update(signature=""),
    lambda sent: sent["response"].update(signature=None),
    lambda sent: sent["response"].update(userHandle=5),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_broken_answer_is_refused_and_nothing_else_happens(number: int) -> None:
    key, challenge = Authenticator(ORIGIN), random_token()
    made = make(key)
    sent = json.loads(key.get(webauthn.request_options(PARTY, challenge=challenge)))
    BROKEN[number](sent)

    def believe(said: str) -> None:
        webauthn.read_response(said)
        webauthn.verify_request(
            PARTY,
            said,
            challenge=challenge,
            public_key=made.public_key,
            sign_count=0,
            device_bound=False,
        )

    with pytest.raises(Unverified):
        believe(json.dumps(sent))


@pytest.mark.parametrize("transports", [None, 5, "usb", ["usb", 5, "carrier-pigeon"], {}])
def test_transports_are_a_hint_and_never_a_fault(transports: Any) -> None:
    key, challenge = Authenticator(ORIGIN), random_token()
    sent = json.loads(key.create(creation(challenge)))
    sent["response"]["transports"] = transports
    made = webauthn.verify_creation(PARTY, json.dumps(sent), challenge=challenge)
    assert set(made.transports) <= {"usb"}


@pytest.mark.parametrize("text", ["", "null", "[]", '"x"', "{", "[" * 9000, "{}", "9" * 5000,
                                  '{"response": {}}', " " * 20_000])  # fmt: skip
def test_what_is_no_answer_at_all_is_refused(text: str) -> None:
    with pytest.raises(Unverified):
        webauthn.read_response(text)
    with pytest.raises(Unverified):
        webauthn.verify_creation(PARTY, text, challenge=random_token())


@given(place=st.integers(0, 400), value=st.integers(0, 255), cut=st.integers(0, 400))
def test_bytes_of_an_attacker_are_refused_or_mean_what_they_meant(
    place: int, value: int, cut: int
) -> None:
    key, challenge = Authenticator(ORIGIN), random_token()
    sent = json.loads(key.create(creation(challenge)))
    data = bytearray(unb64(sent["response"]["attestationObject"]))
    data[place % len(data)] = value
    sent["response"]["attestationObject"] = b64(bytes(data[: max(1, len(data) - cut // 40)]))
    try:
        made = webauthn.verify_creation(PARTY, json.dumps(sent), challenge=challenge)
    except Unverified:
        return
    assert made.public_key  # the id, the model or the counter was changed: its owner's affair


@pytest.mark.parametrize("hostile", ["\ud800", "a\x00b", "a b", "a+b/c", "é"], ids=ascii)
def test_nothing_is_looked_up_that_neither_we_nor_a_key_could_have_made(hostile: str) -> None:
    key, challenge = Authenticator(ORIGIN), random_token()
    sent = json.loads(key.get(webauthn.request_options(PARTY, challenge=challenge)))
    said = {"type": "webauthn.get", "challenge": hostile, "origin": ORIGIN}
    for change in (
        {"id": hostile},
        {"response": {**sent["response"], "userHandle": hostile}},
        {"response": {**sent["response"], "clientDataJSON": b64(json.dumps(said).encode())}},
    ):
        with pytest.raises(Unverified):
            webauthn.read_response(json.dumps({**sent, **change}))
