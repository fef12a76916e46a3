"""Problems in policy files, told in plain sentences, and the fingerprint of a set. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: which file, where in it, and what is wrong in one plain sentence."""

    file: str
    place: str
    sentence: str

    def __str__(self) -> str:
        """The line a command prints: `services.toml: service "tax": needs an owner.`"""
        return ": ".join(part for part in (self.file, self.place, self.sentence) if part)


class PolicyProblems(Exception):
    """A set of policy files that cannot be used, with everything wrong with it, not the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order they were found: file by file, top to bottom."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def fingerprint(contents: Mapping[str, Mapping[str, object]]) -> str:
    """SHA-256 (64 hex digits) of what the files say, by file name.

    Comments, white space and the order of keys do not count: a decision made under a fingerprint
    can be made again from any copy that says the same. The order of entries counts, because a
    person is asked for methods in that order.
    """
    text = json.dumps(contents, default=_plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, date | datetime | time):
        # The type goes in too: the date 2027-01-01 and the text "2027-01-01" are different content.
        return f"{type(value).__name__}:{value.isoformat()}"
    raise TypeError(f"no policy file holds a {type(value).__name__}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean "x"?' for the known word nearest to `word`, or nothing if none is near."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.7)
    return f' Did you mean "{near[0]}"?' if near else ""


def listing(words: Iterable[str]) -> str:
    """The words as a sentence ends: `a, b or c`."""
    found = list(words)
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} or {found[-1]}"
