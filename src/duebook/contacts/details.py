"""What a contact consists of when people write it: one frozen value for adding and editing."""

from dataclasses import asdict, dataclass
from typing import Any

from duebook.domain.errors import ContactNeedsName


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """A contact as it is typed; the name is made of the first three."""

    given_name: str = ""
    family_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""

    def check(self) -> None:
        """Raise ContactNeedsName for someone who could not be found again."""
        if not (self.given_name.strip() or self.family_name.strip() or self.company.strip()):
            raise ContactNeedsName

    def columns(self) -> dict[str, Any]:
        """The values of the row, without idle spaces; each tag once, in its order."""
        values: dict[str, Any] = {
            name: value.strip() if isinstance(value, str) else value for name, value in asdict(self).items()
        }
        values["tags"] = list(dict.fromkeys(tag.strip() for tag in self.tags if tag.strip()))
        return values
