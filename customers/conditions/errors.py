"""What is wrong with a document: problems and the error that carries all of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `path` leads to it from the document's root; `code` is stable, `message` and `hint` are for people."""

    code: str
    path: Path
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.path) or "condition"
        return f"{where}: {self.message}" + (f" {self.hint}" if self.hint else "")


class ConditionError(ValueError):
    """A document that is no condition (or no measure). `problems` holds every mistake found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(str(problem) for problem in problems))


def nearest(word: object, known: Iterable[str]) -> str:
    """'Did you mean "window"?' when one of the known words is close, else the list of them."""
    words = sorted(known)
    close = get_close_matches(str(word), words, n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Known here: {', '.join(words)}." if words else ""
