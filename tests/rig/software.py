"""A firm, its members and its software, and how that software asks at the token endpoint."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from werkzeug.test import TestResponse

from idp.assurance.rules import Level
from idp.callers import registration
from idp.delegation import actions as delegation
from idp.delegation.records import AssignmentRecord
from idp.errors import Refusal
from idp.keyring.sealing import random_ref
from idp.oidc.exchange_rules import ACCESS_TOKEN_TYPE, GRANT_TYPE, MANDATE_TYPE
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction
from tests.build import ISSUER, Site, service
from tests.rig.dpop import Holder

TAX_API = "https://api.tax.example/v1"
FIRM = "firm-of-tests"
EXCHANGES = ["authorization_code", "refresh_token", GRANT_TYPE]
# Keys cost something to make, and what is registered is not changed by any test.
FILER = service("filer", "private_key_jwt", sector="filing", scopes=["openid", "offline_access"],
                client_name="Filer", grant_types=EXCHANGES, organisation_ref=FIRM,
                acts_at=["tax"])  # fmt: skip


@dataclass
class Firm:
    """A verified firm whose software, `filer`, may act at Tax."""

    site: Site
    ref: str = FIRM
    members: dict[str, str] = field(default_factory=dict)
    holder: Holder = field(default_factory=Holder)

    def join(self, name: str, *roles: str, **more: Any) -> str:
        """Make somebody of the world a member; answers the reference."""
        ref, account = random_ref(), self.site.account(name)["ref"]
        values = {
            "ref": ref, "organisation_ref": self.ref, "account_ref": account,
            "name": name.capitalize(), "roles": list(roles), "added_by": "tests",
            "joined_at": self.site.database.now(), **more,
        }  # fmt: skip
        self.site.database.transaction(lambda tx: tx.execute(insert(MemberRecord).values(values)))
        self.members[name] = ref
        return ref

    def mandate(self, *powers: str, open_to: str | None = "sian", **more: Any) -> str:
        """Let the firm act for Margaret at Tax, open to one member; answers the reference."""
        principal = more.pop("principal", None) or self.site.account("margaret")["person_ref"]
        life = more.pop("life", timedelta(days=30))
        asked: dict[str, Any] = {
            "services": {"tax": list(powers) or ["view", "file"]}, "basis": "own", "by": "tests",
            "grant_level": Level(identity=2, sign_in=2), "delegate": self.ref, **more,
        }  # fmt: skip
        given = self.site.database.transaction(
            lambda tx: delegation.give(
                tx, principal=principal, delegate_kind="organisation", expires=tx.now() + life,
                **asked,
            )
        )  # fmt: skip
        assert not isinstance(given, Refusal), given
        ref = given[0]
        if open_to is not None:
            values = {"mandate_ref": ref, "assignee": self.members[open_to],
                      "assigned_by": "tests", "assigned_at": self.site.database.now()}  # fmt: skip
            self.site.database.transaction(
                lambda tx: tx.execute(insert(AssignmentRecord).values(values))
            )
        return ref

    def actor_token(self, name: str = "sian", **params: Any) -> str:
        """The access token of a member who signed in to the software."""
        self.site.sign_in(name)
        return str(self.site.tokens("filer", **params)["access_token"])

    def exchange(
        self, mandate: str, actor: str | None = None, *, client: str = "filer", proof: Any = "",
        **form: Any,
    ) -> TestResponse:  # fmt: skip
        """Ask for a token to act at Tax's API, changed as told; None leaves a field out."""
        site = self.site
        given: dict[str, Any] = {
            "grant_type": GRANT_TYPE, "subject_token": mandate,
            "subject_token_type": MANDATE_TYPE, "resource": TAX_API, "actor_token": actor,
            "actor_token_type": actor and ACCESS_TOKEN_TYPE, **form,
        }  # fmt: skip
        fields = {name: value for name, value in given.items() if value is not None}
        fields, headers = site.proof(client, fields)
        if proof == "":
            proof = self.holder.proof("POST", f"{ISSUER}/token", site.now())
        if proof is not None:
            headers["DPoP"] = proof
        return site.browser.post("/token", data=fields, headers=headers, base_url=ISSUER)


def make_firm(site: Site, *more: Any) -> Firm:
    """A firm with Sian as its worker and Tom as its administrator, and its software."""
    now = site.database.now()

    def work(tx: Transaction) -> None:
        tx.execute(
            insert(OrganisationRecord).values(
                ref=FIRM, name="Barker and Daughters", kind="firm", entered_by="tests",
                verified_by="tests", verified_at=now, created_at=now - timedelta(days=1),
            )
        )  # fmt: skip
        for one in (FILER, *more):
            asked = registration.read(dict(one.data), "tests")
            done = registration.register(tx, asked, by="tests")
            assert not isinstance(done, str), done

    site.database.transaction(work)
    known = {one.client_id: one for one in (FILER, *more)}
    site.world = replace(site.world, services=site.world.services | known)
    firm = Firm(site)
    firm.join("sian", "worker")
    firm.join("tom", "admin")
    return firm
