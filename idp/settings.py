"""Everything an installation decides, read once at start into one frozen object."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

SETTINGS_FILE = "IDP_SETTINGS_FILE"
SANDBOX_DATA = "gatehouse-demo"
SANDBOX_SETTINGS = "gatehouse.json"
WHOLE_NUMBERS = frozenset(
    {"port", "operators_port", "workers", "threads", "hash_slots", "proxies", "smtp_port"}
)
# One address, with a name before it or without. ASCII: it must pass any mail server.
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_SENDER = re.compile(rf"{_ADDRESS}|[^<>@,;:\"\\\n\r]+ <{_ADDRESS}>")
TEXT_DRIVERS = frozenset({"console"})


class SettingsError(Exception):
    """Settings that cannot be used; the message names each one and says what to write."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this installation runs. Paths are absolute; sizes and times carry their unit."""

    issuer: str
    database_url: str
    keys: Path
    policies: Path
    data: Path
    port: int = 8000
    host: str = "127.0.0.1"
    operators_port: int = 8900
    workers: int = 2
    threads: int = 6
    hash_slots: int = 1
    sandbox: bool = False
    proxies: int = 0  # how many proxies of ours stand in front and add X-Forwarded-For
    private_hosts: tuple[str, ...] = ()  # sandbox only: HOST:PORT we may call, over http too
    ca_bundle: Path | None = None
    checkers: Path | None = None  # a TOML file of outside checkers of documents (docs/checker.md)
    networks: Path | None = None  # a table of addresses, networks, countries (docs/operator.md)
    attack_addresses: Path | None = None  # addresses that attacks came from, and how likely
    console_origin: str | None = None  # where officers reach the console; None: this machine
    smtp_host: str | None = None  # the mail server; without one, nothing is sent by e-mail
    smtp_port: int = 587
    smtp_security: str = "starttls"  # "none", "starttls" or "tls"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_ca: Path | None = None  # certificates to trust for it; None: the system's
    mail_from: str | None = None
    text_driver: str | None = None  # "console"; without one, nothing is sent by text message

    @property
    def console_address(self) -> str:
        """Answer the origin of the officers' console: as set, else this machine's own port."""
        return self.console_origin or f"http://localhost:{self.operators_port}"

    @property
    def secure(self) -> bool:
        """Say whether browsers reach us over TLS."""
        return self.issuer.startswith("https://")

    @property
    def issuer_host(self) -> str:
        """Answer the one `Host` we answer to."""
        return urlsplit(self.issuer).netloc

    @property
    def checkpoint_file(self) -> Path:
        """Answer where journal checkpoints are kept, outside the database."""
        return self.data / "journal-checkpoints.jsonl"

    def problems(self) -> list[str]:
        """List, in sentences, everything that would make this installation unsafe or broken."""
        return list(_problems(self))

    def write(self, path: Path) -> None:
        """Write the settings for the worker processes, readable by the owner only."""
        plain = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in asdict(self).items()
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            json.dump(plain, handle)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings: from the file a parent process wrote, else from the environment.

    `DATABASE_URL` or `IDP_DATABASE_URL`, and `IDP_` before each name in capitals
    (`IDP_ISSUER`, `IDP_KEYS`, ...). Raises `SettingsError` naming every problem at once.
    """
    environ = os.environ if environ is None else environ
    written = environ.get(SETTINGS_FILE)
    kept = None if written else _kept(environ)
    if written:
        values = json.loads(Path(written).read_text())
    elif kept:  # what is given for this run counts more than what the sandbox keeps
        values = {**json.loads(Path(kept).read_text()), **_given(environ)}
    else:
        values = _from_environment(environ)
    settings = Settings(**_typed(values))
    problems = settings.problems()
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _kept(environ: Mapping[str, str]) -> str | None:
    """Find the settings a sandbox keeps in its data folder, unless others were given."""
    if "DATABASE_URL" in environ or "IDP_DATABASE_URL" in environ:
        return None
    path = Path(environ.get("IDP_DATA", SANDBOX_DATA)) / SANDBOX_SETTINGS
    return str(path) if path.is_file() else None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    from idp.policy.files import policies_directory

    data = Path(environ.get("IDP_DATA", ".")).absolute()
    values: dict[str, Any] = {
        "issuer": "http://localhost:8000",
        "database_url": environ.get("DATABASE_URL", f"sqlite:///{data / 'gatehouse.sqlite3'}"),
        "keys": str(data / "keys"),
        "data": str(data),
    }
    values |= _given(environ)
    values.setdefault("policies", str(policies_directory(None)))
    values["database_url"] = _with_password(values["database_url"], environ)
    return values


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    named = {field.name: environ.get(f"IDP_{field.name.upper()}") for field in fields(Settings)}
    return {name: value for name, value in named.items() if value is not None and name != "data"}


def _with_password(url: str, environ: Mapping[str, str]) -> str:
    """Put `PGPASSWORD` into an address without a password: the environment of the processes
    that serve holds no secret, so they would not find it there."""
    password = environ.get("PGPASSWORD")
    if not password or not url.startswith("postgres"):
        return url
    parsed = make_url(url)
    if parsed.password is not None or not parsed.username:
        return url
    return parsed.set(password=password).render_as_string(hide_password=False)


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in values.items():
        try:
            typed[name] = _read(name, value)
        except ValueError as problem:
            problems.append(f"IDP_{name.upper()}: {problem}")
    if problems:
        raise SettingsError("\n".join(problems))
    return typed


def _read(name: str, value: Any) -> Any:
    if name in {"keys", "policies", "data"}:
        return Path(value).absolute()
    if name in {"ca_bundle", "smtp_ca", "checkers", "networks", "attack_addresses"}:
        return Path(value).absolute() if value else None
    if name == "private_hosts":
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(part.strip() for part in parts if part.strip())
    if name == "sandbox" and isinstance(value, str):
        if value.lower() not in {"true", "false", "1", "0"}:
            raise ValueError("write true or false")
        return value.lower() in {"true", "1"}
    if name in WHOLE_NUMBERS:
        try:
            return int(value)
        except ValueError:
            raise ValueError("a whole number is needed") from None
    return value


def _problems(settings: Settings) -> list[str]:
    found = []
    parts = urlsplit(settings.issuer)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        found.append("IDP_ISSUER: an address like https://id.example.gov is needed")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        found.append("IDP_ISSUER: leave out everything after the host name")
    if settings.issuer.endswith("/"):
        found.append("IDP_ISSUER: leave out the slash at the end")
    if parts.scheme == "http" and not settings.sandbox and parts.hostname != "localhost":
        found.append("IDP_ISSUER: http is for this machine or a sandbox only; use https")
    found += _console_problems(settings)
    found += _mail_problems(settings)
    if (settings.private_hosts or settings.ca_bundle) and not settings.sandbox:
        found.append("IDP_PRIVATE_HOSTS and IDP_CA_BUNDLE are for a sandbox only")
    if settings.networks is not None and not settings.networks.is_file():
        found.append("IDP_NETWORKS: there is no such file")
    if settings.attack_addresses is not None and not settings.attack_addresses.is_file():
        found.append("IDP_ATTACK_ADDRESSES: there is no such file")
    if settings.threads < 4:
        found.append("IDP_THREADS: at least 4 are needed, or password checks starve the rest")
    if not 1 <= settings.hash_slots <= settings.threads - 2:
        found.append("IDP_HASH_SLOTS: from 1 to IDP_THREADS minus 2")
    if settings.workers < 1:
        found.append("IDP_WORKERS: at least 1")
    return found


def _console_problems(settings: Settings) -> list[str]:
    # A browser lends a security key to https, and to this very machine, only.
    parts = urlsplit(settings.console_address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        return ["IDP_CONSOLE_ORIGIN: an address like https://console.example.gov is needed"]
    if parts.path or parts.query or parts.fragment:
        return ["IDP_CONSOLE_ORIGIN: leave out everything after the host name"]
    if parts.scheme == "http" and parts.hostname != "localhost":
        return ["IDP_CONSOLE_ORIGIN: http is for this machine (localhost) only; use https"]
    return []


def _mail_problems(settings: Settings) -> list[str]:
    found = []
    if settings.text_driver and settings.text_driver not in TEXT_DRIVERS:
        found.append("IDP_TEXT_DRIVER: write console, or leave it out")
    if not settings.smtp_host:
        return found
    if settings.smtp_security not in {"none", "starttls", "tls"}:
        found.append("IDP_SMTP_SECURITY: write starttls, tls or none")
    # Codes and passwords would cross the network for everybody to read.
    here = settings.smtp_host in {"localhost", "127.0.0.1", "::1"}
    if settings.smtp_security == "none" and not here:
        found.append("IDP_SMTP_SECURITY: none is for a mail server on this machine only")
    if not 1 <= settings.smtp_port <= 65535:
        found.append("IDP_SMTP_PORT: from 1 to 65535")
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        found.append("IDP_SMTP_USER and IDP_SMTP_PASSWORD: give both or neither")
    if settings.smtp_ca is not None and not settings.smtp_ca.is_file():
        found.append("IDP_SMTP_CA: there is no such file")
    if not _SENDER.fullmatch(settings.mail_from or ""):
        found.append("IDP_MAIL_FROM: an address like Gatehouse <no-reply@id.example.gov> is needed")
    return found
