"""The parts of a contact's name, from the one text that files give."""

from typing import NamedTuple

_COMPANY_WORDS = frozenset(
    {"ag", "bv", "bvba", "co", "company", "corp", "corporation", "ev", "foundation", "gmbh", "inc", "kg"}
    | {"limited", "llc", "llp", "ltd", "nv", "oy", "plc", "pty", "sa", "sarl", "sas", "sl", "sons", "spa"}
    | {"srl", "trust", "university"}
)
_LONGEST_PART = 100


class NameParts(NamedTuple):
    """First and last name of a person, or the name of a company."""

    given: str
    family: str
    company: str

    @property
    def full(self) -> str:
        """The name as the contact will show it."""
        return f"{self.given} {self.family}".strip() or self.company


def split_name(text: str) -> NameParts:
    """The parts of a name: "Marta Keller" and "Keller, Marta" are a person, "Keller GmbH" is a company.

    The last word is the last name; a company is known by its last word. Nothing is lost where that is wrong:
    the whole name still reads the same.
    """
    words = text.split()
    plain = " ".join(words)
    if not words or words[-1].lower().replace(".", "") in _COMPANY_WORDS:
        return NameParts("", "", plain)
    last, comma, first = plain.partition(",")
    if comma and first.strip() and "," not in first:
        given, family = first.strip(), last.strip()
    else:
        given, family = " ".join(words[:-1]), words[-1]
    if not family or len(given) > _LONGEST_PART or len(family) > _LONGEST_PART:
        return NameParts("", "", plain)
    return NameParts(given, family, "")
