"""The one module that signs and checks JOSE objects (`design.md` decision 12).

joserfc does the cryptography, but for ES256, which every token of ours is signed with: there the
same calls are made directly, at half the cost. What it leaves open is closed here (`security.md`
section 4): the caller names the algorithms and the `typ`, never the token; duplicate members,
`NaN` and `Infinity` are refused; sizes are capped before anything is decoded; times are always
checked.
"""

import base64
import binascii
import json
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
SKEW_SECONDS = 60
MAX_TOKEN_BYTES = 16_384
MAX_JWKS_KEYS = 20
ES256_PART_BYTES = 32  # r and s, each (RFC 7518 section 3.4)
EMBEDDED_RSA_BITS = range(2048, 4097)
EMBEDDED_RSA_EXPONENT = 6  # characters, 32 bits: how dear a check is, is not the caller's to choose
_KINDS = {"ES256": ("EC", "P-256"), "RS256": ("RSA", None), "PS256": ("RSA", None),
          "EdDSA": ("OKP", "Ed25519")}  # fmt: skip
_PUBLIC = {"EC": ("crv", "x", "y"), "RSA": ("e", "n"), "OKP": ("crv", "x")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ES256 = ec.ECDSA(SHA256())
_REGISTRY = JWSRegistry(algorithms=["ES256", "RS256", "PS256", "Ed25519", "EdDSA"])
_REGISTRY.max_header_length = MAX_TOKEN_BYTES  # an RSA key in the header is longer than its 512

PrivateKey = ECKey | RSAKey | OKPKey
KeyFinder = Callable[[Mapping[str, Any]], Key | None]


class BadToken(Exception):
    """A JOSE object that is not what the caller asked for. `reason` may be shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def generate(algorithm: str) -> PrivateKey:
    """Make a private key for `algorithm`, with its RFC 7638 thumbprint as `kid`."""
    key: PrivateKey
    if algorithm == "ES256":
        key = ECKey.generate_key("P-256", auto_kid=False)
    elif algorithm in {"RS256", "PS256"}:
        key = RSAKey.generate_key(2048, auto_kid=False)
    elif algorithm == "EdDSA":
        key = OKPKey.generate_key("Ed25519", auto_kid=False)
    else:
        raise ValueError(f"unknown algorithm {algorithm}; known: {', '.join(ALGORITHMS)}")
    return import_private({**key.as_dict(private=True), "kid": key.thumbprint()})


def import_private(data: Mapping[str, Any]) -> PrivateKey:
    """Read a private JWK. Costly for RSA (tens of ms): once per key, never per token."""
    kinds: dict[str, type[PrivateKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
    return kinds[data["kty"]].import_key(dict(data))


def import_public_set(data: Any) -> list[Key]:
    """Read somebody's public JWKS. Keys we cannot use are left out, as RFC 7517 says.

    Raises `BadToken` when it is no key set, holds too many keys, or holds a private key.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("keys"), list):
        raise BadToken("jwks: a JSON object with a list 'keys' is needed (RFC 7517 section 5)")
    if len(data["keys"]) > MAX_JWKS_KEYS:
        raise BadToken(f"jwks: more than {MAX_JWKS_KEYS} keys")
    found: list[Key] = []
    for item in data["keys"]:
        if not isinstance(item, Mapping) or item.get("kty") not in {"EC", "RSA", "OKP"}:
            continue
        if "d" in item:
            raise BadToken("jwks: holds a private key; send public keys only")
        try:
            found.extend(KeySet.import_key_set({"keys": [dict(item)]}).keys)
        except (JoseError, ValueError, TypeError, KeyError) as problem:
            raise BadToken("jwks: holds a key that cannot be read") from problem
    return found


def sign(claims: Mapping[str, Any], key: PrivateKey, *, algorithm: str, typ: str) -> str:
    """Sign claims as a compact JWS with an explicit `typ` (RFC 8725 section 3.11)."""
    payload = json.dumps(claims, separators=(",", ":")).encode()
    if algorithm == "ES256" and isinstance(key, ECKey) and key.curve_name == "P-256":
        return _sign_es256(_header_text(typ, str(key.kid)), payload, key)
    header = {"alg": algorithm, "typ": typ, "kid": key.kid}
    return jws.serialize_compact(header, payload, key, registry=_REGISTRY)


