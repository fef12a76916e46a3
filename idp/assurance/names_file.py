"""names.toml as frozen models, and what only shows beside other entries: how names are compared."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from idp.assurance.files import MetaEntry, Text, several
from idp.policy.files import FileModel
from idp.policy.rules import Problem
from idp.register.names import Names, fold, names_of

NAMES = "names.toml"


class RulesEntry(FileModel):
    """How long a name must be for a slip to be forgiven; words that belong to the next one.

    Of three letters, half of all names are one slip apart, so no file may go there.
    """

    first_name_slip_letters: Annotated[int, Field(ge=5, le=20)]
    family_name_slip_letters: Annotated[int, Field(ge=4, le=20)]
    particles: Annotated[tuple[Text, ...], several()] = ()


class GroupEntry(FileModel):
    """One first name: `id` and `also` are spellings of it, `short` what people call it."""

    id: Text
    also: Annotated[tuple[Text, ...], several()] = ()
    short: Annotated[tuple[Text, ...], several()] = ()

    @property
    def whole(self) -> tuple[str, ...]:
        """Every spelling of the whole name."""
        return (self.id, *self.also)

    @model_validator(mode="after")
    def _says_something(self) -> "GroupEntry":
        for word in (*self.whole, *self.short):
            if len(fold(word)) != 1:
                raise ValueError(f'"{word}" must be one word of letters.')
        if len(self.whole) + len(self.short) < 2:
            raise ValueError('A group needs "also" or "short"; a name alone belongs to "alone".')
        return self


class FirstNamesEntry(FileModel):
    """The groups, and the names that stand `alone` and are never a slip in another."""

    group: Annotated[tuple[GroupEntry, ...], several()] = ()
    alone: Annotated[tuple[Text, ...], several()] = ()


class NamesFile(FileModel):
    """names.toml."""

    meta: MetaEntry
    rules: RulesEntry
    first_names: FirstNamesEntry

    def names(self) -> Names:
        """The lists as the matching asks for them."""
        return names_of(
            [(entry.whole, entry.short) for entry in self.first_names.group],
            known=self.first_names.alone,
            particles=self.rules.particles,
            first_slip=self.rules.first_name_slip_letters,
            family_slip=self.rules.family_name_slip_letters,
        )


def check_names(file: NamesFile) -> Iterator[Problem]:
    """A whole name stands in one group and is short for no other: else two names would be one.

    Mother and daughter may be Margaret and Megan.
    """
    stands_in: dict[str, str] = {}
    for entry in file.first_names.group:
        place = f'first_names > group "{entry.id}"'
        for word in entry.whole:
            first = stands_in.setdefault(fold(word)[0], entry.id)
            if first != entry.id:
                sentence = f'"{word}" already belongs to the group "{first}".'
                yield Problem(NAMES, place, sentence)
    for entry in file.first_names.group:
        place = f'first_names > group "{entry.id}"'
        for word in entry.short:
            first = stands_in.get(fold(word)[0], entry.id)
            if first != entry.id:
                sentence = f'"{word}" is a whole name, of the group "{first}".'
                yield Problem(NAMES, f"{place} > short", sentence)
        folded = [fold(word)[0] for word in (*entry.whole, *entry.short)]
        for word in dict.fromkeys(word for word in folded if folded.count(word) > 1):
            yield Problem(NAMES, place, f'"{word}" is listed more than once, accents apart.')
