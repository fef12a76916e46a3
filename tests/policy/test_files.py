"""Reading any policy file: every problem found, in plain sentences; the folder; the fingerprint."""

from datetime import date
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

import idp
from idp.policy.files import (
    FileModel,
    folder_problems,
    packaged_directory,
    parse,
    policies_directory,
    read_file,
)
from idp.policy.rules import PolicyProblems, Problem, did_you_mean, fingerprint, listing


class Leg(FileModel):
    id: str
    length_cm: int = 40
    fitted: date | None = None


class Chair(FileModel):
    id: str
    legs: Annotated[tuple[Leg, ...], Field(strict=False)] = ()


class Room(FileModel):
    chair: Annotated[tuple[Chair, ...], Field(strict=False)] = ()
    open: bool = True


def read(tmp_path: Path, text: str):
    (tmp_path / "room.toml").write_bytes(text.encode())
    return read_file(tmp_path, "room.toml", Room, None)


def lines(tmp_path: Path, text: str) -> list[str]:
    return [str(problem) for problem in read(tmp_path, text).problems]


def test_a_good_file_is_read_whole_and_cannot_be_changed(tmp_path) -> None:
    got = read(tmp_path, '[[chair]]\nid = "red"\n[[chair.legs]]\nid = "left"\n')
    assert got.whole
    assert got.model == Room(chair=(Chair(id="red", legs=(Leg(id="left"),)),))
    with pytest.raises(ValueError, match="frozen"):
        got.model.open = False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nopen == 3", "room.toml: line 2, column 7: This is not TOML: Invalid value."),
        ("open = true\nopen = true", "room.toml: "),
        ("opem = true", 'room.toml: opem: "opem" is not a key here. Did you mean "open"? Keys:'),
        ("zzz = 1", 'room.toml: zzz: "zzz" is not a key here. Keys: chair, open.'),
        ("open = 1", "room.toml: open: This must be true or false, not 1."),
        ("chair = 1", "room.toml: chair: This must be a list in square brackets, not 1."),
        ("chair = [1]", "room.toml: chair number 1 in the list: This must be a table, not 1."),
        ("[[chair]]\nid = true", "room.toml: chair number 1 in the list > id: This must be text"),
        ("[[chair]]\n", 'room.toml: chair number 1 in the list > id: "id" is missing.'),
        ('[[chair]]\nid = "red"\nlegs = {}', 'room.toml: chair "red" > legs: This must be a list'),
        ('[[chair]]\nid = "red"\n[[chair.legs]]\nid = "left"\nlength = 3',
         'room.toml: chair "red" > legs "left" > length: "length" is not a key here. '
         'Did you mean "length_cm"? Keys: id, length_cm, fitted.'),
        ('[[chair]]\nid = "red"\n[[chair.legs]]\nid = "left"\nlength_cm = 3.5',
         'room.toml: chair "red" > legs "left" > length_cm: This must be a whole number'),
        ('[[chair]]\nid = "red"\n[[chair.legs]]\nid = "left"\nfitted = 2027-01-01T10:00:00',
         'room.toml: chair "red" > legs "left" > fitted: This must be a date'),
        ('[[chair]]\nid = "red"\n[[chair.legs]]\nid = "left"\nfitted = 2027-02-29',
         "room.toml: line 5, column "),
    ],
)  # fmt: skip
def test_each_mistake_has_a_place_and_a_plain_sentence(text, said, tmp_path) -> None:
    found = lines(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(said), found[0]
    assert found[0].endswith(".")


def test_bytes_that_are_no_text_are_a_problem(tmp_path) -> None:
    (tmp_path / "room.toml").write_bytes(b"open = true # \xff")
    (problem,) = read_file(tmp_path, "room.toml", Room, None).problems
    assert problem == Problem("room.toml", "byte 14", "This is not UTF-8 text.")


def test_a_folder_where_a_file_should_be_is_a_problem(tmp_path) -> None:
    (tmp_path / "room.toml").mkdir()
    (problem,) = read_file(tmp_path, "room.toml", Room, None).problems
    assert problem.sentence.startswith("This file cannot be read: ")


def test_what_is_wrong_is_cut_away_and_the_rest_kept(tmp_path) -> None:
    got = read(
        tmp_path,
        'open = 3\ncolour = "x"\n[[chair]]\nid = 7\n[[chair]]\nid = "red"\n'
        '[[chair.legs]]\nlength_cm = 3\n[[chair.legs]]\nid = "left"\nlength_cm = "no"\n',
    )
    assert len(got.problems) == 5
    assert not got.whole
    assert got.model == Room(chair=(Chair(id="red", legs=(Leg(id="left"),)),))
    assert got.content["open"] == 3, "the fingerprint sees the file as it is"


def test_a_file_of_which_nothing_can_be_kept_gives_no_model() -> None:
    class Strict(FileModel):
        name: str

    got = parse({}, "x.toml", Strict)
    assert got.model is None
    assert [p.sentence for p in got.problems] == ['"name" is missing.']


def test_a_missing_file_comes_from_the_fallback(tmp_path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "room.toml").write_text("open = false")
    got = read_file(tmp_path / "own", "room.toml", Room, tmp_path / "ours")
    assert got.model == Room(open=False)
    (problem,) = read_file(tmp_path / "own", "room.toml", Room, None).problems
    assert str(problem) == "room.toml: This file is missing."


def test_a_misspelt_file_name_is_noticed(tmp_path) -> None:
    (tmp_path / "romm.toml").write_text("")
    (tmp_path / "garden.toml").write_text("")
    (problem,) = folder_problems(tmp_path, ["room.toml"])
    assert problem.file == "romm.toml"
    assert 'Did you mean "room.toml"?' in problem.sentence
    assert folder_problems(tmp_path / "none", [])[0].sentence == "There is no such folder."


def test_the_folder_is_the_one_asked_for_then_the_environment_then_here_then_ours(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IDP_POLICIES", raising=False)
    assert policies_directory(None) == packaged_directory()
    (tmp_path / "policies").mkdir()
    assert policies_directory(None) == packaged_directory(), "it holds no services.toml"
    (tmp_path / "policies" / "services.toml").write_text("")
    assert policies_directory(None) == Path("policies")
    monkeypatch.setenv("IDP_POLICIES", str(tmp_path / "env"))
    assert policies_directory(None) == tmp_path / "env"
    assert policies_directory(tmp_path / "asked") == tmp_path / "asked"


def test_the_packaged_policies_are_inside_the_wheel_or_beside_the_source(
    tmp_path, monkeypatch
) -> None:
    package = tmp_path / "site" / "idp"
    package.mkdir(parents=True)
    monkeypatch.setattr(idp, "__file__", str(package / "__init__.py"))
    assert packaged_directory() == tmp_path / "site" / "policies"
    (package / "_policies").mkdir()
    assert packaged_directory() == package / "_policies"


def test_the_fingerprint_is_of_what_is_said() -> None:
    day = date(2027, 1, 1)
    same = fingerprint({"a.toml": {"x": 1, "y": day}})
    assert len(same) == 64
    assert fingerprint({"a.toml": {"y": day, "x": 1}}) == same
    for other in ({"x": 1, "y": "2027-01-01"}, {"x": 2, "y": day}, {"x": True, "y": day}):
        assert fingerprint({"a.toml": other}) != same
    assert fingerprint({"b.toml": {"x": 1, "y": day}}) != same
    assert fingerprint({"a.toml": {"x": [1, 2]}}) != fingerprint({"a.toml": {"x": [2, 1]}})


def test_problems_are_all_carried_and_all_printed() -> None:
    both = [Problem("a.toml", "x", "Wrong."), Problem("b.toml", "", "Missing.")]
    failure = PolicyProblems(iter(both))
    assert failure.problems == tuple(both)
    assert str(failure) == "a.toml: x: Wrong.\nb.toml: Missing."


def test_words_are_listed_and_near_ones_offered() -> None:
    assert [listing(w) for w in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a or b", "a, b or c",
    ]  # fmt: skip
    assert did_you_mean("privasy", ["privacy", "legal"]) == ' Did you mean "privacy"?'
    assert did_you_mean("zzz", ["privacy"]) == ""