def verify(
    token: str,
    find_key: KeyFinder,
    *,
    algorithms: Collection[str],
    types: Collection[str | None],
) -> dict[str, Any]:
    """Check a compact JWS and answer its claims; the times are the caller's to check.

    `types` are the allowed `typ` values, lower case without `application/`; None allows a
    missing one. Raises `BadToken` for anything else than one of ours, whole and unaltered.
    """
    header = peek_header(token)
    if header.get("alg") not in algorithms:
        raise BadToken("the signing algorithm is not allowed here")
    if "crit" in header or "b64" in header:
        raise BadToken("critical header parameters are not supported")
    if _typ(header) not in types:
        raise BadToken("the token is of another type")
    key = find_key(header)
    if key is None:
        raise BadToken("the signing key is unknown")
    if header["alg"] == "ES256":
        _verify_es256(token, key)
        return strict_object(_segment(token, 1))
    try:
        signed = jws.deserialize_compact(token.encode(), key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as problem:
        raise BadToken("the signature does not match") from problem
    return strict_object(signed.payload)


def peek_header(token: str) -> dict[str, Any]:
    """Read the header of a token that is not verified yet. Its `kid` is text, if it has one."""
    header = strict_object(_segment(token, 0))
    if not isinstance(header.get("kid", ""), str):
        raise BadToken("'kid' is not text")
    return header


def peek_claims(token: str) -> dict[str, Any]:
    """Read the claims of a token that is not verified yet: only to find whose key to use."""
    return strict_object(_segment(token, 1))


def check_times(claims: Mapping[str, Any], *, now: int, need_exp: bool = True) -> None:
    """Check `exp`, `nbf` and `iat` against `now` (seconds), with 60 s for clocks that differ.

    Raises `BadToken` when one is no finite number, is over, or is not yet.
    """
    if need_exp and claims.get("exp") is None:
        raise BadToken("'exp' is missing")
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 2**53:
            raise BadToken(f"'{name}' is not a time")
        if name == "exp" and value + SKEW_SECONDS <= now:
            raise BadToken("the token has expired")
        if name != "exp" and value > now + SKEW_SECONDS:
            raise BadToken(f"'{name}' is in the future")


def key_from_set(keys: Collection[Key]) -> KeyFinder:
    """Find a verification key by `kid`, or the only one that fits when the token names none."""

    def find(header: Mapping[str, Any]) -> Key | None:
        kty = {"E": "EC", "R": "RSA", "P": "RSA"}.get(str(header.get("alg"))[:1], "?")
        if header.get("alg") == "EdDSA":
            kty = "OKP"
        fitting = [
            key
            for key in keys
            if key.key_type == kty
            and key.as_dict().get("use", "sig") == "sig"
            and key.as_dict().get("alg", header.get("alg")) == header.get("alg")
        ]
        kid = header.get("kid")
        if kid is not None:
            named = [key for key in fitting if key.kid == kid]
            return named[0] if named else None
        return fitting[0] if len(fitting) == 1 else None

    return find


def embedded_key(header: Mapping[str, Any]) -> Key:
    """Answer the public key that a token carries in its own header (RFC 7515 section 4.1.3).

    A signature by it proves that somebody holds the key, never who they are. Only what RFC 7638
    makes a thumbprint of is read. Raises `BadToken` for no key, a private one, one of another
    kind than `alg` asks, or one that would be dear to check with.
    """
    jwk, (kty, curve) = header.get("jwk"), _KINDS.get(str(header.get("alg")), ("?", None))
    if not isinstance(jwk, Mapping):
        raise BadToken("'jwk' is missing: the public key belongs in the header")
    if _PRIVATE & set(jwk):
        raise BadToken("'jwk' holds a private key; send the public key only")
    if jwk.get("kty") != kty or (curve is not None and jwk.get("crv") != curve):
        raise BadToken("'jwk' is of another kind than 'alg' asks for")
    members = tuple((name, jwk.get(name)) for name in ("kty", *_PUBLIC[kty]))
    if not all(isinstance(value, str) and value.isascii() for _, value in members):
        raise BadToken("'jwk' is not complete")
    return _embedded(members)


@lru_cache(maxsize=1024)
def _embedded(members: tuple[tuple[str, str], ...]) -> Key:
    data: dict[str, Any] = dict(members)
    if len(data.get("e", "")) > EMBEDDED_RSA_EXPONENT:
        raise BadToken("'jwk' has too large an exponent")
    try:
        (key,) = KeySet.import_key_set({"keys": [data]}).keys
        public = key.get_op_key("verify")
    except (JoseError, ValueError, TypeError, KeyError) as problem:
        raise BadToken("'jwk' cannot be read") from problem
    if isinstance(public, rsa.RSAPublicKey) and public.key_size not in EMBEDDED_RSA_BITS:
        raise BadToken("'jwk' must have from 2048 to 4096 bits")
    return key


def strict_object(data: bytes) -> dict[str, Any]:
    """Read a JSON object that has no duplicate members and only finite numbers."""
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_no_duplicates, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as problem:
        raise BadToken("not strict JSON") from problem
    if not isinstance(value, dict):
        raise BadToken("not a JSON object")
    return value


@lru_cache(maxsize=64)
def _header_text(typ: str, kid: str) -> str:
    header = {"alg": "ES256", "typ": typ, "kid": kid}
    return _text(json.dumps(header, separators=(",", ":")).encode())


def _sign_es256(header: str, payload: bytes, key: ECKey) -> str:
    message = f"{header}.{_text(payload)}"
    private: ec.EllipticCurvePrivateKey = key.get_op_key("sign")
    r, s = decode_dss_signature(private.sign(message.encode(), _ES256))
    signature = r.to_bytes(ES256_PART_BYTES) + s.to_bytes(ES256_PART_BYTES)
    return f"{message}.{_text(signature)}"


def _verify_es256(token: str, key: Key) -> None:
    message, _, _ = token.rpartition(".")
    signature = _segment(token, 2)
    if not isinstance(key, ECKey) or key.curve_name != "P-256":
        raise BadToken("the signing key is of another kind")
    if len(signature) != 2 * ES256_PART_BYTES:
        raise BadToken("the signature does not match")
    halves = signature[:ES256_PART_BYTES], signature[ES256_PART_BYTES:]
    r, s = (int.from_bytes(half) for half in halves)
    try:
        public: ec.EllipticCurvePublicKey = key.get_op_key("verify")
        public.verify(encode_dss_signature(r, s), message.encode(), _ES256)
    except (InvalidSignature, JoseError, ValueError) as problem:
        raise BadToken("the signature does not match") from problem


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _segment(token: str, index: int) -> bytes:
    if len(token) > MAX_TOKEN_BYTES:
        raise BadToken("the token is too long")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise BadToken("not a compact JWS")
    part = parts[index]
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise BadToken("not base64url") from problem
    if _text(data) != part:  # one spelling only (RFC 7515 section 2): no padding, no spare bits
        raise BadToken("not base64url")
    return data


def _typ(header: Mapping[str, Any]) -> str | None:
    typ = header.get("typ")
    if typ is None:
        return None
    return str(typ).lower().removeprefix("application/")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate member")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
