"""What is wrong with a document, and where. Finding problems is the business of the other modules."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """A problem at a path of the document, before it is mapped to a line.

    `on_key` says that the key itself is at fault (unknown, unsupported), not its value.
    """

    path: Path
    code: str
    message: str
    hint: str = ""
    on_key: bool = False
    severity: str = "error"


@dataclass(frozen=True, order=True)
class Problem:
    """A problem at a line and column, both counted from 1."""

    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.line}:{self.column} {self.code} {self.message}{tail}"


class DocumentError(Exception):
    """The text is not a playbook. `problems` holds every reason, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = sorted(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be, or None."""
    matches = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The hint for a name that is not known: the nearest one, else the whole list."""
    names = sorted(known)
    match = nearest(name, names)
    return f"did you mean `{match}`?" if match else f"known: {', '.join(names)}"
