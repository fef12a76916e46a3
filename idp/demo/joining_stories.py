"""Stories of somebody new: the first day, the register behind it, a better key, a method gone."""

from pathlib import Path

from idp import cells
from idp.demo import walk
from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.demo.joining import Visit
from idp.demo.newcomers import newcomers
from idp.demo.page import Page
from idp.demo.security_key import SecurityKey
from idp.demo.stories import NUMBER, NotProved, Scene

EMAIL = "liz@example.test"
PASSPORT = "123456789"  # the sample checker passes any that does not end in a word
OLD_POSTCODE = "LL00 9ZZ"
MARRIED = "Vaughan"
WITHDRAW = ('id = "one-time-code"', 'status = "common"', 'status = "withdrawn"')
# Rows of the mission's file of people; the last one has a number that nobody can have.
COLUMNS = ("number", "given_name", "family_name", "birth_date", "sex")


def first_day(scene: Scene) -> None:
    """She has no account in the morning. One sitting later she has filed."""
    visit = begin(scene)
    tax = visit.browser.open(f"{scene.walk.services['tax'].url}/sign-in")
    page = visit.confirm_address(tax)
    scene.proved(
        "her address is hers: the code that came by mail is taken",
        walk.has_field(page, "password"), page.heading,
    )  # fmt: skip
    hub = page.form("password").fill(password=visit.password).submit()
    scene.proved(
        "after the password a page says what is left",
        hub.heading.startswith("You're in. Tax needs"), hub.heading,
    )  # fmt: skip
    hub = visit.set_up_app(hub)
    hub = visit.print_codes(hub)
    scene.proved(
        "an app on the tablet and codes on paper: a second check, and a way in without a phone",
        len(visit.codes) == 10 and hub.heading == "You're in. Tax needs one more thing",
        (len(visit.codes), hub.heading),
    )
    prove(scene, visit, hub)


def prove(scene: Scene, visit: Visit, hub: Page) -> None:
    """Show who she is as people do: not quite as the register writes it."""
    person = visit.person
    page = visit.claim(
        hub.click("Show who you are").click("Start"),
        given_name=person.called, family_name=person.earlier_family_name or person.family_name,
        postcode=OLD_POSTCODE,
    )  # fmt: skip
    scene.proved(
        "a short first name, a name from before and an old address are taken for hers",
        "found" in page.text, page.text,
    )  # fmt: skip
    scene.proved("no code to a contact is offered: none is on record", "a code" not in page.text)
    done = visit.show_document(page, PASSPORT)
    scene.proved(
        "an outside checker looks at her passport, and for fraud",
        done.heading == "We know who you are now", done.heading,
    )  # fmt: skip
    filed = done.click("Go on")
    scene.proved(
        "the same sitting ends at Tax, signed in",
        filed.heading == f"Signed in: {person.name}", filed.heading,
    )  # fmt: skip
    claims = walk.told(filed)
    scene.proved(
        "Tax is told who was proved, and how surely",
        claims["ID token"]["vot"] == "P2.C2"
        and claims["userinfo"][NUMBER] == person.national_insurance_number,
        claims,
    )
    mails = visit.mails_with("You have shown who you are")
    scene.proved(
        "each step was told to her by mail, and no mail holds her number or her name",
        "Your account is ready" in mails and "You have shown who you are" in mails
        and person.national_insurance_number not in mails and person.family_name not in mails,
        mails,
    )  # fmt: skip


def register_behind(scene: Scene) -> None:
    """The register is brought up to date from a file, and Tax reads what it says now."""
    visit = settled(scene)
    person = visit.person
    before = visit.browser.open(f"{scene.walk.services['tax'].url}/sign-in")
    file = scene.settings.data / "people.csv"
    married = (person.national_insurance_number, person.given_name, MARRIED, person.birth_date)
    nobody = ("QQ123456A", "No", "Body", "1970-01-01")
    write_people(file, [(*married, person.sex), (*nobody, "male")])
    done = scene.command("register", "import", str(file))
    scene.proved(
        "a file brings one person up to date; a line with a number nobody can have is set aside",
        (done["changed"], done["rejected"]) == (1, 1), done,
    )  # fmt: skip
    reason = Path(done["rejects"]).read_text()
    scene.proved("with its line and the reason", "Body" in reason and len(reason) > 40, reason)
    after = visit.browser.open(f"{scene.walk.services['tax'].url}/sign-in")
    told = walk.told(after)
    scene.proved(
        "Tax, which finds her by her number, reads her new name",
        told["userinfo"]["family_name"] == MARRIED
        and told["userinfo"][NUMBER] == person.national_insurance_number,
        told,
    )
    scene.proved(
        "and knows her by the same sub as before",
        told["ID token"]["sub"] == walk.told(before)["ID token"]["sub"], told,
    )  # fmt: skip


