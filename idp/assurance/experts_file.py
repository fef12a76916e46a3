"""experts.toml: people in other bodies who know a kind of service and help to assess the next.

The list helps and decides nothing. Source: Transformational Government (2005), 140 and 141(4).
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from idp.assurance.files import Category, CustomerGroup, MetaEntry, Text, several
from idp.policy.files import FileModel
from idp.policy.rules import Problem

EXPERTS = "experts.toml"
NAMED_AT_MOST = 3


class ExpertEntry(FileModel):
    """Somebody to ask: what harms and whose services they know, and how to reach them."""

    name: Text
    body: Text
    knows: Annotated[tuple[Category, ...], Field(strict=False, min_length=1)]
    customers: Annotated[tuple[CustomerGroup, ...], Field(strict=False, min_length=1)]
    contact: Text


class ExpertsFile(FileModel):
    """experts.toml."""

    meta: MetaEntry
    expert: Annotated[tuple[ExpertEntry, ...], several()] = ()


def check_experts(file: ExpertsFile) -> Iterator[Problem]:
    """Each person listed once."""
    names = [entry.name for entry in file.expert]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Problem(EXPERTS, "expert", f'"{name}" is listed more than once.')


def experts_for(
    experts: Sequence[ExpertEntry], *, customers: str | None, harms: Sequence[str] = ()
) -> list[ExpertEntry]:
    """Those who know most about such a service, best first; nobody who knows nothing of it.

    Knowing the customers counts twice, each of the `harms` once; ties keep the file's order.
    """

    def worth(expert: ExpertEntry) -> int:
        return 2 * (customers in expert.customers) + len(set(harms) & set(expert.knows))

    found = sorted((expert for expert in experts if worth(expert)), key=worth, reverse=True)
    return found[:NAMED_AT_MOST]
