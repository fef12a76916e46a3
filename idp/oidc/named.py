"""The claims about a person or a business that a service is entitled to, read when asked for."""

from typing import Any

from sqlalchemy import bindparam, select

from idp.accounts.records import AccountRecord
from idp.callers.clients import Client
from idp.callers.liveness import LiveGrant
from idp.oidc.rules import CLAIMS, PERSONAL, SCOPES, released_claims
from idp.oidc.server import Call
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.organisations.rules import shown_name
from idp.register.actions import open_number
from idp.register.records import BusinessRecord, PersonNumberRecord, PersonRecord

_PERSON = (
    select(
        PersonRecord.given_name,
        PersonRecord.family_name,
        PersonRecord.birth_date,
        PersonRecord.sex,
        PersonRecord.address,
        PersonRecord.created_at,
        PersonNumberRecord.number_sealed,
        AccountRecord.email,
    )
    .select_from(PersonRecord)
    .join(
        PersonNumberRecord,
        (PersonNumberRecord.person_ref == PersonRecord.ref) & PersonNumberRecord.valid_to.is_(None),
        isouter=True,
    )
    .join(AccountRecord, AccountRecord.person_ref == PersonRecord.ref, isouter=True)
    .where(PersonRecord.ref == bindparam("holder"))
)
_BUSINESS = select(BusinessRecord.name, BusinessRecord.address, BusinessRecord.created_at).where(
    BusinessRecord.ref == bindparam("holder")
)
_UNPROVED = select(AccountRecord.email).where(AccountRecord.ref == bindparam("holder"))
_NAME = select(PersonRecord.given_name, PersonRecord.family_name).where(
    PersonRecord.ref == bindparam("ref")
)
_MEMBER = (
    select(MemberRecord.name, OrganisationRecord.name.label("of"), OrganisationRecord.shows_names)
    .join(OrganisationRecord, OrganisationRecord.ref == MemberRecord.organisation_ref)
    .where(MemberRecord.ref == bindparam("member"))
)
ADVISER = "A named adviser at %(organisation)s"  # English, as all that services are told


def named_claims(
    call: Call, grant: LiveGrant, client: Client, *, scope: str | None = None
) -> dict[str, Any]:
    """Answer the claims for userinfo, by the access token's `scope` and by name; without a
    scope those of the ID token, by name only."""
    if scope is not None:
        names = released_claims(scope, grant.claims, client.scopes)
    else:
        registered = {name for held in client.scopes for name in SCOPES.get(held, ())}
        names = set(grant.claims.get("id_token", {})) & registered & set(CLAIMS)
    names -= {"sub"}
    if not names:
        return {}
    values = _values(call, grant.holder, "national_insurance_number" in names)
    return {name: values[name] for name in sorted(names) if values.get(name) is not None}


def is_personal(names: Any) -> bool:
    """Say whether any of these claims is about a person, and so worth a journal row."""
    return bool(PERSONAL & set(names))


def actor_name(call: Call, grant: LiveGrant, scope: str) -> str | None:
    """The name of the one who acts, for services that may have the principal's name.

    What a service shows and writes, the principal reads: so it learns of a charity's member what
    the principal does, and no more. A member who has not proved who they are is named as their
    organisation knows them.
    """
    if grant.actor is None or "profile" not in scope.split():
        return None
    member = None
    if grant.member_ref is not None:
        member = call.tx.execute(_MEMBER, {"member": grant.member_ref}).first()
        if member is not None and not member.shows_names:
            return shown_name(member.name, member.of, shows_names=False, adviser=ADVISER)
    row = call.tx.execute(_NAME, {"ref": grant.actor}).first()
    if row is None:
        return str(member.name) if member else None
    return f"{row.given_name} {row.family_name}"


def _values(call: Call, holder: str, with_number: bool) -> dict[str, Any]:
    row = call.tx.execute(_PERSON, {"holder": holder}).mappings().first()
    if row is None:
        business = call.tx.execute(_BUSINESS, {"holder": holder}).mappings().first()
        if business is not None:
            return _of_business(business)
        email = call.tx.execute(_UNPROVED, {"holder": holder}).scalar_one_or_none()
        return {"email": email, "email_verified": False}
    values = {
        "name": f"{row['given_name']} {row['family_name']}",
        "given_name": row["given_name"],
        "family_name": row["family_name"],
        "birthdate": row["birth_date"].isoformat(),
        "gender": row["sex"],
        "updated_at": int(row["created_at"].timestamp()),
        "address": row["address"] or None,
        "email": row["email"],
        "email_verified": False if row["email"] else None,
    }
    if with_number and row["number_sealed"]:
        number = open_number(call.services.keyring, holder, row["number_sealed"])
        values["national_insurance_number"] = number.canonical
    return values


def _of_business(row: Any) -> dict[str, Any]:
    """A business has a name, an address and nothing that only people have: no day of birth, no
    e-mail address of anybody, and never the National Insurance number of its sole trader."""
    return {
        "name": row["name"],
        "address": row["address"] or None,
        "updated_at": int(row["created_at"].timestamp()),
    }
