"""M10, first part: the register is imported, and a service that may reads basic identity data
by the number's index; nobody else does (126, 127)."""

from idp.demo import joining_stories
from idp.demo.joining import Visit
from idp.demo.stories import Scene


def test_the_register_is_imported_and_read_by_the_number(newcomer: Visit, scene: Scene) -> None:
    heard: list[str] = []
    scene.say, scene.visit = heard.append, newcomer
    joining_stories.register_behind(scene)
    assert "Tax, which finds her by her number, reads her new name" in heard
    number = newcomer.person.national_insurance_number
    dump = b"".join(path.read_bytes() for path in scene.settings.data.glob("gatehouse.sqlite3*"))
    assert newcomer.email.encode() in dump
    assert number.encode() not in dump, "the number is found by an index and stands nowhere"
    assert number[:8].encode() not in dump


def test_the_library_is_told_no_number(newcomer: Visit, scene: Scene) -> None:
    page = newcomer.browser.open(f"{scene.walk.services['library'].url}/sign-in")
    assert page.heading.startswith("Signed in:")
    assert newcomer.person.national_insurance_number not in page.body.decode()
