"""M24, first part: take-up, completion, time to sign in and step-up, as pictures and data, each
with definition and denominator, small counts hidden (61, 66-69, 89-90)."""

from idp.demo import review_stories
from idp.demo.stories import Scene


def test_figures_are_published_with_what_they_count_and_small_ones_hidden(scene: Scene) -> None:
    heard: list[str] = []
    scene.say = heard.append
    review_stories.measured(scene)
    assert "no count under 10 is shown" in heard
