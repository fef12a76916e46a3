"""The first storey: people, accounts, clients, grants, mandates, journal"""

import sqlalchemy as sa
from alembic import op

from idp.storage import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The first storey: people, accounts, clients, grants, mandates, journal"""
    if op.get_bind().dialect.name == "postgresql":
        # SQLite connections bring their own idp_now(); see idp.storage.columns.db_now.
        op.execute(
            "CREATE FUNCTION idp_now() RETURNS timestamptz LANGUAGE sql STABLE AS "
            "$$ SELECT now() $$"
        )
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_name", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("token_endpoint_auth_method", sa.String(), nullable=False),
        sa.Column("secret_digest", sa.String(), nullable=True),
        sa.Column("jwks", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("jwks_uri", sa.String(), nullable=True),
        sa.Column("redirect_uris", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("post_logout_redirect_uris", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("grant_types", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("pkce", sa.String(), nullable=False),
        sa.Column("id_token_signed_response_alg", sa.String(), nullable=False),
        sa.Column("backchannel_logout_uri", sa.String(), nullable=True),
        sa.Column("delegation_aware", sa.Boolean(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("pkce IN ('required', 'optional')", name=op.f("ck_client_pkce")),
        sa.CheckConstraint("profile IN ('oidc', 'fapi2')", name=op.f("ck_client_profile")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_table(
        "disclosure",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_disclosure")),
    )
    op.create_index("ix_disclosure_expires", "disclosure", ["expires_at"], unique=False)
    op.create_table(
        "journal_checkpoint",
        sa.Column(
            "size",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("root_hash", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("signed", sa.String(), nullable=False),
        sa.Column("frontier", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_journal_checkpoint")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("mandate_ref", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("person", "number", name=op.f("uq_journal_entry_person_number")),
        sa.UniqueConstraint("reference", name=op.f("uq_journal_entry_reference")),
    )
    op.create_index(
        "ix_journal_entry_mandate", "journal_entry", ["mandate_ref", "id"], unique=False
    )
    op.create_table(
        "journal_number",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_journal_number")),
    )
    op.create_table(
        "journal_sealer",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("swept_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_id", sa.BigInteger(), nullable=False),
        sa.Column("writers", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_journal_sealer_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_sealer")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_due", "outbox", ["done_at", "due_at"], unique=False)
    op.create_table(
        "parked_request",
        sa.Column("id_digest", sa.String(), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id_digest", name=op.f("pk_parked_request")),
    )
    op.create_index("ix_parked_request_expires", "parked_request", ["expires_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("address", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_person")),
    )
    op.create_table(
        "spent_assertion",
        sa.Column("jti_digest", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("jti_digest", name=op.f("pk_spent_assertion")),
    )
    op.create_index("ix_spent_assertion_expires", "spent_assertion", ["expires_at"], unique=False)
    op.create_table(
        "subject",
        sa.Column("sub", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('self', 'actor')", name=op.f("ck_subject_kind")),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_subject")),
        sa.UniqueConstraint("sector", "kind", "holder", name=op.f("uq_subject_sector_kind_holder")),
    )
    op.create_table(
        "throttle",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("arrival", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_throttle")),
    )
    op.create_table(
        "account",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("sign_in_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("person_ref", sa.String(), nullable=True),
        sa.Column("identity_level", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "identity_level = 0 OR person_ref IS NOT NULL", name=op.f("ck_account_proved_person")
        ),
        sa.CheckConstraint(
            "identity_level BETWEEN 0 AND 3", name=op.f("ck_account_identity_level")
        ),
        sa.ForeignKeyConstraint(["person_ref"], ["person.ref"], name=op.f("fk_account_person_ref")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_account")),
        sa.UniqueConstraint("person_ref", name=op.f("uq_account_person_ref")),
        sa.UniqueConstraint("sign_in_name", name=op.f("uq_account_sign_in_name")),
    )
    op.create_table(
        "journal_leaf",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leaf_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["journal_entry.id"], name=op.f("fk_journal_leaf_entry_id")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_journal_leaf")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_journal_leaf_entry_id")),
    )
    op.create_table(
        "mandate",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("delegate", sa.String(), nullable=False),
        sa.Column("services", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("grant_identity", sa.Integer(), nullable=False),
        sa.Column("grant_sign_in", sa.Integer(), nullable=False),
        sa.Column("starts", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.Column("ended_reference", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("principal <> delegate", name=op.f("ck_mandate_two_parties")),
        sa.CheckConstraint("starts < expires", name=op.f("ck_mandate_term_order")),
        sa.ForeignKeyConstraint(["delegate"], ["person.ref"], name=op.f("fk_mandate_delegate")),
        sa.ForeignKeyConstraint(["principal"], ["person.ref"], name=op.f("fk_mandate_principal")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_mandate")),
    )
    op.create_index("ix_mandate_delegate", "mandate", ["delegate"], unique=False)
    op.create_index("ix_mandate_principal", "mandate", ["principal"], unique=False)
    op.create_table(
        "person_number",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("person_ref", sa.String(), nullable=False),
        sa.Column("number_index", sa.String(), nullable=False),
        sa.Column("number_sealed", sa.String(), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("valid_to", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_person_number_term_order")
        ),
        sa.ForeignKeyConstraint(
            ["person_ref"], ["person.ref"], name=op.f("fk_person_number_person_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_person_number")),
    )
    op.create_index(
        "uq_person_number_open",
        "person_number",
        ["number_index"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(
        "uq_person_number_person",
        "person_number",
        ["person_ref"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "resource",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_resource_client_id")
        ),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_resource")),
    )
    op.create_table(
        "consent",
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_consent_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_consent_client_id")
        ),
        sa.PrimaryKeyConstraint("account_ref", "client_id", name=op.f("pk_consent")),
    )
    op.create_table(
        "journey",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("browser_digest", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=True),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("consented", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_journey_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_journey_client_id")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_journey")),
    )
    op.create_index("ix_journey_expires", "journey", ["expires_at"], unique=False)
    op.create_table(
        "one_time_code",
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("seed_sealed", sa.String(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_one_time_code_account_ref")
        ),
        sa.PrimaryKeyConstraint("account_ref", name=op.f("pk_one_time_code")),
    )
    op.create_table(
        "password",
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_password_account_ref")
        ),
        sa.PrimaryKeyConstraint("account_ref", name=op.f("pk_password")),
    )
    op.create_table(
        "session",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("secret_digest", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("proofs", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_session_account_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_session")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_session_secret_digest")),
    )
    op.create_index("ix_session_account", "session", ["account_ref"], unique=False)
    op.create_table(
        "client_session",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("session_ref", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("mandate_key", sa.String(), nullable=False),
        sa.Column("sub", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_client_session_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["session.ref"], name=op.f("fk_client_session_session_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_client_session")),
        sa.UniqueConstraint(
            "session_ref",
            "client_id",
            "mandate_key",
            name=op.f("uq_client_session_session_ref_client_id_mandate_key"),
        ),
    )
    op.create_table(
        "oauth_grant",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("account_ref", sa.String(), nullable=False),
        sa.Column("session_ref", sa.String(), nullable=False),
        sa.Column("client_session_ref", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("sub", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("act_sub", sa.String(), nullable=True),
        sa.Column("mandate_ref", sa.String(), nullable=True),
        sa.Column("resource", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("claims", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("acr", sa.String(), nullable=False),
        sa.Column("vot", sa.String(), nullable=False),
        sa.Column("amr", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(mandate_ref IS NULL) = (actor IS NULL)", name=op.f("ck_oauth_grant_acting")
        ),
        sa.ForeignKeyConstraint(
            ["account_ref"], ["account.ref"], name=op.f("fk_oauth_grant_account_ref")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_oauth_grant_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["client_session_ref"],
            ["client_session.ref"],
            name=op.f("fk_oauth_grant_client_session_ref"),
        ),
        sa.ForeignKeyConstraint(
            ["mandate_ref"], ["mandate.ref"], name=op.f("fk_oauth_grant_mandate_ref")
        ),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["session.ref"], name=op.f("fk_oauth_grant_session_ref")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_oauth_grant")),
    )
    op.create_index("ix_oauth_grant_mandate", "oauth_grant", ["mandate_ref"], unique=False)
    op.create_index("ix_oauth_grant_session", "oauth_grant", ["session_ref"], unique=False)
    op.create_table(
        "authorization_code",
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("grant_ref", sa.String(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("redirect_uri_sent", sa.Boolean(), nullable=False),
        sa.Column("code_challenge", sa.String(), nullable=True),
        sa.Column("nonce", sa.String(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_ref"], ["oauth_grant.ref"], name=op.f("fk_authorization_code_grant_ref")
        ),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_authorization_code")),
    )
    op.create_index(
        "ix_authorization_code_expires", "authorization_code", ["expires_at"], unique=False
    )
    op.create_table(
        "refresh_token",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("grant_ref", sa.String(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("idle_until", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("superseded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_ref"], ["oauth_grant.ref"], name=op.f("fk_refresh_token_grant_ref")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_refresh_token")),
    )
    op.create_index("ix_refresh_token_expires", "refresh_token", ["expires_at"], unique=False)
    op.create_index("ix_refresh_token_grant", "refresh_token", ["grant_ref"], unique=False)
