"""Settings are read once, every problem is named, and no secret reaches a served process."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from idp.settings import SANDBOX_SETTINGS, Settings, SettingsError, load


def good(folder: Path) -> Settings:
    return Settings(
        issuer="https://id.example.test",
        database_url="sqlite:///x",
        keys=folder / "keys",
        policies=folder / "policies",
        data=folder,
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"issuer": "http://id.example.test"}, "IDP_ISSUER"),
        ({"issuer": "https://id.example.test/"}, "IDP_ISSUER"),
        ({"issuer": "https://id.example.test/path"}, "IDP_ISSUER"),
        ({"issuer": "https://user@id.example.test"}, "IDP_ISSUER"),
        ({"issuer": "id.example.test"}, "IDP_ISSUER"),
        ({"private_hosts": ("127.0.0.1:1",)}, "IDP_PRIVATE_HOSTS"),
        ({"threads": 3, "hash_slots": 1}, "IDP_THREADS"),
        ({"threads": 6, "hash_slots": 5}, "IDP_HASH_SLOTS"),
        ({"workers": 0}, "IDP_WORKERS"),
    ],
)
def test_what_would_be_unsafe_or_broken_is_named(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    assert good(tmp_path).problems() == []
    problems = replace(good(tmp_path), **change).problems()  # type: ignore[arg-type]
    assert any(named in problem for problem in problems), problems


def test_http_is_for_this_machine_or_a_sandbox(tmp_path: Path) -> None:
    assert replace(good(tmp_path), issuer="http://localhost:8000").problems() == []
    assert replace(good(tmp_path), issuer="http://x.test", sandbox=True).problems() == []


def test_every_wrong_value_is_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as failure:
        load({"IDP_DATA": str(tmp_path), "IDP_PORT": "eighty", "IDP_SANDBOX": "maybe"})
    assert "IDP_PORT" in str(failure.value)
    assert "IDP_SANDBOX" in str(failure.value)


def test_what_is_given_for_this_run_counts_more_than_what_a_sandbox_keeps(tmp_path: Path) -> None:
    kept = replace(good(tmp_path), issuer="http://localhost:1", sandbox=True, port=1)
    kept.write(tmp_path / SANDBOX_SETTINGS)
    assert load({"IDP_DATA": str(tmp_path)}).port == 1
    assert load({"IDP_DATA": str(tmp_path), "IDP_PORT": "2"}).port == 2


def test_a_database_that_is_named_is_never_passed_over_for_a_sandbox(tmp_path: Path) -> None:
    replace(good(tmp_path), sandbox=True).write(tmp_path / SANDBOX_SETTINGS)
    named = load({"IDP_DATA": str(tmp_path), "DATABASE_URL": "sqlite:////other"})
    assert named.database_url == "sqlite:////other"
    assert not named.sandbox


def test_pgpassword_travels_in_the_settings_file_not_in_the_environment(tmp_path: Path) -> None:
    given = {
        "IDP_DATA": str(tmp_path),
        "DATABASE_URL": "postgresql://idp@db.example/idp",
        "PGPASSWORD": "s3cret",
    }
    assert load(given).database_url == "postgresql://idp:s3cret@db.example/idp"
    path = tmp_path / "settings.json"
    load(given).write(path)
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())["issuer"] == "http://localhost:8000"
