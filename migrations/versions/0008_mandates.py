"""Mandates as first-class data, organisations that act, businesses, tokens bound to a key"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OLD = sa.table(
    "mandate_before",
    *(sa.column(name) for name in ("ref", "principal", "delegate", "basis", "ended_reason",
                                   "ended_reference", "grant_identity", "grant_sign_in",
                                   "version")),
    sa.column("services", sa.JSON()),
    *(sa.column(name, UtcDateTime()) for name in ("starts", "expires", "created_at", "ended_at")),
)  # fmt: skip
_PERSON = sa.table("person", *(sa.column(n) for n in ("ref", "family_name", "given_name")))


def upgrade() -> None:
    """Mandates as first-class data, organisations that act, businesses, tokens bound to a key"""
    _set_old_mandates_aside()
    _make()
    _take_old_mandates_over()


def _set_old_mandates_aside() -> None:
    # SQLite cannot change the columns of a table: it is copied, dropped and made again, and what
    # points at it is checked when all is done.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA defer_foreign_keys = ON")
    else:
        op.drop_constraint("fk_oauth_grant_mandate_ref", "oauth_grant", type_="foreignkey")
    op.execute("CREATE TABLE mandate_before AS SELECT * FROM mandate")
    op.drop_table("mandate")


def _take_old_mandates_over() -> None:
    """One mandate was for several services; now each is for one, and they share a bundle."""
    bind = op.get_bind()
    made = sa.table(
        "mandate",
        *(sa.column(name) for name in ("ref", "bundle", "principal", "principal_kind",
                                       "principal_sort", "delegate", "delegate_kind", "service",
                                       "basis", "state", "answerer", "grant_identity",
                                       "grant_sign_in", "created_by", "ended_reason",
                                       "ended_reference", "version", "exclusive", "single_use")),
        sa.column("powers", sa.JSON()),
        *(sa.column(n, UtcDateTime()) for n in ("starts", "expires", "created_at", "decided_at",
                                                "ended_at")),
    )  # fmt: skip
    rows = bind.execute(
        sa.select(_OLD, _PERSON.c.family_name.label("family"), _PERSON.c.given_name.label("given"))
        .join_from(_OLD, _PERSON, _PERSON.c.ref == _OLD.c.principal)
        .order_by(_OLD.c.created_at.desc(), _OLD.c.ref)
    ).mappings().all()  # fmt: skip
    held: set[tuple[str, str, str]] = set()
    for row in rows:
        for place, service in enumerate(row["services"]):
            bind.execute(sa.insert(made), _taken_over(row, service, place, held))
    op.drop_table("mandate_before")
    if bind.dialect.name != "sqlite":
        op.create_foreign_key(
            "fk_oauth_grant_mandate_ref", "oauth_grant", "mandate", ["mandate_ref"], ["ref"]
        )


def _taken_over(
    row: Any, service: str, place: int, held: set[tuple[str, str, str]]
) -> dict[str, Any]:
    ended, reason = row["ended_at"], row["ended_reason"]
    key = (row["delegate"], row["principal"], service)
    if ended is None and key in held:
        ended, reason = row["created_at"], "superseded"
    elif ended is None:
        held.add(key)
    return {
        "ref": row["ref"] if place == 0 else f"{row['ref']}-{place + 1}",
        "bundle": row["ref"],
        "principal": row["principal"],
        "principal_kind": "person",
        "principal_sort": f"{row['family']} {row['given']}".casefold(),
        "delegate": row["delegate"],
        "delegate_kind": "person",
        "service": service,
        "powers": ["all"],
        "basis": row["basis"],
        "state": "active" if ended is None else "ended",
        "answerer": "principal",
        "grant_identity": row["grant_identity"],
        "grant_sign_in": row["grant_sign_in"],
        "created_by": row["principal"],
        "ended_reason": "ended_by_principal" if reason == "principal" else reason,
        "ended_reference": row["ended_reference"],
        "version": row["version"],
        "exclusive": False,
        "single_use": False,
        "starts": row["starts"],
        "expires": row["expires"],
        "created_at": row["created_at"],
        "decided_at": row["created_at"],
        "ended_at": ended,
    }


def _make() -> None:
    op.create_table(
        "bulk_watch",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("z", sa.Float(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.Column("interval_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("challenged_at", UtcDateTime(), nullable=True),
        sa.Column("frozen_at", UtcDateTime(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("actor", name=op.f("pk_bulk_watch")),
    )
    op.create_table(
        "joint_authority",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("quorum > 0", name=op.f("ck_joint_authority_quorum")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_joint_authority")),
    )
    op.create_table(
        "letter",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("values_sealed", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("way", sa.String(), nullable=True),
        sa.CheckConstraint("way IN ('letter', 'call')", name=op.f("ck_letter_way")),
        sa.CheckConstraint("(way IS NULL) = (done_at IS NULL)", name=op.f("ck_letter_done")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_letter")),
    )
    op.create_index("ix_letter_waiting", "letter", ["done_at", "created_at"], unique=False)
    op.create_table(
        "officer_call",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("officer_ref", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("party_kind", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("code_index", sa.String(), nullable=True),
        sa.Column("code_expires_at", UtcDateTime(), nullable=True),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "party_kind IN ('person', 'business')", name=op.f("ck_officer_call_party_kind")
        ),
        sa.ForeignKeyConstraint(
            ["officer_ref"], ["officer.ref"], name=op.f("fk_officer_call_officer_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_officer_call")),
    )
    op.create_index("ix_officer_call_expires", "officer_call", ["expires_at"], unique=False)
    op.create_table(
        "officer_proposal",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("payload_sealed", sa.String(), nullable=False),
        sa.Column("looked", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "decision IN ('confirmed', 'refused', 'withdrawn')",
            name=op.f("ck_officer_proposal_decision"),
        ),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_officer_proposal_decided")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_officer_proposal")),
    )
    op.create_index(
        "ix_officer_proposal_waiting",
        "officer_proposal",
        ["decision", "act", "proposed_at"],
        unique=False,
    )
    op.create_table(
        "organisation",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("registered_number", sa.String(), nullable=True),
        sa.Column("assurance", sa.Integer(), nullable=False),
        sa.Column("access", sa.String(), nullable=False),
        sa.Column("people_limit", sa.Integer(), nullable=True),
        sa.Column("shows_names", sa.Boolean(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("verified_by", sa.String(), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("suspends_at", UtcDateTime(), nullable=True),
        sa.Column("suspension_reason", sa.String(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "access IN ('assigned', 'everyone')", name=op.f("ck_organisation_access")
        ),
        sa.CheckConstraint(
            "kind IN ('firm', 'charity', 'council', 'insurer', 'department')",
            name=op.f("ck_organisation_kind"),
        ),
        sa.CheckConstraint("assurance BETWEEN 0 AND 3", name=op.f("ck_organisation_assurance")),
        sa.CheckConstraint(
            "people_limit IS NULL OR people_limit > 0", name=op.f("ck_organisation_people_limit")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_organisation")),
    )
    op.create_table(
        "principal_opened",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "hour", "principal", name=op.f("pk_principal_opened")),
    )
    op.create_index("ix_principal_opened_hour", "principal_opened", ["hour"], unique=False)
    op.create_table(
        "safe_contact",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address_sealed", sa.String(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('email', 'text', 'letter', 'none')", name=op.f("ck_safe_contact_channel")
        ),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_safe_contact")),
    )
    op.create_table(
        "business",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("person_ref", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ceased_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_ref"], ["person.ref"], name=op.f("fk_business_person_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_business")),
    )
    op.create_table(
        "joint_act",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("authority_ref", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_ref"], ["joint_authority.ref"], name=op.f("fk_joint_act_authority_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_joint_act")),
    )
    op.create_index(
        "ix_joint_act_authority", "joint_act", ["authority_ref", "expires_at"], unique=False
    )
    op.create_table(
        "mandate",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=True),
        sa.Column("principal_kind", sa.String(), server_default="person", nullable=False),
        sa.Column(
            "principal_sort",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column("delegate", sa.String(), nullable=True),
        sa.Column("delegate_kind", sa.String(), server_default="person", nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("powers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("answerer", sa.String(), server_default="principal", nullable=False),
        sa.Column("grant_identity", sa.Integer(), nullable=False),
        sa.Column("grant_sign_in", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("evidence_identity", sa.Integer(), server_default="3", nullable=False),
        sa.Column("evidence_sign_in", sa.Integer(), server_default="3", nullable=False),
        sa.Column("min_identity", sa.Integer(), server_default="0", nullable=False),
        sa.Column("min_sign_in", sa.Integer(), server_default="0", nullable=False),
        sa.Column("starts", UtcDateTime(), nullable=True),
        sa.Column("expires", UtcDateTime(), nullable=True),
        sa.Column("term_days", sa.Integer(), nullable=True),
        sa.Column("single_use", sa.Boolean(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("used_grant", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("authority_ref", sa.String(), nullable=True),
        sa.Column("parent_ref", sa.String(), nullable=True),
        sa.Column("max_chain", sa.Integer(), server_default="0", nullable=False),
        sa.Column("offer_expires", UtcDateTime(), nullable=True),
        sa.Column("text_hash", sa.String(), nullable=True),
        sa.Column("import_key", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("suspended_at", UtcDateTime(), nullable=True),
        sa.Column("suspended_reason", sa.String(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_reference", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_mandate_ended")
        ),
        sa.CheckConstraint(
            "answerer IN ('principal', 'delegate', 'officer')", name=op.f("ck_mandate_answerer")
        ),
        sa.CheckConstraint(
            "delegate_kind IN ('person', 'organisation')", name=op.f("ck_mandate_delegate_kind")
        ),
        sa.CheckConstraint(
            "principal_kind IN ('person', 'business')", name=op.f("ck_mandate_principal_kind")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'offered', 'active', 'suspended', 'ended', 'refused', "
            "'cancelled', 'lapsed')",
            name=op.f("ck_mandate_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('active', 'suspended') OR "
            "(principal IS NOT NULL AND delegate IS NOT NULL AND starts IS NOT NULL)",
            name=op.f("ck_mandate_whole"),
        ),
        sa.CheckConstraint("principal <> delegate", name=op.f("ck_mandate_two_parties")),
        sa.CheckConstraint("starts < expires", name=op.f("ck_mandate_term_order")),
        sa.ForeignKeyConstraint(
            ["authority_ref"], ["joint_authority.ref"], name=op.f("fk_mandate_authority_ref")
        ),
        sa.ForeignKeyConstraint(
            ["parent_ref"], ["mandate.ref"], name=op.f("fk_mandate_parent_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_mandate")),
        sa.UniqueConstraint("import_key", name=op.f("uq_mandate_import_key")),
    )
    op.create_index("ix_mandate_authority", "mandate", ["authority_ref"], unique=False)
    op.create_index("ix_mandate_bundle", "mandate", ["bundle"], unique=False)
    op.create_index(
        "ix_mandate_delegate",
        "mandate",
        ["delegate", "state", "principal_sort", "principal"],
        unique=False,
    )
    op.create_index("ix_mandate_parent", "mandate", ["parent_ref"], unique=False)
    op.create_index(
        "ix_mandate_picker",
        "mandate",
        ["delegate", "service", "state", "principal_sort", "ref"],
        unique=False,
    )
    op.create_index("ix_mandate_principal", "mandate", ["principal", "state"], unique=False)
    op.create_index(
        "uq_mandate_exclusive",
        "mandate",
        ["principal", "service"],
        unique=True,
        sqlite_where=sa.text("exclusive AND state IN ('active', 'suspended')"),
        postgresql_where=sa.text("exclusive AND state IN ('active', 'suspended')"),
    )
    op.create_index(
        "uq_mandate_held",
        "mandate",
        ["delegate", "principal", "service"],
        unique=True,
        sqlite_where=sa.text("state IN ('active', 'suspended')"),
        postgresql_where=sa.text("state IN ('active', 'suspended')"),
    )
    op.create_index(
        "uq_mandate_offered",
        "mandate",
        ["delegate", "principal", "service"],
        unique=True,
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_table(
        "mandate_invitation",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("organisation_ref", sa.String(), nullable=True),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("label_sealed", sa.String(), nullable=True),
        sa.Column("contact_sealed", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("chased_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "channel IN ('link', 'facts', 'email', 'paper', 'own')",
            name=op.f("ck_mandate_invitation_channel"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_ref"],
            ["organisation.ref"],
            name=op.f("fk_mandate_invitation_organisation_ref"),
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_mandate_invitation")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_mandate_invitation_token_digest")),
    )
    op.create_index(
        "ix_mandate_invitation_organisation",
        "mandate_invitation",
        ["organisation_ref", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_mandate_invitation_batch", "mandate_invitation", ["batch", "waiting"], unique=False
    )
    op.create_table(
        "member_invitation",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("organisation_ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email_sealed", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_ref"],
            ["organisation.ref"],
            name=op.f("fk_member_invitation_organisation_ref"),
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_member_invitation")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_member_invitation_token_digest")),
    )
    op.create_index(
        "ix_member_invitation_organisation", "member_invitation", ["organisation_ref"], unique=False
    )
    op.create_table(
        "team",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("organisation_ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_ref"], ["organisation.ref"], name=op.f("fk_team_organisation_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_team")),
        sa.UniqueConstraint("organisation_ref", "name", name=op.f("uq_team_organisation_ref_name")),
    )
    op.create_table(
        "business_number",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number_index", sa.String(), nullable=False),
        sa.Column("business_ref", sa.String(), nullable=False),
        sa.Column("number_sealed", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('company', 'tax', 'vat')", name=op.f("ck_business_number_kind")
        ),
        sa.ForeignKeyConstraint(
            ["business_ref"], ["business.ref"], name=op.f("fk_business_number_business_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_business_number")),
        sa.UniqueConstraint(
            "business_ref", "kind", name=op.f("uq_business_number_business_ref_kind")
        ),
        sa.UniqueConstraint(
            "kind", "number_index", name=op.f("uq_business_number_kind_number_index")
        ),
    )
    op.create_table(
        "joint_signature",
        sa.Column("act_ref", sa.String(), nullable=False),
        sa.Column("delegate", sa.String(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["act_ref"], ["joint_act.ref"], name=op.f("fk_joint_signature_act_ref")
        ),
        sa.PrimaryKeyConstraint("act_ref", "delegate", name=op.f("pk_joint_signature")),
    )
    op.create_table(
        "mandate_assignment",
        sa.Column("mandate_ref", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=False),
        sa.Column("assigned_by", sa.String(), nullable=False),
        sa.Column("assigned_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mandate_ref"], ["mandate.ref"], name=op.f("fk_mandate_assignment_mandate_ref")
        ),
        sa.PrimaryKeyConstraint("mandate_ref", "assignee", name=op.f("pk_mandate_assignment")),
    )
    op.create_index(
        "ix_mandate_assignment_assignee",
        "mandate_assignment",
        ["assignee", "mandate_ref"],
        unique=False,
    )
    op.create_table(
        "member",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("organisation_ref", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("suspended_at", UtcDateTime(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_member_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_ref"], ["organisation.ref"], name=op.f("fk_member_organisation_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_member")),
    )
    op.create_index("ix_member_account", "member", ["account_ref"], unique=False)
    op.create_index("ix_member_organisation", "member", ["organisation_ref", "name"], unique=False)
    op.create_index(
        "uq_member_open",
        "member",
        ["organisation_ref", "account_ref"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "use_objection",
        sa.Column("entry_reference", sa.String(), nullable=False),
        sa.Column("mandate_ref", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("words_sealed", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer_sealed", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mandate_ref"], ["mandate.ref"], name=op.f("fk_use_objection_mandate_ref")
        ),
        sa.PrimaryKeyConstraint("entry_reference", name=op.f("pk_use_objection")),
    )
    op.create_index("ix_use_objection_mandate", "use_objection", ["mandate_ref"], unique=False)
    op.create_table(
        "machine_mandate",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("organisation_ref", sa.String(), nullable=False),
        sa.Column("member_ref", sa.String(), nullable=False),
        sa.Column("services", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.Column("agreed_at", UtcDateTime(), nullable=True),
        sa.Column("session_ref", sa.String(), nullable=True),
        sa.Column("vot", sa.String(), nullable=True),
        sa.Column("amr", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(agreed_at IS NULL) = (session_ref IS NULL)", name=op.f("ck_machine_mandate_agreed")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["member.ref"], name=op.f("fk_machine_mandate_asked_by")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_machine_mandate_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_ref"], ["member.ref"], name=op.f("fk_machine_mandate_member_ref")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_ref"],
            ["organisation.ref"],
            name=op.f("fk_machine_mandate_organisation_ref"),
        ),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["session.ref"], name=op.f("fk_machine_mandate_session_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_machine_mandate")),
    )
    op.create_index("ix_machine_mandate_client", "machine_mandate", ["client_id"], unique=False)
    op.create_index(
        "ix_machine_mandate_organisation", "machine_mandate", ["organisation_ref"], unique=False
    )
    op.create_table(
        "standard_agreement",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("organisation_ref", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("services", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_ref"],
            ["organisation.ref"],
            name=op.f("fk_standard_agreement_organisation_ref"),
        ),
        sa.ForeignKeyConstraint(
            ["signed_by"], ["member.ref"], name=op.f("fk_standard_agreement_signed_by")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_standard_agreement")),
    )
    op.create_index(
        "ix_standard_agreement_organisation",
        "standard_agreement",
        ["organisation_ref"],
        unique=False,
    )
    op.create_table(
        "team_member",
        sa.Column("team_ref", sa.String(), nullable=False),
        sa.Column("member_ref", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_ref"], ["member.ref"], name=op.f("fk_team_member_member_ref")
        ),
        sa.ForeignKeyConstraint(["team_ref"], ["team.ref"], name=op.f("fk_team_member_team_ref")),
        sa.PrimaryKeyConstraint("team_ref", "member_ref", name=op.f("pk_team_member")),
    )
    op.create_index("ix_team_member_member", "team_member", ["member_ref"], unique=False)
    op.add_column("authorization_code", sa.Column("dpop_jkt", sa.String(), nullable=True))
    op.add_column("client", sa.Column("organisation_ref", sa.String(), nullable=True))
    op.add_column("client", sa.Column("acts_at", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "client",
        sa.Column("dpop_bound", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
    )
    op.add_column(
        "session",
        sa.Column("unattended", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
    )
    op.add_column("journey", sa.Column("purpose", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("organisation_ref", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("member_ref", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("software", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("purpose", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("joint_act_ref", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("actor_grant_ref", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("machine_ref", sa.String(), nullable=True))
    op.add_column("oauth_grant", sa.Column("details", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("oauth_grant", sa.Column("dpop_jkt", sa.String(), nullable=True))
