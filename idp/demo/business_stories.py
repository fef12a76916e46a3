"""Businesses: found by any of their numbers, acted for by a director and by an accountant."""

import json
from collections.abc import Sequence

from idp import cells
from idp.demo import helping, walk
from idp.demo.firm_stories import FIRM
from idp.demo.page import Page
from idp.demo.stories import Scene
from idp.identifiers.businesses import tax_check, vat_checks

COMPANY, TRADE = "Llanfair Boats Ltd", "Barker Repairs"
COMPANY_NUMBER = "07654321"
TAX_REFERENCE = tax_check("234567891") + "234567891"
VAT_NUMBER = f"3334445{vat_checks('3334445')[0]:02}"
TRADERS_REFERENCE = tax_check("345678912") + "345678912"
NUMBERS = (COMPANY_NUMBER, TAX_REFERENCE, VAT_NUMBER, TRADERS_REFERENCE)
OFFICERS = ("Asha Patel", "Ben Owen")
OF_PEOPLE = {"given_name", "family_name", "birthdate", "gender", "national_insurance_number"}
BUSINESSES = ("name", "kind", "company_number", "tax_reference", "vat_number", "person_number",
              "ceased_on")  # fmt: skip
RELATIONS = ("principal_kind", "principal_number", "delegate_kind", "delegate", "service",
             "powers", "starts", "expires", "basis", "source_reference")  # fmt: skip


def business(scene: Scene) -> None:
    """A company and a sole trader, Tom, who is a director of the one and is the other."""
    here = scene.walk
    number = here.people["neighbour"].national_insurance_number
    take_over(scene, number)
    own, _ = here.enter(scene.browser("client"), "tax", "neighbour")
    hers, his, trade = act(scene)
    subs = {name: walk.told(page)["ID token"]["sub"] for name, page in
            (("hers", hers), ("his", his), ("trade", trade))}  # fmt: skip
    scene.proved(
        "by its company number and its VAT number too: Tax knows it by one key, whoever acts",
        subs["hers"] == subs["his"], subs,
    )  # fmt: skip
    himself = walk.told(own)["ID token"]["sub"]
    scene.proved(
        "a sole trader is a person and a business: two keys, never one",
        len({himself, subs["trade"], subs["his"]}) == 3, (himself, subs),
    )  # fmt: skip
    facts = walk.told(hers)["userinfo"]
    scene.proved(
        "Tax is told the business's name, and nothing that only people have",
        facts["name"] == COMPANY and OF_PEOPLE.isdisjoint(facts), facts,
    )  # fmt: skip
    told = "".join(page.text for page in (hers, his, trade))
    scene.proved(
        "no number of theirs is shown to anybody, old or new",
        not any(one in told for one in (*NUMBERS, number)), told,
    )  # fmt: skip
    ceased(scene, number)


def register(scene: Scene, trader: str, ceased_on: str = "") -> list[str]:
    """The command that brings both into the register from a file."""
    rows = [
        (COMPANY, "company", COMPANY_NUMBER, TAX_REFERENCE, VAT_NUMBER, "", ceased_on),
        (TRADE, "sole-trader", "", TRADERS_REFERENCE, "", trader, ""),
    ]
    return ["register", "business", "import", write(scene, BUSINESSES, rows)]


def take_over(scene: Scene, director: str) -> None:
    """What the tax office knew already comes from a file, which two officers stand for."""
    rows = [
        ("company", COMPANY_NUMBER, "organisation", FIRM, "tax", "view;file", "", "open", "own",
         "A-1"),
        ("vat", VAT_NUMBER, "person", director, "tax", "all", "", "open", "director", "A-2"),
        ("tax", TRADERS_REFERENCE, "organisation", FIRM, "tax", "file", "", "open", "own", "A-3"),
    ]  # fmt: skip
    load = ["mandate", "import", write(scene, RELATIONS, rows), "--source", "agents", "--json"]
    approved = [["--approved-by", name] for name in OFFICERS]
    _, found, *_, alone, both = scene.run_each(
        register(scene, director),
        ["register", "business", "show", "--kind", "tax", "--json"],
        *(["operator", "add", name, "--role", "mandate-officer"] for name in OFFICERS),
        [*load, *approved[0]],
        [*load, *approved[0], *approved[1]],
        typed=f"{TAX_REFERENCE}\n",
    )
    scene.proved(
        "a company is found by its tax reference", json.loads(found)["name"] == COMPANY, found
    )
    scene.proved("one officer alone gives nothing", "takes two people" in alone, alone)
    done = json.loads(both)
    scene.proved(
        "two officers take over who acts for whom already: nobody is asked again",
        (done["added"], done["rejected"]) == (3, 0), done,
    )  # fmt: skip


def act(scene: Scene) -> tuple[Page, Page, Page]:
    """The accountant for both of them, and the director for his company."""
    here, boss, client = scene.walk, scene.browser("accountant"), scene.browser("client")
    names = {role: one.name for role, one in here.people.items()}
    home = helping.organisation(scene, boss, "accountant", FIRM)
    pages = []
    for who in (COMPANY, TRADE):
        helping.give_to(boss.open(home.url), who, names["accountant"])
        picker, _ = here.enter(boss, "tax", "accountant", act=True)
        pages.append(helping.pick(picker, who, "The return for last year"))
        said = f"{names['accountant']}, on behalf of {who}"
        scene.proved(f'Tax says "{said}"', said in pages[-1].heading, pages[-1].heading)
    picker, _ = here.enter(client, "tax", "neighbour", act=True)
    his = helping.pick(picker, COMPANY, "See what my accountant sends")
    said = f"{names['neighbour']}, on behalf of {COMPANY}"
    scene.proved(f'and to its director "{said}"', said in his.heading, his.heading)
    return pages[0], his, pages[1]


def ceased(scene: Scene, trader: str) -> None:
    """The register learns that the company is no more."""
    scene.run_each(register(scene, trader, ceased_on="2025-03-31"))
    refused = scene.browser("client").open(f"{scene.walk.services['tax'].url}/records")
    scene.proved(
        "the company ceased: from then on nobody acts for it, not even its director",
        refused.status == 403 and refused.heading == f"You can no longer act for {COMPANY}",
        refused.text,
    )  # fmt: skip


def write(scene: Scene, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Write a file for an import."""
    file = scene.settings.data / f"{columns[0]}.csv"
    with file.open("w", newline="") as handle:
        handle.writelines(map(cells.line, [columns, *rows]))
    return str(file)
