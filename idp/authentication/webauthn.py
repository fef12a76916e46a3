"""Passkeys as the browser gives them: what we ask for, and whether an answer is to be believed.

A thin wrapper of py_webauthn that leaves nothing to the caller: the user is always verified (by
finger, face or PIN), the credential is discoverable, origin and relying party come from settings.
Nothing is stored here and nothing is single-use here: challenges and counters are the caller's.
Source: W3C Web Authentication Level 3, sections 7.1 and 7.2; `security.md` section 1.13.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
    parse_attestation_object,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialHint,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

ASK_FOR_MILLISECONDS = 300_000  # what WCAG wants for a slow hand; the challenge lasts longer
LONGEST_RESPONSE_CHARACTERS = 16_384
LONGEST_CREDENTIAL_ID_CHARACTERS = 1400  # 1023 bytes, Web Authentication section 5.8.3, in base64
TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
# We ask for no attestation. "packed" may come all the same, signed by the credential itself.
FORMATS = frozenset({"none", "packed"})
# What the library and those beneath it raise on bytes that nobody honest would send.
_MALFORMED = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class Unverified(Exception):
    """An answer of a browser that is not to be believed. Its text is for a log, not for a page."""


class CounterWentBack(Unverified):
    """The signature is right but its counter is not: the key may have been copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """For whom keys are made. `id` is our host name, `origins` the addresses of our pages.

    Always from settings, never from the request: a key answers these pages and no others.
    """

    id: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A key just made. Ids and keys are base64url.

    `device_bound`: it can never leave the device it was made on. `backed_up`: it has been
    copied to another place. `aaguid` names the model; unproved, for we ask for no attestation.
    """

    credential_id: str
    public_key: str
    sign_count: int
    device_bound: bool
    backed_up: bool
    aaguid: str
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A key that was used, and what to keep of it."""

    sign_count: int
    backed_up: bool


class Claimed(NamedTuple):
    """What an answer says of itself, before anything is believed: which key, which challenge."""

    credential_id: str
    user_handle: str | None
    challenge: str


def relying_party(issuer: str, *, name: str = "Gatehouse") -> RelyingParty:
    """Make the relying party of an installation from its issuer ("https://id.example.gov")."""
    return RelyingParty(id=urlsplit(issuer).hostname or "", name=name, origins=(issuer,))


def creation_options(
    party: RelyingParty,
    *,
    user_handle: str,
    user_name: str,
    display_name: str,
    challenge: str,
    exclude: Sequence[str] = (),
    device_bound: bool = False,
) -> dict[str, Any]:
    """Answer the JSON for `PublicKeyCredential.parseCreationOptionsFromJSON`.

    `exclude` names the keys the account has, so that a device is not enrolled twice.
    `device_bound` asks the browser for a security key; what is made is checked by
    `verify_creation` all the same.
    """
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=base64url_to_bytes(user_handle),
        user_name=user_name,
        user_display_name=display_name,
        challenge=base64url_to_bytes(challenge),
        timeout=ASK_FOR_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(exclude),
        hints=[PublicKeyCredentialHint.SECURITY_KEY] if device_bound else None,
    )
    # credProps: the browser says whether the key can be found without a name typed first.
    return {**options_to_json_dict(options), "extensions": {"credProps": True}}


