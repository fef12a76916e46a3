"""Every command in the documents exists, and those that show an answer get it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from idp.cli import idp
from idp.policy.files import packaged_directory
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, read, spans

ids = [path.name for path in DOCUMENTS]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
TOLD = [path for path in DOCUMENTS if "```console" in read(path)]
# Commands that a document names to say that they are not built yet.
NOT_BUILT: set[str] = set()


def commands(document: Path) -> Iterator[str]:
    """Every `idp ...` command that a document names, in blocks and in the text."""
    for block in blocks(document):
        if block.language in {"sh", "console"}:
            for line in block.text.splitlines():
                for part in line.removeprefix("$ ").split("&&"):
                    yield part.partition("#")[0].strip()
    yield from spans(document)


def parse(command: str) -> None:
    """Hold a command against the command line's own parser; nothing runs."""
    words = shlex.split(command)[1:]
    group: click.Command = idp
    context = click.Context(idp, info_name="idp")
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"no command {words[0]}")
        group, words = found, words[1:]
        context = click.Context(group, parent=context, info_name=group.name)
    # `IDP --help` and the like end the parse by leaving: that they are known is enough.
    if words != ["--help"] and words != ["--version"]:
        try:
            group.parse_args(context, list(words) or ["--"])
        except click.BadParameter as problem:
            if "does not exist" not in problem.message:  # a file of the reader's
                raise


@each_document
def test_every_command_that_is_named_exists_with_its_options(document: Path) -> None:
    for command in commands(document):
        words = command.split()
        if not words or Path(words[0]).name != "idp" or command in NOT_BUILT:
            continue
        try:
            parse(command)
        except click.exceptions.NoArgsIsHelpError:
            continue  # a group, named as a whole
        except click.MissingParameter:
            # The text may speak of a command without what goes with it; a block may not.
            assert command in spans(document), f"{document.name}: {command}"
        except click.ClickException as problem:
            pytest.fail(f"{document.name}: {command}: {problem.format_message()}")


def test_what_is_said_not_to_be_built_is_not() -> None:
    for command in NOT_BUILT:
        with pytest.raises(click.ClickException):
            parse(command)


@each_document
def test_every_folder_of_tests_that_is_named_exists(document: Path) -> None:
    for command in commands(document):
        if command.startswith("./test"):
            for word in command.split()[1:]:
                if word.startswith("tests/"):
                    assert (ROOT / word).exists(), f"{document.name}: {command}"


@pytest.mark.parametrize("document", TOLD, ids=[path.name for path in TOLD])
def test_every_command_answers_as_the_document_says(
    document: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(folder / "policies", ignore_errors=True)
    shutil.copytree(packaged_directory(), folder / "policies")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for block in blocks(document):
        if block.language in {"python", "toml"} and "." in block.label:
            (folder / block.label).write_text(block.text)
        if block.language == "console":
            for command, expected in exchanges(block):
                answer = run(command, folder)
                fits = re.fullmatch(as_pattern(expected), answer + "\n")
                assert fits, f"{block.where}: $ {command}\n{answer}"


def exchanges(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a block with the answer that is shown for it."""
    assert block.text.startswith("$ "), block.where
    for part in block.text.removeprefix("$ ").split("\n$ "):
        command, _, answer = part.partition("\n")
        yield command, answer.strip("\n")


def run(command: str, folder: Path) -> str:
    """Run a command as a reader would, in `folder`; answer what it printed."""
    if command.startswith("idp "):
        result = CliRunner().invoke(idp, shlex.split(command)[1:])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output.strip("\n")
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return (done.stdout + done.stderr).strip("\n")


def as_pattern(expected: str) -> str:
    """`...` in a line stands for any text in it, a line of its own for any lines, or none."""
    pieces = [
        r"(?:[^\n]*\n)*"
        if line.strip() == "..."
        else "[^\n]*".join(re.escape(part) for part in line.split("...")) + r"\n"
        for line in expected.split("\n")
    ]
    return "".join(pieces)


def test_the_dots_of_an_answer_stand_for_what_they_say() -> None:
    def fits(expected: str, answer: str) -> bool:
        return re.fullmatch(as_pattern(expected), answer + "\n") is not None

    assert fits("a ... c", "a b c")
    assert not fits("a ... c", "a\nb c")
    assert fits("a\n...\nc", "a\nb\nb\nc")
    assert fits("a\n...", "a\nb")
    assert fits("...\nb", "a\nb")
    assert not fits("a", "a\nb")
    assert not fits("b", "a\nb")
