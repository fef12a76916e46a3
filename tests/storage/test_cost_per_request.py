"""What one request costs the database (`design.md` decision 3), counted below SQLAlchemy."""

import hashlib
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt

from bench.gatehouse import furnish
from bench.peers import REDIRECT_URI
from idp.app import create_app
from idp.callers import registration
from idp.house import House, open_house
from idp.keyring import jose, ring
from idp.settings import Settings
from idp.storage.clock import Clock
from tests.rig.counting import Cost, counted
from tests.rig.dpop import Holder

ISSUER = "http://localhost:8123"
VERIFIER = "v" * 43
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WARM = 3  # a statement goes through SQLAlchemy the first time
TRIES = 3


class Walk:
    """A signed-in browser and two clients of one house."""

    def __init__(self, house: House, secret: str, cookie: str) -> None:
        self.house = house
        self._web = create_app(house).test_client(use_cookies=False)
        self._cookie = cookie
        self._basic = "Basic " + b64encode(f"bench:{secret}".encode()).decode()
        self._key = jose.generate("ES256")
        self._holder = Holder()
        self.proves = False
        public = {**self._key.as_dict(private=False), "use": "sig", "alg": "ES256"}
        asked = registration.read(
            {
                "client_id": "signs", "client_name": "Signs", "organisation": "Signs",
                "sector": "signs", "redirect_uris": [REDIRECT_URI], "jwks": {"keys": [public]},
            },
            "test",
        )  # fmt: skip
        house.database.transaction(lambda tx: registration.register(tx, asked, by="test"))
        self.tokens = self.redeem(self.code())

    def code(self, client: str = "bench") -> str:
        challenge = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        query = {
            "response_type": "code", "client_id": client, "redirect_uri": REDIRECT_URI,
            "scope": "openid profile", "state": "s", "nonce": "n", "code_challenge_method": "S256",
            "code_challenge": challenge.rstrip(b"=").decode(),
        }  # fmt: skip
        answer = self._web.get(
            "/authorize", query_string=query, base_url=ISSUER, headers={"Cookie": self._cookie}
        )
        assert answer.status_code == 303, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def post(self, path: str, client: str = "bench", **form: str) -> dict[str, Any]:
        headers = {"Authorization": self._basic} if client == "bench" else {}
        if self.proves:
            now = int(self.house.database.clock.now().timestamp())
            headers["DPoP"] = self._holder.proof("POST", f"{ISSUER}/token", now)
        if client == "signs":
            form |= {"client_assertion_type": ASSERTION, "client_assertion": self._assertion()}
        answer = self._web.post(path, data=form, base_url=ISSUER, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def redeem(self, code: str, client: str = "bench") -> dict[str, Any]:
        return self.post(
            "/token", client, grant_type="authorization_code", code=code,
            redirect_uri=REDIRECT_URI, code_verifier=VERIFIER,
        )  # fmt: skip

    def refresh(self, client: str = "bench") -> None:
        token = self.tokens["refresh_token"]
        self.post("/token", client, grant_type="refresh_token", refresh_token=token)

    def refresh_bound(self) -> None:
        self.proves = True
        self.refresh()

    def userinfo_bound(self) -> Callable[[], None]:
        self.proves = True
        token = self.redeem(self.code())["access_token"]

        def ask() -> None:
            now = int(self.house.database.clock.now().timestamp())
            proof = self._holder.proof("GET", f"{ISSUER}/userinfo", now, token=token)
            headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
            answer = self._web.get("/userinfo", base_url=ISSUER, headers=headers)
            assert answer.status_code == 200, answer.json

        return ask

    def introspect(self) -> None:
        assert self.post("/introspect", token=self.tokens["access_token"])["active"] is True

    def userinfo(self) -> None:
        bearer = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        answer = self._web.get("/userinfo", base_url=ISSUER, headers=bearer)
        assert answer.status_code == 200
        assert answer.json is not None
        assert answer.json["given_name"] == "Margaret"

    def discovery(self) -> None:
        address = "/.well-known/openid-configuration"
        assert self._web.get(address, base_url=ISSUER).status_code == 200

    def _assertion(self) -> str:
        now = int(self.house.database.clock.now().timestamp())
        claims = {"iss": "signs", "sub": "signs", "aud": ISSUER, "exp": now + 60, "iat": now,
                  "jti": uuid.uuid4().hex}  # fmt: skip
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key)

    def cost(self, act: Callable[[], object]) -> Cost:
        """The least that a warm request cost: an early answer may count as a trip too many."""
        for _ in range(WARM):
            act()
        found = []
        for _ in range(TRIES):
            with counted(self.house.database) as cost:
                act()
            found.append(cost)
        return min(found, key=lambda cost: (cost.trips, cost.commits))


@pytest.fixture
def walk(database_url: str, tmp_path: Path) -> Walk:
    keys = tmp_path / "keys"
    ring.prepare(keys, Clock().now())
    policies = Path(__file__).resolve().parents[2] / "policies"
    settings = Settings(
        issuer=ISSUER, database_url=database_url, keys=keys, policies=policies, data=tmp_path
    )
    secret, cookie = furnish(settings)
    return Walk(open_house(settings), secret, cookie)


# request, statements on SQLite, statements on PostgreSQL, commits, trips on PostgreSQL at most
COSTS = {
    "authorize with a session": (lambda w: w.code, 8, 7, 1, 4),
    "refresh": (lambda w: w.refresh, 4, 3, 1, 3),
    "refresh with a proof": (lambda w: w.refresh_bound, 5, 4, 1, 4),
    "userinfo again": (lambda w: w.userinfo, 3, 3, 0, 3),
    "userinfo again with a proof": (lambda w: w.userinfo_bound(), 4, 4, 1, 5),
    "introspect": (lambda w: w.introspect, 1, 1, 0, 1),
    "discovery": (lambda w: w.discovery, 0, 0, 0, 0),
}


@pytest.mark.parametrize("request_name", list(COSTS))
def test_a_request_costs_what_was_decided(walk: Walk, request_name: str) -> None:
    choose, on_sqlite, on_postgresql, commits, trips = COSTS[request_name]
    cost = walk.cost(choose(walk))
    wanted = on_sqlite if walk.house.database.is_sqlite else on_postgresql
    assert (cost.commits, len(cost.statements)) == (commits, wanted), cost.statements
    assert cost.trips <= trips


@pytest.mark.parametrize("proves", [False, True])
@pytest.mark.parametrize("client", ["bench", "signs"])
def test_a_code_is_redeemed_in_one_commit_and_at_most_four_trips_and_one_for_a_proof(
    walk: Walk, client: str, proves: bool
) -> None:
    walk.proves = proves
    codes = [walk.code(client) for _ in range(WARM + TRIES)]
    cost = walk.cost(lambda: walk.redeem(codes.pop(), client))
    assert cost.commits == 1
    assert cost.trips <= {"bench": 3, "signs": 4}[client] + proves
