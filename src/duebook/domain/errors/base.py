"""The root of every refusal, and its four kinds."""

from typing import Any, ClassVar


class DomainError(Exception):
    """The root: a code for machines, a message template for people, the values that fill it."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "This is not possible."
    field: str = ""

    def __init__(self, *, field: str | None = None, **values: Any) -> None:
        if field is not None:
            self.field = field
        self.values = values
        super().__init__(self.code, values)

    def __str__(self) -> str:
        return self.message.format(**self.values)


class Invalid(DomainError):
    code = "invalid"


class NotAllowed(DomainError):
    code = "not_allowed"


class NotFound(DomainError):
    code = "not_found"
    message = "{what} {id} was not found."


class Conflict(DomainError):
    code = "conflict"
