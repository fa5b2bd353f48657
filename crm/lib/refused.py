"""How a verb says no. Verbs raise these without knowing the API; crm.lib.problems turns them into answers."""

from typing import Any


class Refused(Exception):
    """A verb said no. Subclasses set `code`; the text is a sentence for people. Never half-written: raise inside the transaction."""

    code = "refused"
    status = 422

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


class Conflict(Refused):
    """What was sent contradicts what is stored."""

    code = "conflict"
    status = 409
