"""Settings are read once, every problem is named, and no secret reaches a served process."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from idp.house import hide_secrets
from idp.serving import SECRET_VARIABLES, environment_for
from idp.settings import SANDBOX_SETTINGS, SETTINGS_FILE, Settings, SettingsError, load

MAIL: dict[str, object] = {
    "smtp_host": "mail.example.test",
    "mail_from": "Gatehouse <no-reply@id.example.test>",
}


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
        ({"text_driver": "pigeon"}, "IDP_TEXT_DRIVER"),
        (MAIL | {"smtp_security": "ssl"}, "IDP_SMTP_SECURITY"),
        (MAIL | {"smtp_security": "none"}, "IDP_SMTP_SECURITY"),
        (MAIL | {"smtp_port": 0}, "IDP_SMTP_PORT"),
        (MAIL | {"smtp_user": "me"}, "IDP_SMTP_PASSWORD"),
        (MAIL | {"smtp_password": "s3cret"}, "IDP_SMTP_USER"),
        (MAIL | {"smtp_ca": Path("/nowhere.pem")}, "IDP_SMTP_CA"),
        ({"networks": Path("/nowhere.tsv")}, "IDP_NETWORKS"),
        (MAIL | {"mail_from": None}, "IDP_MAIL_FROM"),
        (MAIL | {"mail_from": "Gatehouse"}, "IDP_MAIL_FROM"),
        (MAIL | {"mail_from": "Gate\r\nBcc: x@y.test <a@b.test>"}, "IDP_MAIL_FROM"),
    ],
)
def test_what_would_be_unsafe_or_broken_is_named(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    assert good(tmp_path).problems() == []
    problems = replace(good(tmp_path), **change).problems()  # type: ignore[arg-type]
    assert any(named in problem for problem in problems), problems


def test_a_mail_server_elsewhere_is_spoken_to_in_secret_one_here_as_it_likes(
    tmp_path: Path,
) -> None:
    elsewhere = replace(good(tmp_path), **MAIL)  # type: ignore[arg-type]
    assert (elsewhere.problems(), elsewhere.smtp_security) == ([], "starttls")
    for here in ("localhost", "127.0.0.1"):
        assert replace(elsewhere, smtp_host=here, smtp_security="none").problems() == []


def test_the_mail_servers_password_travels_in_the_settings_file_only(tmp_path: Path) -> None:
    given = {"IDP_DATA": str(tmp_path), "IDP_SMTP_HOST": "localhost", "IDP_SMTP_USER": "me",
             "IDP_SMTP_PASSWORD": "s3cret", "IDP_MAIL_FROM": "a@b.test"}  # fmt: skip
    settings = load(given)
    assert settings.smtp_password == "s3cret"
    assert "s3cret" not in repr(settings)


def test_what_is_secret_is_in_the_environment_of_no_process_that_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in SECRET_VARIABLES:
        monkeypatch.setenv(name, "s3cret")
    given = environment_for(good(tmp_path))
    hide_secrets()
    for environ in (given, os.environ):
        assert "s3cret" not in environ.values()
    shutil.rmtree(Path(given[SETTINGS_FILE]).parent)


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
