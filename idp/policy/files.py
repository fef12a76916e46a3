"""Reading policy files: TOML to frozen models, every problem collected before anything fails."""

import copy
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

import idp
from idp.policy.rules import PolicyProblems, Problem, did_you_mean
from idp.policy.sentences import place_of, sentence_of

Content = dict[str, Any]
Texts = Mapping[str, str]  # the files of a set by name, where they lie in no folder
DEEPEST = 20  # no file of ours nests a quarter as deep; what follows walks it by recursion
TOO_DEEP = "This is not TOML that can be read: it is nested too deep."
Cut = object()  # stands where a wrong list entry was until the list is closed up


class FileModel(BaseModel):
    """Base of every table in a policy file: unknown keys refused, nothing converted, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=FileModel)


@dataclass(frozen=True, slots=True)
class Read(Generic[M]):
    """What one file says, as far as it could be understood.

    `model` is None when nothing of it could; `whole` is False when wrong parts were cut away so
    that the rest could still be checked. `content` is the file as TOML gives it, for the
    fingerprint; `problems` are those of form.
    """

    model: M | None
    whole: bool
    content: Content = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def policies_directory(explicit: Path | None) -> Path:
    """The folder whose policies apply.

    In order: the one asked for, the environment's IDP_POLICIES, `./policies` where it holds a
    services.toml, and the policies that came with the package.
    """
    if explicit is not None:
        return explicit
    if named := os.environ.get("IDP_POLICIES"):
        return Path(named)
    here = Path("policies")
    return here if (here / "services.toml").is_file() else packaged_directory()


def packaged_directory() -> Path:
    """The policies that came with Gatehouse: inside the wheel, else beside the source tree."""
    package = Path(idp.__file__).parent
    inside = package / "_policies"
    return inside if inside.is_dir() else package.parent / "policies"


def folder_problems(directory: Path | Texts, known: Sequence[str]) -> list[Problem]:
    """What is wrong with the folder itself: absent, or a file whose name is nearly a known one.

    A misspelt file name would otherwise be passed over in silence and the packaged file used. Texts
    come from no folder that other files may lie in, so every unknown name is wrong there.
    """
    if not isinstance(directory, Path):
        return [
            Problem(name, "", f"No room reads a file of this name.{did_you_mean(name, known)}")
            for name in sorted(directory)
            if name not in known
        ]
    if not directory.is_dir():
        return [Problem(str(directory), "", "There is no such folder.")]
    found = []
    for path in sorted(directory.glob("*.toml")):
        near = get_close_matches(path.name, known, n=1, cutoff=0.8)
        if path.name not in known and near:
            sentence = f'No room reads a file of this name. Did you mean "{near[0]}"?'
            found.append(Problem(path.name, "", sentence))
    return found


def read_file(directory: Path | Texts, name: str, model: type[M], fallback: Path | None) -> Read[M]:
    """Read `name` from `directory`, or from `fallback` when the folder does not have it."""
    if not isinstance(directory, Path):
        if name in directory:
            return read_text(directory[name], name, model)
        if fallback is None:
            return _unread(name, "", "This file is missing.")
        directory = fallback
    path = directory / name
    if fallback is not None and not path.exists():
        path = fallback / name
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return _unread(name, "", "This file is missing.")
    except OSError as error:
        return _unread(name, "", f"This file cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        return _unread(name, f"byte {error.start}", "This is not UTF-8 text.")
    return read_text(text, name, model)


def read_folder(directory: Path, known: Sequence[str], fallback: Path) -> dict[str, str]:
    """Answer the whole set that a folder stands for: its known files, and for each that it lacks
    the one of `fallback`, so that the set says the same whatever is installed later.

    Raises PolicyProblems, with all of them, where the folder or a file cannot be read.
    """
    problems = folder_problems(directory, known)
    texts = {}
    for name in known if directory.is_dir() else ():
        path = directory / name
        path = path if path.exists() else fallback / name
        if not path.exists():
            continue
        try:
            texts[name] = path.read_bytes().decode()
        except OSError as error:
            problems.append(Problem(name, "", f"This file cannot be read: {error.strerror}."))
        except UnicodeDecodeError as error:
            problems.append(Problem(name, f"byte {error.start}", "This is not UTF-8 text."))
    if problems:
        raise PolicyProblems(problems)
    return texts


def read_text(text: str, name: str, model: type[M]) -> Read[M]:
    """Read what somebody wrote or pasted, whatever it is; `name` is the file it is meant to be."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).removesuffix(")").partition(" (at ")
        return _unread(name, place, f"This is not TOML: {said}.")
    except RecursionError:
        return _unread(name, "", TOO_DEEP)
    except ValueError as error:  # what Python itself refuses: a number of thousands of figures
        return _unread(name, "", f"This is not TOML that can be read: {error}.")
    if _deeper_than(content, DEEPEST):
        return _unread(name, "", TOO_DEEP)
    return parse(content, name, model)


def _deeper_than(content: Content, levels: int) -> bool:
    """True when tables and lists stand in one another more than `levels` deep."""
    layer: list[Any] = [content]
    for _ in range(levels):
        layer = [
            value
            for table in layer
            for value in (table.values() if isinstance(table, dict) else table)
            if isinstance(value, dict | list)
        ]
    return bool(layer)


def _unread(name: str, place: str, sentence: str) -> Read[Any]:
    return Read(model=None, whole=False, problems=(Problem(name, place, sentence),))


def parse(content: Content, name: str, model: type[M]) -> Read[M]:
    """Hold `content` against `model`; cut away what is wrong and go on with the rest.

    Only the first round's errors are the author's; those of later rounds come from the cutting
    and are not told.
    """
    problems: tuple[Problem, ...] = ()
    rest: Content = copy.deepcopy(content)
    while True:
        try:
            read = model.model_validate(rest)
        except ValidationError as failure:
            errors = failure.errors(include_url=False)
            problems = problems or tuple(
                Problem(name, place_of(error["loc"], content), sentence_of(error, model))
                for error in errors
            )
            # What is missing cannot be cut away: its table is.
            wrong = {e["loc"][:-1] if e["type"] == "missing" else e["loc"] for e in errors}
            if () in wrong or not all(_cut(rest, location) for location in wrong):
                return Read(model=None, whole=False, content=content, problems=problems)
            rest = _closed_up(rest)
        else:
            return Read(model=read, whole=not problems, content=content, problems=problems)


def _cut(data: Any, location: Sequence[int | str]) -> bool:
    """Take out the value at `location`; False when it is not there to take."""
    for step in location[:-1]:
        if data is Cut:
            return True  # gone with a larger part
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    last = location[-1]
    in_list = isinstance(data, list) and isinstance(last, int) and last < len(data)
    if in_list or (isinstance(data, dict) and last in data):
        data[last] = Cut
        return True
    return data is Cut


def _closed_up(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _closed_up(value) for key, value in data.items() if value is not Cut}
    if isinstance(data, list):
        return [_closed_up(value) for value in data if value is not Cut]
    return data
