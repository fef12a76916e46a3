"""The file of refused lines: what is written once is there once."""

from pathlib import Path

from idp.identifiers.rules import Problem
from idp.register.reasons import Reason
from idp.register.rejects import Rejected, RejectsFile

HEADER = ["number", "given_name"]
FIRST = Rejected(2, Problem.SHAPE, b"CS1,Margaret\n")
SECOND = Rejected(5, Reason.NAME_MISSING, b'CS100700A,"  "\n')


def test_a_batch_that_is_tried_again_is_written_once(tmp_path: Path) -> None:
    """As when the database asks for a transaction once more."""
    path = tmp_path / "rejects.csv"
    with RejectsFile(path, HEADER) as file:
        file.return_to(0)
        first = [file.write(0, [FIRST]) for _ in range(3)]
        second = [file.write(first[0], [SECOND]) for _ in range(3)]
        assert len(set(first)) == len(set(second)) == 1
    assert path.read_text().splitlines() == [
        "reject_line,reject_reason,reject_explanation,number,given_name",
        '2,number-shape,"The number is not 2 letters, 6 digits and 1 letter.",CS1,Margaret',
        "5,name-missing,The given name or the family name is missing.,CS100700A,  ",
    ]
    assert path.stat().st_size == second[0]


def test_what_no_commit_counted_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectsFile(path, HEADER) as file:
        file.return_to(0)
        end = file.write(0, [FIRST])
        file.write(end, [SECOND])
    with RejectsFile(path, HEADER) as file:
        file.return_to(end)
    assert path.read_text().count("\n") == 2


def test_a_file_that_others_could_read_becomes_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.touch(mode=0o644)
    with RejectsFile(path, HEADER) as file:
        file.return_to(0)
    assert path.stat().st_mode & 0o777 == 0o600
