"""What the proofs are made with: people, sessions, clients, grants and codes, many and fast.

People, clients and mandates are made by the house's own actions; grants and codes by its own
statements, with the columns that `oidc.actions` fills. A sign-in through pages for each of
thousands of codes would take minutes and prove nothing more.
"""

import hmac
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import insert

from idp.accounts.actions import Joining, create_account, join_person
from idp.accounts.subjects import subject_of
from idp.assurance.rules import Level
from idp.authentication import sessions
from idp.authentication.actions import enrol_totp, hash_password, new_seed, set_password
from idp.authentication.records import ClientSessionRecord
from idp.callers import registration
from idp.delegation.actions import give
from idp.delegation.records import MandateRecord
from idp.demo.world import new_key
from idp.errors import Refusal
from idp.house import House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.sealing import digest, random_ref, random_token
from idp.oidc import issuing
from idp.oidc.records import RefreshTokenRecord
from idp.register.actions import add_person
from idp.signin import actions as signin
from idp.signin.rules import CODE, PASSWORD, Asked
from idp.storage import Transaction
from tests.rig import wire
from tests.rig.dpop import Holder

SECTOR = "proofs"
API = "https://api.proofs.example/v1"  # of the confidential client
CALLBACK = "https://proofs.example/callback"
VERIFIER = "the-verifier-of-every-code-in-these-proofs-0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LEVEL = Level(identity=2, sign_in=2)
LASTS = timedelta(minutes=30)  # longer than any proof, however slow the machine


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A proved person with a signed-in browser."""

    person: str
    account: str
    seed: str
    session: str
    session_secret: str
    browser_secret: str


@dataclass(frozen=True, kw_only=True)
class Application:
    """A registered client and how it proves itself."""

    client_id: str
    secret: str | None = None
    key: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A grant with the code to redeem for it. `mandate` where it is for somebody else; `api`
    where its tokens are for one."""

    ref: str
    code: str
    refresh: str
    visitor: Visitor
    mandate: str | None = None
    api: str | None = None


