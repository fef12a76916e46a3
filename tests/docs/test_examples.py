"""Every example in the documents is one: tokens, registrations, policies, programs."""

import ast
import json
import re
import shutil
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from idp.assurance.policy import load_policies
from idp.assurance.powers_file import ServicePowersEntry
from idp.assurance.risk_file import RiskFile
from idp.callers.registration import read as registration
from idp.demo import views
from idp.demo.world import new_key
from idp.policy.files import packaged_directory
from idp.proofing.checkers import load_checkers
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, read
from tests.docs.story import Sandbox, told

ALL = [block for document in DOCUMENTS for block in blocks(document)]
# What differs each time: compared by its kind only. All else must be as written.
VARIES = {
    "sub", "iat", "exp", "auth_time", "nonce", "sid", "at_hash", "jti", "gid", "id", "reference",
    "updated_at", "national_insurance_number", "error_description",
}  # fmt: skip


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language]


@pytest.fixture(scope="module")
def answers(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return told(sandbox)


@pytest.mark.parametrize("block", of("json"), ids=lambda block: block.label or block.where)
def test_an_example_of_what_a_service_is_told_is_what_it_is_told(
    block: Block, answers: dict[str, dict[str, Any]]
) -> None:
    assert shape(json.loads(block.text)) == shape(answers[block.label]), block.where


def test_there_is_an_example_of_each_thing_a_service_is_told(answers: dict[str, Any]) -> None:
    assert {block.label for block in of("json")} == set(answers)


def test_a_refusal_reads_as_it_is_shown(answers: dict[str, dict[str, Any]]) -> None:
    (shown,) = [json.loads(b.text) for b in of("json") if b.label == "tax ended userinfo"]
    real = answers["tax ended userinfo"]
    assert without_reference(shown) == without_reference(real)


def test_examples_of_one_person_agree_with_one_another() -> None:
    shown = {block.label: json.loads(block.text) for block in of("json")}
    library, tax = shown["library id_token"], shown["tax userinfo"]
    acting = shown["tax acting id_token"]
    assert shown["library access_token"]["sub"] == library["sub"]
    assert len({library["sub"], tax["sub"], acting["sub"], acting["act"]["sub"]}) == 4


@pytest.mark.parametrize("block", of("toml"), ids=lambda block: block.where)
def test_an_example_of_a_file_is_accepted(block: Block, tmp_path: Path) -> None:
    if block.label == "service":
        shutil.copytree(packaged_directory(), tmp_path / "policies")
        with (tmp_path / "policies" / "services.toml").open("a") as file:
            file.write("\n" + block.text)
        policies = load_policies(tmp_path / "policies", date(2026, 12, 1))
        level = policies.assessment("bin-days", "report-missed-bin").level
        assert f"comes out at `{level}`" in read(block.document)
        return
    if block.label == "powers":
        (entry,) = tomllib.loads(block.text)["service"]
        assert ServicePowersEntry.model_validate(entry)
        return
    if block.label == "risk":
        assert RiskFile.model_validate(tomllib.loads(block.text))
        return
    if block.label == "checkers":
        (tmp_path / "checkers.toml").write_text(block.text)
        assert load_checkers(tmp_path / "checkers.toml").checker
        return
    data = tomllib.loads(block.text)["service"]
    data["jwks"] = new_key("bin-days")[1]
    del data["jwks_file"]
    assert registration(data, block.label).client_id == Path(block.label).stem


@pytest.mark.parametrize("block", of("python"), ids=lambda block: block.where)
def test_an_example_program_is_a_program(block: Block) -> None:
    ast.parse(block.text)


def test_the_sample_is_the_one_that_the_sandbox_hands_out() -> None:
    (block,) = [block for block in of("python") if block.label == "sample"]
    handed_out, start = views.sample(
        "http://localhost:8000", "my-service", "http://localhost:5000/callback"
    )
    assert block.text == handed_out
    assert start


def test_the_thirty_lines_are_those_of_the_sandboxs_departments() -> None:
    (block,) = [block for block in of("python") if block.label == "acting"]
    assert block.text == (ROOT / "idp/demo/department_acting.py").read_text()


def shape(value: Any, name: str = "") -> Any:
    """A value with what differs each time replaced by its kind."""
    if isinstance(value, dict):
        return {key: shape(part, key) for key, part in value.items()}
    return type(value).__name__ if name in VARIES else value


def without_reference(body: dict[str, Any]) -> dict[str, Any]:
    return {name: re.sub(r"\b[0-9A-Z]{12}\b", "REFERENCE", value) for name, value in body.items()}
