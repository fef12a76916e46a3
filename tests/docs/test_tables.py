"""Every marked table of the documents says what the code says."""

import re
from dataclasses import MISSING, fields
from datetime import date

from idp.assurance.policy import load_policies
from idp.authentication import ending
from idp.authentication.rules import SESSION_IDLES, SESSION_LASTS
from idp.callers.authority import Bar
from idp.callers.dpop import Unproved
from idp.callers.registration import Registration
from idp.callers.rules import Dead
from idp.delegation.explaining import REASONS
from idp.demo.check import ROWS, STORIES
from idp.front import MOST_FIELDS
from idp.journal.checkpoints import Trust
from idp.keyring.rules import ANNOUNCE, RETIRING
from idp.oidc import issuing, rules
from idp.oidc.exchange_rules import ACCESS_TOKEN_TYPE, GRANT_TYPE, MANDATE_TYPE
from idp.oidc.exchanging import CODES
from idp.oidc.metadata import metadata
from idp.policy.files import packaged_directory
from idp.routes import DOORS, FORM_LIMIT
from idp.settings import Settings, load
from idp.signin.rules import OFFERED
from tests.docs.documents import ROOT, blocks, codes, named, read, table

SERVICE = named("service-developer.md")
OPERATOR = named("operator.md")
WORDS = {5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven",
         12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen"}  # fmt: skip
RISK = named("risk-owner.md")
INTERMEDIARY = named("intermediary.md")


def test_the_rows_said_to_work_are_those_that_the_sandbox_proves() -> None:
    readme = named("README.md")
    proved = sorted({row for _, _, rows in STORIES for row in rows})
    assert [row[0] for row in table(readme, "rows")] == [f"M{row}" for row in proved]
    assert f"has {len(ROWS)} rows; {WORDS[len(proved)]} of them work" in read(readme)


def test_every_setting_is_in_the_operators_table_with_its_default() -> None:
    rows = {codes(row[0])[0]: row for row in table(OPERATOR, "settings")}
    assert set(rows) == {f"IDP_{field.name.upper()}" for field in fields(Settings)}
    for field in fields(Settings):
        default = rows[f"IDP_{field.name.upper()}"][2]
        if isinstance(field.default, bool):
            assert codes(default) == [str(field.default).lower()], field.name
        elif field.default is not MISSING and isinstance(field.default, int | str):
            assert codes(default) == [str(field.default)], field.name


def test_what_the_operators_table_says_is_used_when_nothing_is_set(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {codes(row[0])[0]: row[2] for row in table(OPERATOR, "settings")}
    settings = load({})
    assert codes(rows["IDP_ISSUER"]) == [settings.issuer]
    assert settings.database_url.startswith("sqlite:///")
    assert settings.data == tmp_path
    assert settings.keys == tmp_path / codes(rows["IDP_KEYS"])[0]
    assert settings.policies == packaged_directory().absolute()


def test_every_field_of_a_registration_is_in_the_table_with_its_default() -> None:
    rows = {codes(row[0])[0]: row for row in table(SERVICE, "fields")}
    assert set(rows) == set(Registration.model_fields)
    for name, field in Registration.model_fields.items():
        said = rows[name][2]
        if field.is_required():
            assert said == "needed", name
        elif isinstance(field.default, bool):
            assert codes(said) == [str(field.default).lower()], name
        elif isinstance(field.default, str):
            assert codes(said) == [field.default], name
        elif name == "scopes":
            assert codes(said) == field.default


def test_every_machine_door_and_no_other_is_in_the_table_of_addresses() -> None:
    said = {codes(row[0])[0] for row in table(SERVICE, "endpoints")}
    documents = {route.path for route in DOORS if "/.well-known/o" in route.path}
    doors = {route.path for route in DOORS} - documents
    assert said == doors | {"/authorize", "/end-session"}
    for path in documents:
        assert f"`{path}`" in read(SERVICE)


def test_a_sequence_picture_names_addresses_that_are_there_and_has_no_semicolon() -> None:
    """Mermaid ends a line at a semicolon: the rest of the sentence would not be drawn."""
    said = {codes(row[0])[0] for row in table(SERVICE, "endpoints")}
    (picture,) = [block for block in blocks(SERVICE) if block.language == "mermaid"]
    assert ";" not in picture.text
    assert set(re.findall(r"(?<= )/[a-z0-9/]+", picture.text)) <= said


def test_every_parameter_that_is_read_is_in_the_table() -> None:
    said = {name for row in table(SERVICE, "parameters") for name in codes(row[0])}
    wanted = {field.name for field in fields(rules.Wanted)}
    # These are made of `acr_values`, `vtr` and `claims`.
    made = {"acr", "acr_levels", "acr_essential", "acr_any", "sub"}
    expected = wanted - made | {"acr_values", "vtr", "resource", "authorization_details"}
    assert expected <= said
    by_authlib = {"client_id", "redirect_uri", "scope", "state", "nonce", "id_token_hint"}
    assert said == expected | by_authlib | {"code_challenge", "code_challenge_method"}


def test_the_values_of_a_parameter_are_those_that_are_known() -> None:
    rows = {codes(row[0])[0]: codes(row[1]) for row in table(SERVICE, "parameters")}
    assert set(rows["prompt"]) == rules.PROMPTS
    assert rows["response_mode"] == list(rules.RESPONSE_MODES)


def test_the_scopes_release_what_the_table_says() -> None:
    said = {codes(row[0])[0]: tuple(codes(row[1])) for row in table(SERVICE, "scopes")}
    assert said == dict(rules.SCOPES)


def test_every_reason_why_a_token_is_dead_is_explained() -> None:
    assert [codes(row[0])[0] for row in table(SERVICE, "reasons")] == [str(dead) for dead in Dead]


def test_every_way_in_which_a_key_is_not_proved_is_explained() -> None:
    assert [codes(row[0])[0] for row in table(SERVICE, "unproved")] == list(map(str, Unproved))


def test_everything_that_can_stop_an_actor_is_explained() -> None:
    assert [codes(row[0])[0] for row in table(SERVICE, "bars")] == [str(bar) for bar in Bar]


def test_every_error_that_is_explained_is_one_that_our_code_gives() -> None:
    files = [path for room in ("oidc", "signin") for path in (ROOT / "idp" / room).glob("*.py")]
    source = "".join(path.read_text() for path in files)
    for row in table(SERVICE, "errors"):
        for code in codes(row[0]):
            if code not in {"invalid_scope"}:
                assert f'"{code}"' in source, code


def test_the_metadata_promises_nothing_that_is_listed_as_refused(sandbox) -> None:
    offered = metadata(sandbox.house.services)
    assert offered["response_types_supported"] == ["code"]
    assert offered["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]
    assert "client_secret_jwt" not in offered["token_endpoint_auth_methods_supported"]
    assert offered["code_challenge_methods_supported"] == ["S256"]


def test_the_tiers_are_those_of_the_policy() -> None:
    folder = packaged_directory()
    levels = load_policies(folder, date(2026, 12, 1), fallback=folder).levels
    said = {int(row[0]): codes(row[1])[0] for row in table(RISK, "tiers")}
    assert said == {number: str(level) for number, level in levels.tiers.items()}
    for row in table(RISK, "tiers"):
        assert levels.tier_names[int(row[0])] == f"Tier {row[0]}: {row[2]}"


def test_the_methods_that_are_offered_are_the_ones_named() -> None:
    for method in OFFERED:
        assert f"`{method}`" in read(RISK)
    assert "offers seven" in read(RISK)
    assert len(OFFERED) == 7


def test_how_long_things_live_is_said_right() -> None:
    text = re.sub(r"\s+", " ", read(SERVICE))
    assert f"used once | {rules.CODE.seconds} seconds |" in text
    assert f"| {rules.ID_TOKEN.seconds // 60} minutes |" in text
    minutes, acting = rules.ACCESS_TOKEN.seconds // 60, rules.ACTING_TOKEN.seconds // 60
    assert f"| {minutes} minutes; {acting} when somebody acts for another |" in text
    assert f"{issuing.REFRESH_IDLE.days} days unused, a year in all" in text
    assert issuing.REFRESH_ABSOLUTE.days == 365
    assert f"works for {issuing.RETRY_WINDOW.seconds} more seconds" in text
    assert f"We try for {ending.LOGOUT_TRIED_FOR.days * 24} hours" in text
    idle, whole = SESSION_IDLES.seconds // 60, SESSION_LASTS.seconds // 3600
    assert f"{idle} minutes without use, {whole} hours in all" in text
    operator = re.sub(r"\s+", " ", read(OPERATOR))
    assert f"{whole} hours, {idle} minutes without use" in operator
    assert ANNOUNCE.seconds == 3600
    assert "published for an hour before it signs" in operator
    assert f"published for {RETIRING.days} days more" in operator
    assert f"| form bodies | {FORM_LIMIT // 1024} kB |" in operator
    assert f"| fields in a request | {MOST_FIELDS} |" in operator
    assert Trust.OLD_KEY  # `verify` goes on believing what a turned key signed


def test_every_reason_of_a_refused_exchange_that_is_explained_is_one_that_is_given() -> None:
    source = read(ROOT / "idp" / "oidc" / "exchanging.py")
    given = {*map(str, [*REASONS, *Unproved]), *re.findall(r'"([a-z-]+)"', source)}
    for reason, error, _ in table(INTERMEDIARY, "exchange-reasons"):
        for name in codes(reason):
            assert name in given, name
            if name in set(Bar):
                assert codes(error) == [CODES.get(Bar(name), "invalid_request")], name
    said = {codes(row[0])[0]: codes(row[1]) for row in table(INTERMEDIARY, "exchange")}
    assert said["grant_type"] == [GRANT_TYPE]
    assert said["subject_token_type"] == [MANDATE_TYPE]
    assert said["actor_token_type"][0] == ACCESS_TOKEN_TYPE