def verify_creation(
    party: RelyingParty, response_json: str, *, challenge: str, device_bound: bool = False
) -> NewCredential:
    """Check that a key was made for us, now, by somebody it recognised. Raises `Unverified`.

    `device_bound` refuses a key that can be backed up, and so copied.
    """
    sent = _read(response_json)
    try:
        _refuse_framed(sent)
        _refuse_undiscoverable(sent)
        found = parse_attestation_object(base64url_to_bytes(sent["response"]["attestationObject"]))
        if found.fmt not in FORMATS:
            raise Unverified(f"attestation of format {found.fmt}, though none was asked for")
        verified = verify_registration_response(
            credential=sent,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
        # The library reads the key's fields but never builds it: one that is on no curve would
        # be stored, and fail at the first sign-in.
        decoded_public_key_to_cryptography(
            decode_credential_public_key(verified.credential_public_key)
        )
    except _MALFORMED as problem:
        raise Unverified(str(problem)) from problem
    bound = verified.credential_device_type is CredentialDeviceType.SINGLE_DEVICE
    if device_bound and not bound:
        raise Unverified("this key can be backed up; one that never leaves its device is needed")
    return NewCredential(
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=bytes_to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        device_bound=bound,
        backed_up=verified.credential_backed_up,
        aaguid=verified.aaguid,
        transports=_transports(sent),
    )


def request_options(
    party: RelyingParty, *, challenge: str, allow: Sequence[str] = ()
) -> dict[str, Any]:
    """Answer the JSON for `PublicKeyCredential.parseRequestOptionsFromJSON`.

    Without `allow` the browser offers every key it has for us: nothing need be typed.
    """
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(challenge),
        timeout=ASK_FOR_MILLISECONDS,
        allow_credentials=_descriptors(allow),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


_BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*", re.ASCII)


def read_response(response_json: str) -> Claimed:
    """Read which key and which challenge an answer names, to find both. Raises `Unverified`.

    For answers of both kinds. Nothing is believed yet; `user_handle` is None where none was sent.
    """
    sent = _read(response_json)
    try:
        said = _client_data(sent)["challenge"]
        handle = sent["response"].get("userHandle")
        named = sent["id"]
    except _MALFORMED as problem:
        raise Unverified(str(problem)) from problem
    if not isinstance(said, str) or not isinstance(handle, str | None):
        raise Unverified("challenge and userHandle are texts")
    if not isinstance(named, str) or not 0 < len(named) <= LONGEST_CREDENTIAL_ID_CHARACTERS:
        raise Unverified("no credential id")
    # They are looked up before anything is verified: nothing but what we or a key could have made.
    if not all(_BASE64URL.fullmatch(text) for text in (named, said, handle or "A")):
        raise Unverified("ids and challenges are base64url")
    return Claimed(credential_id=named, user_handle=handle or None, challenge=said)


def verify_request(
    party: RelyingParty,
    response_json: str,
    *,
    challenge: str,
    public_key: str,
    sign_count: int,
    device_bound: bool,
) -> Used:
    """Check that a key was used for us, now, by somebody it recognised. Raises `Unverified`.

    `device_bound` is what the key was when it was made: it never changes for one key, so an
    answer that says otherwise is refused. `sign_count` is the counter kept from the last use. A
    counter that does not rise raises `CounterWentBack`, but where it has never counted: synced
    keys leave it at nought.
    """
    sent = _read(response_json)
    try:
        _refuse_framed(sent)
        verified = verify_authentication_response(
            credential=sent,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=base64url_to_bytes(public_key),
            # The library would look at the counter before the signature: then anybody who knows
            # a key's id could have it reported as copied. Looked at below instead.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _MALFORMED as problem:
        raise Unverified(str(problem)) from problem
    bound = verified.credential_device_type is CredentialDeviceType.SINGLE_DEVICE
    if bound is not device_bound:
        raise Unverified("whether this key can be backed up is not what it was")
    counted = verified.new_sign_count
    if (counted or sign_count) and counted <= sign_count:
        raise CounterWentBack(f"the counter says {counted} after {sign_count}")
    return Used(sign_count=counted, backed_up=verified.credential_backed_up)


def _read(response_json: str) -> dict[str, Any]:
    if len(response_json) > LONGEST_RESPONSE_CHARACTERS:
        raise Unverified("the answer is too long")
    try:
        sent = json.loads(response_json)
    except _MALFORMED as problem:
        raise Unverified("the answer is no JSON") from problem
    if not isinstance(sent, dict) or not isinstance(sent.get("response"), dict):
        raise Unverified("the answer is no object with a response")
    return sent


def _client_data(sent: dict[str, Any]) -> dict[str, Any]:
    data = json.loads(base64url_to_bytes(sent["response"]["clientDataJSON"]))
    if not isinstance(data, dict):
        raise Unverified("clientDataJSON is no object")
    return data


def _refuse_framed(sent: dict[str, Any]) -> None:
    """Our pages are never shown inside another's; the library would let it pass."""
    if _client_data(sent).get("crossOrigin"):
        raise Unverified("asked for from within another site's page")


def _refuse_undiscoverable(sent: dict[str, Any]) -> None:
    said = sent.get("clientExtensionResults")
    properties = said.get("credProps") if isinstance(said, dict) else None
    if isinstance(properties, dict) and properties.get("rk") is False:
        raise Unverified("the key cannot be found without a name typed first")


def _transports(sent: dict[str, Any]) -> tuple[str, ...]:
    said = sent["response"].get("transports")
    if not isinstance(said, list):
        return ()
    return tuple(sorted(TRANSPORTS.intersection(one for one in said if isinstance(one, str))))


def _descriptors(ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in ids]
