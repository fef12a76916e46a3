"""What verification found."""

from dataclasses import asdict, dataclass, field
from typing import Any

LISTED_PROBLEMS = 100


@dataclass(slots=True, kw_only=True)
class Report:
    """The state of the journal. Only `problems` are against it; the rest is for information.

    `problems` lists place and plain sentence, the first hundred; `problem_count` counts all.
    """

    entries: int = 0
    checkpoints: int = 0
    old_key_checkpoints: int = 0
    uncopied_checkpoints: int = 0
    unsealed: int = 0
    oldest_unsealed_seconds: float = 0.0
    problem_count: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether nothing is wrong."""
        return self.problem_count == 0

    def add(self, place: str, sentence: str) -> None:
        """Count a problem, and list it while the list is short."""
        self.problem_count += 1
        if len(self.problems) < LISTED_PROBLEMS:
            self.problems.append((place, sentence))

    def as_dict(self) -> dict[str, Any]:
        """Answer it for a program."""
        return {"ok": self.ok, **asdict(self)}
