"""What people install is whole: it runs far from the tree it was built from."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Where a file of the tree is looked for in the wheel.
CARRIED = {"policies": "idp/_policies", "migrations": "idp/_migrations", "idp": "idp"}


def run(*command: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program as somebody would whose shell is set up in no way at all."""
    return subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=120, env={"PATH": os.defpath, **variables},
    )  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # The tree itself is not touched, and the build tools are those of the test environment.
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", folder, ROOT],
        capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("gatehouse_idp-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel; what it needs is lent by the tests' own.

    The lender's editable install does not come along: `.pth` files are not followed twice.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    placed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
         "--no-index", wheel],
        capture_output=True, text=True,
    )  # fmt: skip
    assert placed.returncode == 0, placed.stderr
    own = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (own / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "venv"


def data_files() -> dict[str, bytes]:
    """Every file of the tree that the wheel must hold, by its name in the wheel."""
    found = {}
    for source, target in CARRIED.items():
        for file in (ROOT / source).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                found[f"{target}/{file.relative_to(ROOT / source)}"] = file.read_bytes()
    return found


def test_every_page_text_policy_and_migration_is_in_the_wheel(wheel: Path) -> None:
    wanted = data_files()
    for part in ("/templates/", "/static/", "/translations/", "_policies/", "_migrations/"):
        assert any(part in name for name in wanted), f"the tree has no {part}"
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if "dist-info" not in name}
    assert sorted(held) == sorted(wanted)
    assert [name for name in wanted if held[name] != wanted[name]] == []


def test_nothing_in_the_wheel_names_the_machine_it_was_built_on(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        telling = [name for name in archive.namelist() if str(ROOT).encode() in archive.read(name)]
    assert telling == []


def test_the_command_works_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    helped = run(installed / "bin" / "idp", "--help", folder=tmp_path)
    assert helped.returncode == 0, helped.stderr
    for verb in ("demo", "serve", "migrate"):
        assert verb in helped.stdout
    assert list(tmp_path.iterdir()) == [], "asking for help leaves nothing behind"


def test_what_runs_is_what_was_installed_not_the_tree(installed: Path, tmp_path: Path) -> None:
    where = run(
        installed / "bin" / "python", "-c",
        "import idp; from idp.storage.migrate import migrations_directory as m;"
        "print(idp.__file__); print(m())",
        folder=tmp_path,
    )  # fmt: skip
    assert where.returncode == 0, where.stderr
    for line in where.stdout.splitlines():
        assert Path(line).resolve().is_relative_to(installed.resolve())


def test_the_installed_migrations_build_the_schema(installed: Path, tmp_path: Path) -> None:
    migrated = run(
        installed / "bin" / "python", "-c",
        "from idp.storage.migrate import migrate; print(*migrate('sqlite:///house.sqlite3'))",
        folder=tmp_path,
    )  # fmt: skip
    assert migrated.returncode == 0, migrated.stderr
    assert "0001" in migrated.stdout


def test_a_wsgi_server_finds_the_application() -> None:
    shown = run(sys.executable, "-m", "flask", "--app", "wsgi", "routes", folder=ROOT)
    assert shown.returncode == 0, shown.stderr
    assert "/" in shown.stdout
