"""Mail from the business to one person, who answers to the business's own address."""

from smtplib import SMTPException

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from duebook.domain.errors import MailNotSent, NoEmailAddress
from duebook.staff.models import Business


def letter(*paragraphs: str) -> str:
    """The text of a message, an empty line between paragraphs."""
    return "\n\n".join(paragraphs) + "\n"


def send_mail(
    *, subject: str, text: str, to: str, sender: Business, pdf: tuple[str, bytes] | None = None
) -> None:
    """Send it now, with a PDF of that name if there is one. Raises MailNotSent."""
    message = EmailMessage(
        # A subject with a line break, as a business's name may have, is no subject and would never be sent.
        subject=" ".join(subject.split()),
        body=text,
        to=[to],
        reply_to=[sender.email] if sender.email else None,
    )
    if pdf is not None:
        message.attach(*pdf, "application/pdf")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise MailNotSent from error


def checked_address(address: str) -> str:
    """The address as it was typed, without idle spaces. Raises NoEmailAddress."""
    try:
        validate_email(address.strip())
    except ValidationError as error:
        raise NoEmailAddress from error
    return address.strip()
