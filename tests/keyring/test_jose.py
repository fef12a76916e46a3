"""What is not exactly one of ours is refused (RFC 8725; `security.md` section 4)."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from idp.keyring import jose

KEY, OTHER = jose.generate("ES256"), jose.generate("ES256")
RSA = jose.generate("RS256")
GOOD = jose.sign({"sub": "s"}, KEY, algorithm="ES256", typ="at+jwt")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: str | dict[str, Any], payload: str = '{"sub":"s"}', key: Any = KEY) -> str:
    """A token with any header and payload, signed with `key` as ES256 whatever it says."""
    text = header if isinstance(header, str) else json.dumps(header)
    message = f"{b64(text.encode())}.{b64(payload.encode())}"
    _, _, signature = jose._sign_es256(b64(text.encode()), payload.encode(), key).rpartition(".")
    return f"{message}.{signature}"


def check(token: str, *, algorithms: tuple[str, ...] = ("ES256",)) -> dict[str, Any]:
    keys = {KEY.kid: KEY, RSA.kid: RSA}
    return jose.verify(
        token,
        lambda header: keys.get(header.get("kid", KEY.kid)),
        algorithms=algorithms,
        types=("at+jwt",),
    )


def head(**more: Any) -> dict[str, Any]:
    return {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid, **more}


def test_our_own_token_passes_and_joserfc_agrees_with_what_we_sign() -> None:
    assert check(GOOD) == {"sub": "s"}
    assert check(forged(head())) == {"sub": "s"}
    public = ECKey.import_key(KEY.as_dict(private=False))
    assert json.loads(jws.deserialize_compact(GOOD, public).payload) == {"sub": "s"}
    theirs = jws.serialize_compact(head(), b'{"sub":"t"}', KEY)
    assert check(theirs) == {"sub": "t"}


@pytest.mark.parametrize("algorithm", jose.ALGORITHMS)
def test_every_algorithm_offered_signs_and_verifies(algorithm: str) -> None:
    key = jose.generate(algorithm)
    token = jose.sign({"a": 1}, key, algorithm=algorithm, typ="JWT")
    find = jose.key_from_set([key])
    assert jose.verify(token, find, algorithms=(algorithm,), types=("jwt",)) == {"a": 1}
    bad = token[:-8] + ("A" * 8)
    with pytest.raises(jose.BadToken):
        jose.verify(bad, find, algorithms=(algorithm,), types=("jwt",))


HEADERS = {
    "no signature": head(alg="none"),
    "no signature, other case": head(alg="nOnE"),
    "no algorithm": {"typ": "at+jwt"},
    "an algorithm that is no text": head(alg=["ES256"]),
    "an algorithm not asked for": head(alg="RS256"),
    "a secret key's algorithm": head(alg="HS256"),
    "critical parameters": head(crit=["exp"], exp=1),
    "an empty critical list": head(crit=[]),
    "an unencoded payload": head(b64=False),
    "another type": head(typ="JWT"),
    "no type": {"alg": "ES256", "kid": KEY.kid},
    "an unknown key": head(kid="nobody"),
}


@pytest.mark.parametrize("case", list(HEADERS))
def test_a_header_that_asks_for_something_else_is_refused(case: str) -> None:
    with pytest.raises(jose.BadToken):
        check(forged(HEADERS[case]))


def test_no_key_is_taken_from_the_token() -> None:
    jwk = OTHER.as_dict(private=False)
    for more in ({"jwk": jwk}, {"jku": "https://x"}, {"x5u": "https://x"}, {"jwk": jwk, "kid": ""}):
        with pytest.raises(jose.BadToken):
            check(forged(head(**more), key=OTHER))


def test_our_public_key_is_no_secret_to_sign_with() -> None:
    message = f"{b64(json.dumps(head(alg='HS256')).encode())}.{b64(b'{}')}"
    for secret in (
        KEY.as_pem(private=False),
        RSA.as_pem(private=False),
        json.dumps(KEY.as_dict(private=False)).encode(),
    ):
        token = f"{message}.{b64(hmac.new(secret, message.encode(), sha256).digest())}"
        for algorithms in (("ES256",), jose.ALGORITHMS):
            with pytest.raises(jose.BadToken):
                check(token, algorithms=algorithms)


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(jose.BadToken):
        check(forged(head(kid=RSA.kid)))


def test_any_altered_part_is_refused() -> None:
    parts = GOOD.split(".")
    for index in range(3):
        raw = bytearray(urlsafe_b64decode(parts[index] + "=="))
        for place in range(len(raw)):
            changed = bytearray(raw)
            changed[place] ^= 1
            token = ".".join([*parts[:index], b64(bytes(changed)), *parts[index + 1 :]])
            with pytest.raises(jose.BadToken):
                check(token)


@pytest.mark.parametrize(
    "signature", ["", "AA", b64(bytes(64)), b64(b"\xff" * 64), b64(bytes(63)), b64(bytes(65))]
)
def test_a_signature_of_no_worth_is_refused(signature: str) -> None:
    with pytest.raises(jose.BadToken):
        check(f"{GOOD.rpartition('.')[0]}.{signature}")


@pytest.mark.parametrize(
    "payload",
    ['{"sub":"a","sub":"b"}', '{"a":{"b":1,"b":2}}', '{"exp":Infinity}', '{"exp":-Infinity}',
     '{"exp":NaN}', "[]", '"s"', "1", "null", "", "{", '{"a":1}x', "[" * 100_000, "\ud800"],
)  # fmt: skip
def test_a_payload_that_is_not_one_strict_object_is_refused(payload: str) -> None:
    with pytest.raises((jose.BadToken, UnicodeEncodeError)):
        check(forged(head(), payload))


def test_a_header_with_duplicate_members_is_refused() -> None:
    with pytest.raises(jose.BadToken):
        check(forged('{"alg":"none","alg":"ES256","typ":"at+jwt"}'))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b", GOOD + ".", "." + GOOD, GOOD + "\n", " " + GOOD, GOOD + "=",
     GOOD.replace(".", "..", 1), "é." * 2 + "é", "x" * 20_000, GOOD + "A" * 20_000],
)  # fmt: skip
def test_what_is_no_compact_token_is_refused(token: str) -> None:
    with pytest.raises(jose.BadToken):
        check(token)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1", True, [], 1e300, -(2**60), float("inf")])
def test_a_time_that_is_none_is_refused(name: str, value: Any) -> None:
    with pytest.raises(jose.BadToken):
        jose.check_times({"exp": 2000, name: value}, now=1000)


def test_times_allow_a_minute_of_skew_and_no_more() -> None:
    jose.check_times({"exp": 941}, now=1000)
    jose.check_times({"exp": 2000, "nbf": 1060, "iat": 1060}, now=1000)
    for claims in ({"exp": 940}, {"exp": 2000, "nbf": 1061}, {"exp": 2000, "iat": 1061}, {}):
        with pytest.raises(jose.BadToken):
            jose.check_times(claims, now=1000)


def test_a_set_of_keys_is_read_with_care() -> None:
    public = KEY.as_dict(private=False)
    odd = {"kty": "oct", "k": "AA"}
    assert [key.kid for key in jose.import_public_set({"keys": [public, odd, "x"]})] == [KEY.kid]
    bad: list[Any] = [
        None, [], {}, {"keys": {}}, {"keys": [dict(KEY.as_dict(private=True))]},
        {"keys": [public] * 21}, {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
    ]  # fmt: skip
    for data in bad:
        with pytest.raises(jose.BadToken):
            jose.import_public_set(data)


def test_a_key_is_found_by_its_name_or_as_the_only_one_that_fits() -> None:
    find = jose.key_from_set([KEY, OTHER, RSA])
    assert find({"alg": "ES256", "kid": OTHER.kid}) is OTHER
    assert find({"alg": "ES256", "kid": RSA.kid}) is None
    assert find({"alg": "ES256"}) is None
    assert find({"alg": "RS256"}) is RSA
