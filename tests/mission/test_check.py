"""`idp demo --check` says what was proved, and only that."""

import os
import shutil
from pathlib import Path

import pytest

from idp.demo import check, stories
from idp.demo.joining_stories import WITHDRAW
from idp.demo.stories import NotProved, Scene
from idp.policy.files import policies_directory


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes are other tests' business: here the stories are made up."""
    monkeypatch.setattr(Scene, "start", lambda self: None)
    monkeypatch.setattr(Scene, "stop", lambda self: None)


def tell(monkeypatch: pytest.MonkeyPatch, *broken: int) -> None:
    """Replace the stories: those named end with a sentence that is not so."""

    def made_up(number: int):
        def story(scene: Scene) -> None:
            scene.proved(f"story {number} holds", number not in broken, "nothing of it")

        return story

    told = [(title, made_up(n), rows) for n, (title, _, rows) in enumerate(check.STORIES, 1)]
    monkeypatch.setattr(check, "STORIES", tuple(told))


def test_all_proved_is_exit_code_0_and_27_rows(monkeypatch, capsys) -> None:
    tell(monkeypatch)
    assert check.run_check(policies_directory(None)) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if line.startswith("  M")] == [
        f"M{number}" for number in range(1, 28)
    ]
    assert said.count("works (first part)") == 16
    assert said.count("not built") == 11


def test_one_broken_story_is_exit_code_1_and_the_others_are_still_told(monkeypatch, capsys) -> None:
    tell(monkeypatch, 6)
    assert check.run_check(policies_directory(None)) == 1
    said = capsys.readouterr().out
    assert "NO  NotProved: story 6 holds; seen: nothing of it" in said
    assert "ok  story 2 holds" in said
    # M4 is shown by two stories: with one of them broken it does not work.
    assert "M4   BROKEN" in said
    assert "M15  works (first part)" in said


def test_the_callers_own_database_and_policies_are_out_of_its_sight(
    monkeypatch, tmp_path: Path, capsys
) -> None:
    mine = tmp_path / "mine.sqlite3"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{mine}")
    policies = tmp_path / "policies"
    shutil.copytree(policies_directory(None), policies)
    before = (policies / "services.toml").read_bytes()

    def story(scene: Scene) -> None:
        assert "DATABASE_URL" not in os.environ
        (scene.settings.policies / "services.toml").write_text("changed")

    monkeypatch.setattr(check, "STORIES", (("One", story, frozenset({1})),))
    assert check.run_check(policies) == 0
    assert not mine.exists()
    assert (policies / "services.toml").read_bytes() == before
    assert os.environ["DATABASE_URL"] == f"sqlite:///{mine}"


def test_a_sentence_that_does_not_hold_says_what_was_seen() -> None:
    heard: list[str] = []
    scene = object.__new__(Scene)
    scene.say = heard.append
    scene.proved("it holds", True)
    with pytest.raises(NotProved, match="it fails; seen: 7"):
        scene.proved("it fails", False, 7)
    assert heard == ["it holds"]


def test_the_method_that_is_withdrawn_is_in_the_policies_we_ship() -> None:
    text = (policies_directory(None) / "methods.toml").read_text()
    where, before, after = WITHDRAW
    assert text.count(where) == 1
    assert before in text.partition(where)[2].partition("[[method]]")[0]
    assert after not in text.partition(where)[2].partition("[[method]]")[0]


def test_the_line_to_try_it_with_is_in_the_policies_we_ship() -> None:
    text = (policies_directory(None) / "services.toml").read_text()
    assert text.count(stories.FLIP_BEFORE) == 1
    assert "Try it" in next(line for line in text.splitlines() if stories.FLIP_BEFORE in line)
