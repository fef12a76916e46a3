"""M6: services that run already are reviewed with the model: from the journal of eleven sample
services, planted over-askers are found, none of the others accused, and pictures drawn (141(3)).

That another program finds every figure in the journal is in tests/figures/test_traffic.py.
"""

from idp.demo import review_stories
from idp.demo.stories import Scene


def test_those_who_ask_for_too_much_are_found_and_nobody_else(scene: Scene) -> None:
    heard: list[str] = []
    scene.say = heard.append
    review_stories.over_askers(scene)
    assert "none of the other seven is accused" in heard
