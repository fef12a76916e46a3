"""`idp demo`: the whole house on this machine, with people and departments to try it with."""

import json
import os
import shutil
import signal
import socket
import sys
import time
from dataclasses import asdict
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path

import click

from idp.authentication.actions import code_at
from idp.demo import checker, newcomers, organisations, world
from idp.house import open_house
from idp.keyring import ring
from idp.policy.files import packaged_directory, policies_directory
from idp.serving import Part, Supervisor, environment_for, parts_of
from idp.settings import SANDBOX_DATA, SANDBOX_SETTINGS, SETTINGS_FILE, Settings
from idp.storage.clock import Clock
from idp.storage.migrate import migrate

READY_SECONDS = 60.0
FOLDER = click.Path(file_okay=False, path_type=Path)
OPERATORS_AWAY = 900  # the operators' listener is this many ports above the public one
MAILBOX_AWAY, SMTP_AWAY, CHECKER_AWAY = 3, 4, 5
CHECKERS_FILE = "checkers.toml"
NEIGHBOURS = 7  # how many neighbouring ports a sandbox needs, the public one first


@click.group(invoke_without_command=True)
@click.option("--port", type=click.IntRange(1024, 64000), default=8000, show_default=True)
@click.option("--data", type=FOLDER, help="Its own folder. Else ./gatehouse-demo")
@click.option("--policies", type=FOLDER, help="Else ./policies, else a copy in the data folder.")
@click.option("--issuer", help="Address people reach it by. Else http://localhost:PORT")
@click.option("--reset", is_flag=True, help="Start over: throw away what it made before.")
@click.option("--check", is_flag=True, help="Prove the main journeys against itself, and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object once ready.")
@click.pass_context
def demo(
    context: click.Context,
    port: int,
    data: Path | None,
    policies: Path | None,
    issuer: str | None,
    reset: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Run a sandbox: sample people, sample departments, made-up everything."""
    if context.invoked_subcommand is not None:
        return
    # Until the supervisor listens: a start that is told to stop must take its processes along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if check:
        from idp.demo.check import run_check

        sys.exit(run_check(policies_directory(policies)))
    folder = (data or Path(os.environ.get("IDP_DATA", SANDBOX_DATA))).absolute()
    if reset:
        clear(folder)
    settings = prepare(folder, port, issuer, policies)
    sandbox = Sandbox(settings)
    try:
        sandbox.start()
        click.echo(facts_json(settings) if as_json else greeting(settings))
        sys.stdout.flush()
        sandbox.supervisor.run()
    finally:
        sandbox.stop()
    click.echo(f"Stopped. What it made stays in {folder}", err=True)


@demo.command()
@click.argument("email")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path))
def code(email: str, data: Path | None) -> None:
    """Print the one-time code that EMAIL's app would show now."""
    folder = (data or Path(os.environ.get("IDP_DATA", SANDBOX_DATA))).absolute()
    if not (folder / world.PEOPLE_FILE).exists():
        raise click.ClickException(f"no sandbox in {folder}; run: idp demo")
    for person in world.people(folder):
        if person.email == email.lower():
            click.echo(code_at(person.totp_secret, int(time.time()) // 30))
            return
    known = ", ".join(person.email for person in world.people(folder))
    raise click.ClickException(f"nobody here has {email}; there are: {known}")


@demo.command("traffic")
@click.option("--data", type=FOLDER, default=Path("gatehouse-traffic"), show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same visits.")
@click.option("--visits", type=click.IntRange(1, 100_000), default=2_000, show_default=True)
def send_traffic(data: Path, seed: int, visits: int) -> None:
    """Send made-up people to made-up services for four weeks, and review them.

    It makes a folder of its own; nothing of a sandbox or an installation is touched.
    """
    from idp.demo import traffic

    folder = data.absolute()
    if folder.exists() and any(folder.iterdir()):
        raise click.ClickException(f"{folder} is not empty; name another with --data")
    with click.progressbar(length=visits, label="Visits", file=sys.stderr) as bar:
        traffic.simulate(
            folder, seed=seed, visits=visits, progress=lambda done, _: bar.update(done - bar.pos)
        )
    click.echo(f"Now try: idp --data {data} policy review --out review.html")


class Sandbox:
    """The processes of a sandbox: the house, the departments, the post office, a checker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environ = environment_for(settings)
        self.services = world.services(settings.port)
        departments = [self._department(service) for service in self.services]
        beside = [*departments, self._post(), self._checker()]
        self.supervisor = Supervisor([*parts_of(settings), *beside], self.environ)

    def start(self) -> None:
        """Start everything and wait until all of it answers. Raises if it does not."""
        for away in range(NEIGHBOURS):
            refuse_taken(self.settings.port + away)
        self.supervisor.start()
        try:
            wait_for(self.settings.port, "/jwks", self.settings.issuer_host, self.supervisor)
            for service in self.services:
                wait_for(service.port, "/healthz", f"{service.host_name}:{service.port}",
                         self.supervisor)  # fmt: skip
            mailbox = self.settings.port + MAILBOX_AWAY
            wait_for(mailbox, "/healthz", f"localhost:{mailbox}", self.supervisor)
            checked = self.settings.port + CHECKER_AWAY
            wait_for(checked, "/jwks", f"localhost:{checked}", self.supervisor)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every process and remove the file with the settings."""
        self.supervisor.stop()
        shutil.rmtree(Path(self.environ[SETTINGS_FILE]).parent, ignore_errors=True)

    def _post(self) -> Part:
        port = self.settings.port
        command = [
            sys.executable, "-m", "idp.demo.post", "--port", str(port + MAILBOX_AWAY),
            "--smtp-port", str(port + SMTP_AWAY), "--data", str(self.settings.data),
        ]  # fmt: skip
        return Part(name="post office", command=command)

    def _checker(self) -> Part:
        port = str(self.settings.port + CHECKER_AWAY)
        command = [sys.executable, "-m", "idp.demo.checker", "--port", port]
        return Part(name="checker", command=[*command, "--issuer", self.settings.issuer])

    def _department(self, service: world.SampleService) -> Part:
        command = [
            sys.executable, "-m", "idp.demo.department", "--name", service.name,
            "--client-id", service.client_id, "--issuer", self.settings.issuer,
            "--port", str(service.port), "--host-name", service.host_name,
            "--key", str(world.department_key(self.settings.data, service.client_id)),
            "--scope", " ".join(service.scopes),
        ]  # fmt: skip
        command += [f"--does={power}={words}" for power, words in service.does.items()]
        if service.delegation:
            command.append("--delegation")
        return Part(name=service.name, command=command)


def prepare(folder: Path, port: int, issuer: str | None, policies: Path | None) -> Settings:
    """Make everything a sandbox needs in its folder, and answer its settings."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = Settings(
        issuer=(issuer or f"http://localhost:{port}").rstrip("/"),
        database_url=os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'gatehouse.sqlite3'}"),
        keys=folder / "keys",
        policies=find_policies(folder, policies),
        data=folder,
        port=port,
        operators_port=port + OPERATORS_AWAY,
        sandbox=True,
        private_hosts=(
            *(f"127.0.0.1:{service.port}" for service in world.services(port)),
            f"localhost:{port + CHECKER_AWAY}",
        ),
        smtp_host="127.0.0.1",
        smtp_port=port + SMTP_AWAY,
        smtp_security="none",
        mail_from="Gatehouse <no-reply@gatehouse.example>",
        text_driver="console",
        checkers=folder / CHECKERS_FILE,
    )
    (folder / CHECKERS_FILE).write_text(checker.settings_file(port + CHECKER_AWAY))
    problems = settings.problems()
    if problems:
        raise click.ClickException("\n".join(problems))
    migrate(settings.database_url)
    ring.prepare(settings.keys, Clock().now())
    settings.write(folder / SANDBOX_SETTINGS)
    house = open_house(settings)
    try:
        world.build(house, folder, port)
        newcomers.build(house, folder)
    finally:
        house.database.close()
    return settings


def find_policies(folder: Path, asked: Path | None) -> Path:
    """Answer the policies to run with: the ones given, else ./policies, else a copy of ours in
    the data folder, so that there is always a file to change and try."""
    if asked is not None or os.environ.get("IDP_POLICIES"):
        return policies_directory(asked).absolute()
    here = Path("policies")
    if (here / "services.toml").is_file():
        return here.absolute()
    copy = folder / "policies"
    if not copy.exists():
        shutil.copytree(packaged_directory(), copy)
    return copy


def clear(folder: Path) -> None:
    """Throw a sandbox away; a folder that is not one is left alone."""
    if not folder.exists():
        return
    if not (folder / SANDBOX_SETTINGS).exists() and any(folder.iterdir()):
        raise click.ClickException(f"{folder} is not a sandbox's folder; it is left as it is")
    shutil.rmtree(folder)


def facts_json(settings: Settings) -> str:
    """The sandbox as one JSON object, for programs."""
    people = [
        {name: value for name, value in asdict(person).items()
         if name in {"role", "email", "password", "totp_secret", "national_insurance_number"}}
        | {"name": person.name}
        for person in world.people(settings.data)
    ]  # fmt: skip
    listed = [
        {"client_id": service.client_id, "url": service.url}
        for service in world.services(settings.port)
    ]
    new = [asdict(one) | {"name": one.name} for one in newcomers.newcomers(settings.data)]
    return json.dumps(
        {"issuer": settings.issuer, "people": people, "newcomers": new, "services": listed,
         "organisations": organisations_of(settings), "mailbox": mailbox_address(settings),
         "console": settings.console_address, "policies": str(settings.policies),
         "data": str(settings.data)}
    )  # fmt: skip


def organisations_of(settings: Settings) -> list[dict[str, str]]:
    """The sandbox's organisations, each with the role of its member in the cast."""
    house = open_house(settings)
    try:
        refs = house.database.read(organisations.refs)
    finally:
        house.database.close()
    return [
        {"kind": one.kind, "name": one.name, "role": one.role, "ref": refs[one.kind],
         "url": f"{settings.issuer}/helping/organisations/{refs[one.kind]}"}
        for one in organisations.CAST
        if one.kind in refs
    ]  # fmt: skip


def mailbox_address(settings: Settings) -> str:
    """Answer where the sandbox's mail and text messages are read."""
    return f"http://localhost:{settings.port + MAILBOX_AWAY}"


def checker_address(settings: Settings) -> str:
    """Answer where the sample checker says which document numbers it takes."""
    return f"http://localhost:{settings.port + CHECKER_AWAY}"


def add_officer_command(settings: Settings) -> str:
    """Answer the line that makes an officer of this sandbox: each brings a key of their own."""
    return _add_officer(settings, "Asha Patel", "administrator", "counter-officer")


def add_mandate_officer_command(settings: Settings) -> str:
    """Answer the line that makes an officer who enters and confirms permissions."""
    return _add_officer(settings, "Nia Ellis", "mandate-officer")


def _add_officer(settings: Settings, name: str, *roles: str) -> str:
    where = "" if settings.data == Path(SANDBOX_DATA).absolute() else f"IDP_DATA={settings.data} "
    return f'{where}idp operator add "{name}"' + "".join(f" --role {role}" for role in roles)


def greeting(settings: Settings) -> str:
    """What a person reads once the sandbox is ready."""
    lines = [
        "",
        f"  Gatehouse {version('gatehouse-idp')}, a sandbox: everybody in it is made up.",
        "",
        f"  Open {settings.issuer} and follow the five minutes.",
        "",
    ]
    for service in world.services(settings.port):
        lines.append(f"  {service.name:10} {service.url}")
    lines += [
        f"  {'Mailbox':10} {mailbox_address(settings)}",
        "",
        f"  Officers   {settings.console_address}/console; make one with",
        f"             {add_officer_command(settings)}",
        "",
        f"  Policies   {settings.policies}",
        f"  Data       {settings.data}",
        "",
        "  Ctrl-C stops it and leaves the data; --reset starts over.",
        "",
    ]
    return "\n".join(lines)


def refuse_taken(port: int) -> None:
    """Say which port is in use, before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise click.ClickException(
                f"port {port} is in use; choose another with --port"
            ) from problem


def wait_for(port: int, path: str, host: str, supervisor: Supervisor) -> None:
    """Wait until an address answers 200. Raises `ClickException` after a minute."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path, headers={"Host": host})
            if connection.getresponse().status == 200:
                return
        except OSError:
            supervisor.tend()
        finally:
            connection.close()
        time.sleep(0.05)
    raise click.ClickException(f"{host} did not answer within {READY_SECONDS:.0f} seconds")