class Stock:
    """Makes what a proof needs in a house's database, and writes the requests that use it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.host = house.settings.issuer_host
        self._people = 0
        self.delegates: dict[str, str] = {}  # of mandates that are not to a visitor
        self._password = hash_password(house.gate, random_token())  # nobody types it
        self.confidential = self._client("client_secret_basic", resources=[API])
        self.public = self._client("none")
        self.signing = self._client("private_key_jwt")

    def visitors(self, many: int, *, proofs: Sequence[str] = (PASSWORD, CODE)) -> list[Visitor]:
        """Make people who are signed in, having proved these methods just now."""

        def work(tx: Transaction) -> list[Visitor]:
            return [self._visitor(tx, proofs) for _ in range(many)]

        return self.house.database.transaction(work)

    def grants(
        self,
        many: int,
        visitors: Sequence[Visitor],
        client: Application,
        *,
        mandates: Sequence[str] = (),
        principal: str | None = None,
        organisation: str | None = None,
        member: str | None = None,
        apis: Sequence[str | None] = (None,),
    ) -> list[Grant]:
        """Make grants with a code and a refresh token each, the visitors' and the APIs' in turn.

        With `mandates` there is one grant for each, in which the visitor acts for `principal`:
        as a `member` of an `organisation`, where they are told.
        """
        of_firm = {"organisation_ref": organisation, "member_ref": member}

        def work(tx: Transaction) -> list[Grant]:
            now = tx.now()
            made = [
                Grant(
                    ref=random_ref(),
                    code=random_token(),
                    refresh=random_token(),
                    visitor=visitors[number % len(visitors)],
                    mandate=mandates[number] if mandates else None,
                    api=apis[number % len(apis)],
                )
                for number in range(len(mandates) or many)
            ]
            sids: dict[tuple[str, str], str] = {}
            for grant in made:
                sids.setdefault((grant.visitor.session, grant.mandate or ""), random_ref())
            subs = {v.person: self._sub(tx, v.person) for v in visitors}
            if principal is not None:
                subs[principal] = self._sub(tx, principal)
            _many(tx, insert(ClientSessionRecord), [
                {"ref": sid, "session_ref": session, "client_id": client.client_id,
                 "mandate_key": mandate, "created_at": now}
                for (session, mandate), sid in sids.items()
            ])  # fmt: skip
            _many(tx, issuing.INSERT_GRANT, [
                self._grant_row(grant, client, sids, subs, principal, now) | of_firm
                for grant in made
            ])  # fmt: skip
            _many(tx, issuing.INSERT_CODE, [_code_row(grant, client, now) for grant in made])
            _many(tx, insert(RefreshTokenRecord), [
                _refresh_row(grant, client, now) for grant in made
            ])  # fmt: skip
            return made

        return self.house.database.transaction(work)

    def mandates(self, many: int, principal: Visitor, delegate: Visitor) -> list[str]:
        """Make mandates for the confidential client, the first from one to the other by the
        house's own action.

        The rest are rows like it, each to a delegate of its own, for nobody holds two at once for
        one service: an entry in the journal for each would only be slow.
        """
        until = timedelta(days=30)

        def work(tx: Transaction) -> list[str]:
            now = tx.now()
            service = self.confidential.client_id
            given = give(
                tx, principal=principal.person, delegate=delegate.person,
                services={service: ["all"]}, expires=now + until, grant_level=LEVEL, basis="own",
                by="proofs",
            )  # fmt: skip
            assert not isinstance(given, Refusal)
            rows = [
                {"ref": random_ref(), "bundle": random_ref(), "principal": principal.person,
                 "delegate": random_ref(), "service": service, "powers": ["all"], "basis": "own",
                 "state": "active", "created_by": "proofs", "single_use": False,
                 "exclusive": False, "grant_identity": LEVEL.identity,
                 "grant_sign_in": LEVEL.sign_in, "starts": now, "expires": now + until,
                 "created_at": now, "max_chain": 0, "version": 1}
                for _ in range(many - 1)
            ]  # fmt: skip
            if rows:
                _many(tx, insert(MandateRecord), rows)
            self.delegates |= {str(row["ref"]): str(row["delegate"]) for row in rows}
            return [*given, *(str(row["ref"]) for row in rows)]

        return self.house.database.transaction(work)

    def journey_to_code(self, visitor: Visitor) -> str:
        """Start a journey in a visitor's browser that now waits for a one-time code."""

        def work(tx: Transaction) -> str:
            now = tx.now()
            asked = Asked(floor=LEVEL, started=signin.milliseconds(now), requested=(LEVEL,))
            wish = {"asked": signin.describe(asked), "return_to": "/account"}
            return signin.start(
                tx, browser_secret=visitor.browser_secret, client_id=None, request=wish, now=now
            )

        return self.house.database.transaction(work)

    # What is sent.

    def redeem(
        self, grant: Grant, client: Application | None = None, holder: Holder | None = None
    ) -> bytes:
        """The token request with a grant's code; with a `holder` for a token bound to its key."""
        form = {"grant_type": "authorization_code", "code": grant.code, "redirect_uri": CALLBACK,
                "code_verifier": VERIFIER}  # fmt: skip
        return self.as_client("/token", form, client or self.confidential, holder)

    def refresh(
        self, token: str, client: Application | None = None, holder: Holder | None = None
    ) -> bytes:
        """The token request with a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.as_client("/token", form, client or self.confidential, holder)

    def introspect(self, token: str, client: Application | None = None) -> bytes:
        """The question whether a token is live."""
        return self.as_client("/introspect", {"token": token}, client or self.confidential)

    def revoke(self, token: str, client: Application | None = None) -> bytes:
        """The request that ends a token's grant."""
        return self.as_client("/revoke", {"token": token}, client or self.confidential)

    def userinfo(self, token: str, holder: Holder | None = None) -> bytes:
        """The request for the claims of an access token, which may be bound to a holder's key."""
        headers = {"Authorization": f"Bearer {token}"}
        if holder is not None:
            proof = self.proof(holder, "GET", "/userinfo", token=token)
            headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return wire.build("GET", "/userinfo", self.host, None, headers)

    def as_client(
        self, path: str, form: Mapping[str, str], client: Application, holder: Holder | None = None
    ) -> bytes:
        """A request by a client that proves itself as it is registered, and a key if it holds
        one."""
        headers = {} if holder is None else {"DPoP": self.proof(holder, "POST", path)}
        if client.secret is not None:
            headers |= wire.basic(client.client_id, client.secret)
            return wire.build("POST", path, self.host, form, headers)
        if client.key is not None:
            signed = self.assertion(client)
            proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
            return wire.build("POST", path, self.host, {**form, **proof}, headers)
        form = {**form, "client_id": client.client_id}
        return wire.build("POST", path, self.host, form, headers)

    def proof(self, holder: Holder, method: str, path: str, *, token: str | None = None) -> str:
        """A proof of a key that is good for one such request (RFC 9449)."""
        now = int(self.house.database.clock.now().timestamp())
        return holder.proof(method, f"{self.house.settings.issuer}{path}", now, token=token)

    def assertion(self, client: Application | None = None) -> str:
        """A client assertion with a `jti` of its own (RFC 7523 section 3)."""
        client = client or self.signing
        key = ECKey.import_key(dict(client.key or {}))
        now = int(self.house.database.clock.now().timestamp())
        claims = {
            "iss": client.client_id, "sub": client.client_id,
            "aud": self.house.settings.issuer, "iat": now, "exp": now + 1800,
            "jti": uuid.uuid4().hex,
        }  # fmt: skip
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)

    def form(
        self, path: str, visitor: Visitor, fields: Mapping[str, str], *, address: str = "192.0.2.1"
    ) -> bytes:
        """One of our own forms, sent from a visitor's browser."""
        key = self.house.keyring.secret("csrf")
        token = hmac.new(key, visitor.browser_secret.encode(), sha256).hexdigest()
        cookies = {"browser": visitor.browser_secret, "session": visitor.session_secret}
        headers = {
            "Cookie": "; ".join(f"gatehouse_{name}={value}" for name, value in cookies.items()),
            "X-Forwarded-For": address,
        }
        return wire.build("POST", path, self.host, {**fields, "csrf_token": token}, headers)

    # How it is made.

    def _client(self, method: str, **more: Any) -> Application:
        return self.client(f"proofs-{method.replace('_', '-')}", method, **more)

    def client(self, client_id: str, method: str, **more: Any) -> Application:
        """Register a client that proves itself by this method; `more` of its registration."""
        private, public = new_key(client_id) if method == "private_key_jwt" else (None, None)
        asked = registration.read(
            {
                "client_id": client_id, "client_name": client_id, "organisation": "Proofs",
                "sector": SECTOR, "token_endpoint_auth_method": method, "jwks": public,
                "redirect_uris": [CALLBACK], "scopes": ["openid", "profile"],
                "delegation_aware": True, **more,
            },
            "proofs",
        )  # fmt: skip
        done = self.house.database.transaction(
            lambda tx: registration.register(tx, asked, by="proofs")
        )
        assert not isinstance(done, str), done
        return Application(client_id=client_id, secret=done.secret, key=private)

    def _visitor(self, tx: Transaction, proofs: Sequence[str]) -> Visitor:
        self._people += 1
        number = parse(f"AB{self._people:06d}A")
        assert isinstance(number, NationalInsuranceNumber)
        person = add_person(
            tx, self.house.keyring, number=number, given_name="Proof",
            family_name=f"Number {self._people}", birth_date=date(1970, 1, 1), sex="female",
            address={},
        )  # fmt: skip
        assert isinstance(person, str)
        email = f"proof{self._people}@example.test"
        account = create_account(tx, sign_in_name=email, email=email)
        seed, now = new_seed(), tx.now()
        joined = join_person(tx, account_ref=account, person_ref=person, identity_level=2)
        assert joined is Joining.JOINED
        enrol_totp(tx, self.house.keyring, account, seed)
        set_password(tx, self.house.keyring, account, self._password)
        given = dict.fromkeys(proofs, signin.milliseconds(now))
        session, secret = sessions.start(tx, account, given, now)
        return Visitor(
            person=person, account=account, seed=seed, session=session, session_secret=secret,
            browser_secret=random_token(),
        )  # fmt: skip

    def _sub(self, tx: Transaction, person: str) -> str:
        return subject_of(tx, sector=SECTOR, kind="self", person_ref=person)

    def _grant_row(
        self, grant: Grant, client: Application, sids: Mapping[tuple[str, str], str],
        subs: Mapping[str, str], principal: str | None, now: datetime,
    ) -> dict[str, Any]:  # fmt: skip
        acting = grant.mandate is not None
        holder = principal if principal is not None and acting else grant.visitor.person
        return {
            "ref": grant.ref,
            "client_id": client.client_id,
            "account_ref": grant.visitor.account,
            "session_ref": grant.visitor.session,
            "client_session_ref": sids[grant.visitor.session, grant.mandate or ""],
            "holder": holder,
            "sub": subs[holder],
            "actor": self.delegates.get(grant.mandate or "", grant.visitor.person)
            if acting
            else None,
            "act_sub": subs[grant.visitor.person] if acting else None,
            "mandate_ref": grant.mandate,
            "resource": grant.api,
            "scope": "openid profile",
            "claims": {},
            "acr": "urn:gatehouse:tier:2",
            "vot": str(LEVEL),
            "amr": ["pwd", "otp"],
            "auth_time": int(now.timestamp()),
            "policy": self.house.policies.fingerprint,
            "offline": False,
            "created_at": now,
        }


def _code_row(grant: Grant, client: Application, now: datetime) -> dict[str, Any]:
    return {
        "code_digest": digest(grant.code), "client_id": client.client_id, "grant_ref": grant.ref,
        "redirect_uri": CALLBACK, "redirect_uri_sent": True, "code_challenge": CHALLENGE,
        "nonce": None, "expires_at": now + LASTS,
    }  # fmt: skip


def _refresh_row(grant: Grant, client: Application, now: datetime) -> dict[str, Any]:
    return {
        "token_digest": digest(grant.refresh), "client_id": client.client_id,
        "grant_ref": grant.ref, "issued_at": now, "idle_until": now + LASTS,
        "expires_at": now + LASTS,
    }  # fmt: skip


def _many(tx: Transaction, statement: Any, rows: list[dict[str, Any]]) -> None:
    execute: Callable[..., Any] = tx.connection.execute
    execute(statement, rows)
