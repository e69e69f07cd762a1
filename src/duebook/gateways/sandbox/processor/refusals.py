"""A request that the processor refuses as it stands. Whatever was begun for it is rolled back."""


class Refusal(Exception):
    """The HTTP status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)


def no_such(thing: str, name: str) -> Refusal:
    """Nothing of that name is in the book."""
    return Refusal(404, f"no_such_{thing}", f"There is no {thing} {name!r}.")
