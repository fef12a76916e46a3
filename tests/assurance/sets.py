"""Sets of policies for tests: the sample files, and changes of them."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from idp.assurance import applying
from idp.assurance.in_force import PoliciesInForce
from idp.assurance.policy import Policies, load_policies
from idp.assurance.sets import Verdict
from idp.policy.files import packaged_directory
from idp.storage import Database

SAMPLE = Path(__file__).resolve().parents[2] / "policies"
ANN, BEN, CAT = "officer-ann", "officer-ben", "officer-cat"
HOUR = timedelta(hours=1)


@cache
def today() -> date:
    """The day of this run."""
    return datetime.now(UTC).date()


@cache
def sample() -> dict[str, str]:
    """The files of the package."""
    return applying.whole_set(SAMPLE)


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """The sample with one place in one file changed."""
    texts = sample()
    assert old in texts[file], (file, old)
    return {**texts, file: texts[file].replace(old, new, 1)}


def renamed(word: str) -> dict[str, str]:
    """The sample with another wording: no level changes by it."""
    return changed("levels.toml", 'name = "No check"', f'name = "No check, {word}"')


# One more nat before anything is done about an unusual sign-in.
LAXER = ("risk.toml", "cost_step_up = 0.25", "cost_step_up = 0.75")


def load(texts: dict[str, str]) -> Policies:
    """Work a set out."""
    return load_policies(texts, today(), fallback=packaged_directory())


def process(database: Database, folder: Path = SAMPLE) -> PoliciesInForce:
    """What one process has open."""
    return PoliciesInForce(folder, database.clock, database)


def propose(
    database: Database,
    texts: dict[str, str],
    base: Policies,
    *,
    by: str = ANN,
    starts_at: datetime | None = None,
) -> str:
    """Propose a set; it has to be a good one."""
    prepared = applying.prepare(texts, base, today())
    ref = database.transaction(
        lambda tx: applying.propose(tx, prepared, base, by=by, starts_at=starts_at)
    )
    assert not isinstance(ref, Verdict), ref
    return ref


def sign(database: Database, ref: str, base: Policies, *, by: str = BEN) -> Verdict:
    """Sign it."""
    return database.transaction(lambda tx: applying.sign(tx, ref, base, by=by, way="console"))


def apply(database: Database, house: PoliciesInForce, texts: dict[str, str]) -> str:
    """Propose, sign, and have one process put it into force."""
    ref = propose(database, texts, house.get())
    assert sign(database, ref, house.get()) is Verdict.DONE
    house.look()
    assert house.set_ref == ref
    return ref
