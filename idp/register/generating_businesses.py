"""Make up businesses beside made-up people: some of those trade alone, others own a company.

The same seed and people make the same businesses. The numbers pass their checks and are unique.
"""

from collections.abc import Iterable, Iterator
from random import Random

from idp.identifiers.businesses import tax_check, vat_checks
from idp.register.businesses_file import COLUMNS
from idp.register.generating import ADULT_YEARS, TODAY, Fictional
from idp.register.reading import read_day

TRADES = (
    "Plumbing", "Bakery", "Joinery", "Taxis", "Gardens", "Roofing", "Books", "Garage", "Farm",
    "Catering", "Cleaning", "Design", "Haulage", "Pottery", "Repairs", "Studio",
)  # fmt: skip
# Have no factor in common with the number of numbers: steps of them come to every one once.
_TAX_STEP, _VAT_STEP = 618_033_989, 6_180_339


def made_up_businesses(seed: int, people: Iterable[Fictional]) -> Iterator[tuple[str, ...]]:
    """Make rows of a file of businesses, by `COLUMNS`: about one for each ten grown-ups."""
    chance = Random(seed)  # noqa: S311 - nothing secret: the same seed has to make the same ones
    made = 0
    for one in people:
        if chance.random() >= 0.1 or not _may_trade(one):
            continue
        made += 1
        yield _row(chance, one, seed, made)


def _may_trade(one: Fictional) -> bool:
    born = read_day(one.row.birth_date)
    grown_up = born is not None and born.year + ADULT_YEARS < TODAY.year
    return grown_up and one.row.status in {"", "active"} and not one.row.died_on


def _row(chance: Random, one: Fictional, seed: int, place: int) -> tuple[str, ...]:
    alone = chance.random() < 0.6
    trade = TRADES[int(chance.random() * len(TRADES))]
    name = f"{one.row.family_name} {trade}" + ("" if alone else " Ltd")
    number = (seed + place) * _TAX_STEP % 1_000_000_000
    seven = f"{(seed + place) * _VAT_STEP % 10_000_000:07d}"
    fields = dict.fromkeys(COLUMNS, "") | {
        "name": name,
        "kind": "sole-trader" if alone else "company",
        "company_number": "" if alone else f"{(seed * 1_000_003 + place) % 99_999_999 + 1:08d}",
        "tax_reference": tax_check(f"{number:09d}") + f"{number:09d}",
        "vat_number": f"{seven}{vat_checks(seven)[1]:02d}" if chance.random() < 0.4 else "",
        "street_address": one.row.street_address,
        "locality": one.row.locality,
        "postal_code": one.row.postal_code,
        "country": one.row.country,
        "person_number": one.row.number if alone else "",
        "ceased_on": "2025-03-31" if chance.random() < 0.05 else "",
    }
    return tuple(fields.values())
