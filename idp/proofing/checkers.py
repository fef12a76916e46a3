"""Outside checkers: which there are, what is asked of them, and when an answer is believed.

The protocol is in docs/checker.md. Request and answer are signed tokens with a `typ` of their
own. An answer counts for the one request it names: for no other evidence, and not twice.
"""

import base64
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from joserfc.jwk import Key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from idp.keyring import jose
from idp.keyring.jose import BadToken

REQUEST_TYPE = "identity-check+jwt"
ANSWER_TYPE = "identity-answer+jwt"
REQUEST_SECONDS = 300  # how long a request may be answered
ANSWER_ALGORITHMS = ("ES256", "PS256", "EdDSA")
Text = Annotated[str, Field(min_length=1, max_length=300)]


class Finding(StrEnum):
    """What a checker says it found."""

    PASS = "pass"
    FAIL = "fail"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A checker's answer to one request of ours."""

    finding: Finding


class CheckersProblem(ValueError):
    """The file of checkers cannot be used; the message says what to write."""


class Checker(BaseModel):
    """One outside checker. `jwks` is the address of the keys it signs its answers with."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Text
    url: Text
    jwks: Text
    kinds: Annotated[
        tuple[Literal["document-check", "fraud-check"], ...], Field(min_length=1, strict=False)
    ]


class Checkers(BaseModel):
    """The checkers of an installation, in the order in which they are asked first."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    checker: Annotated[tuple[Checker, ...], Field(strict=False)] = ()

    def of_kind(self, kind: str) -> Checker | None:
        """The first checker that takes this kind of check, or None."""
        return next((one for one in self.checker if kind in one.kinds), None)

    def named(self, checker_id: str) -> Checker | None:
        """The checker with this id, or None: it was taken out of the file."""
        return next((one for one in self.checker if one.id == checker_id), None)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of check that some checker takes."""
        return frozenset(kind for one in self.checker for kind in one.kinds)


NO_CHECKERS = Checkers()


def load_checkers(path: Path | None) -> Checkers:
    """Read the file of checkers; without one there are none. Raises `CheckersProblem`."""
    if path is None:
        return NO_CHECKERS
    try:
        found = Checkers.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as problem:
        raise CheckersProblem(f"IDP_CHECKERS: {path} cannot be read") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CheckersProblem(f"IDP_CHECKERS: {path} is not TOML: {problem}") from problem
    except ValidationError as problem:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors()
        )
        raise CheckersProblem(f"IDP_CHECKERS: {path}: {said}") from problem
    ids = [one.id for one in found.checker]
    if len(set(ids)) != len(ids):
        raise CheckersProblem(f"IDP_CHECKERS: {path}: two checkers have the same id")
    return found


def request_claims(
    *,
    issuer: str,
    checker: Checker,
    evidence_ref: str,
    kind: str,
    asked: Mapping[str, Any],
    now: int,
) -> dict[str, Any]:
    """What is asked: who by, of whom, about which evidence, and the facts to check."""
    return {
        "iss": issuer,
        "aud": checker.id,
        "jti": evidence_ref,
        "iat": now,
        "exp": now + REQUEST_SECONDS,
        "kind": kind,
        **asked,
    }


def bound_to(request: str) -> str:
    """How an answer names the request it belongs to: the SHA-256 of it, base64url."""
    return base64.urlsafe_b64encode(sha256(request.encode()).digest()).rstrip(b"=").decode()


def read_answer(
    body: bytes,
    *,
    request: str,
    checker: Checker,
    issuer: str,
    evidence_ref: str,
    kind: str,
    keys: Collection[Key],
    now: int,
) -> Answer:
    """Believe an answer, or raise `BadToken`: it must fit this very request in everything."""
    try:
        token = body.decode("ascii").strip()
    except UnicodeDecodeError as problem:
        raise BadToken("not a compact JWS") from problem
    claims = jose.verify(
        token, jose.key_from_set(keys), algorithms=ANSWER_ALGORITHMS, types=(ANSWER_TYPE,)
    )
    jose.check_times(claims, now=now)
    expected = {
        "iss": checker.id,
        "aud": issuer,
        "jti": evidence_ref,
        "kind": kind,
        "request": bound_to(request),
    }
    for name, value in expected.items():
        if claims.get(name) != value:
            raise BadToken(f"'{name}' is of another request")
    finding = claims.get("finding")
    if not isinstance(finding, str) or finding not in set(Finding):
        raise BadToken("'finding' is none of pass, fail, unsure")
    return Answer(finding=Finding(finding))