def better_key(scene: Scene) -> None:
    """A key that cannot be copied raises how sure a service can be; nothing is proved again."""
    visit, key = settled(scene), SecurityKey()
    page = visit.browser.open(f"{scene.settings.issuer}/methods/passkey")
    page, _ = visit.answer(page)
    methods = key.make(page)
    scene.proved("she adds a security key", "ecurity key" in methods.text, methods.text)
    fresh = Browser()
    sign_in = fresh.open(f"{scene.walk.services['tax'].url}/sign-in")
    if not walk.has_field(sign_in, "passkey"):
        raise NotProved(f"a passkey should be taken on the first page; seen: {sign_in.text}")
    tax = key.sign_in(sign_in)
    claims = walk.told(tax)["ID token"]
    reached = claims.get("vot")
    scene.proved(
        "with nothing typed she is at Tax, surer than before, and proved nothing again",
        reached == "P2.C3", (tax.heading, reached),
    )  # fmt: skip
    scene.proved(
        "Tax is told that the key cannot be copied", "hwk" in claims["amr"], claims["amr"]
    )  # RFC 8176: "swk" would be a key in software, which is copied between devices


def withdrawn(scene: Scene) -> None:
    """A method is withdrawn: from the next sign-in it counts no more, and paper still lets in."""
    visit = settled(scene)
    path = scene.settings.policies / "methods.toml"
    where, before, after = WITHDRAW
    head, found, tail = path.read_text().partition(where)
    if not found or before not in tail:
        raise NotProved(f"{path.name} should hold the method {where}")
    path.write_text(head + found + tail.replace(before, after, 1))
    scene.stop()
    scene.start()
    page = Browser().open(f"{scene.walk.services['tax'].url}/sign-in")
    page = page.form("password").fill(email=visit.email, password=visit.password).submit()
    ways = page.click("Use another way")
    offered = " ".join(one.text for one in ways.links)
    scene.proved(
        "codes from an app are withdrawn: the next sign-in offers a printed code, not them",
        "printed code" in offered and "app" not in offered, offered,
    )  # fmt: skip
    page = ways.click("printed code").form("code").fill(code=visit.codes.pop()).submit()
    scene.proved(
        "a code on paper lets her in",
        page.heading.startswith("Signed in:"), (page.heading, page.text),
    )  # fmt: skip
    issuer = scene.settings.issuer
    listed = Browser().open(f"{issuer}/api/v1/methods").json()
    (app,) = [one for one in listed["methods"] if one["id"] == "one-time-code"]
    scene.proved(
        "the published list says so, and of which set of policies it was made",
        app["status"] == "withdrawn" and listed["fingerprint"], app,
    )  # fmt: skip
    people = Browser().open(f"{issuer}/methods")
    scene.proved(
        "and so does its page, with the reason of every way to sign in",
        "withdrawn: it counts for nothing" in people.text and "Phone numbers" in people.text,
        people.text,
    )  # fmt: skip


def begin(scene: Scene) -> Visit:
    """Somebody new sits down: whom the register knows and cannot reach."""
    person = next(one for one in newcomers(scene.settings.data) if one.role == "newcomer")
    scene.visit = Visit(
        person=person, browser=Browser(), mailbox=mailbox_address(scene.settings), email=EMAIL
    )
    return scene.visit


def settled(scene: Scene) -> Visit:
    """The same person after her first day, which the first story tells."""
    if scene.visit is None or not scene.visit.codes:
        raise NotProved("somebody new who has been here before; her first day went wrong")
    return scene.visit


def write_people(file: Path, rows: list[tuple[str, ...]]) -> None:
    """Write a file for `idp register import`."""
    with file.open("w", newline="") as handle:
        handle.writelines(map(cells.line, [COLUMNS, *rows]))
