"""M14, first part: a key that cannot be copied raises the level of a sign-in, and nobody enrols
or proves anything anew for it (133)."""

from idp.demo import joining_stories
from idp.demo.joining import Visit
from idp.demo.stories import Scene


def test_a_key_bound_to_itself_raises_the_level_without_new_enrolment(
    newcomer: Visit, scene: Scene
) -> None:
    heard: list[str] = []
    scene.say, scene.visit = heard.append, newcomer
    joining_stories.better_key(scene)
    assert "with nothing typed she is at Tax, surer than before, and proved nothing again" in heard
    assert heard[-1] == "Tax is told that the key cannot be copied"
