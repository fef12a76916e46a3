"""M26: named experts are offered, and an assessment starts from the nearest published one of
another service (140, 141(4))."""

from idp.demo import assessing_stories
from idp.demo.stories import Scene


def test_nobody_starts_from_nothing(scene: Scene) -> None:
    heard: list[str] = []
    scene.say = heard.append
    assessing_stories.learning(scene)
    assert heard == [
        "it starts from the nearest published assessment of another service",
        "and says why it is near",
        "it names people in other bodies who know such services",
        "the published list has the level of each",
        "their answers, taken as they are, come to the level that they came to or one step more",
        "each of them is explained",
    ]
