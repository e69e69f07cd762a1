"""Mail from the business to one person."""

from django.core import mail

from duebook.staff.mailing import letter, send_mail
from duebook.staff.models import Business


def test_a_line_break_in_the_businesss_name_keeps_no_mail_from_being_sent() -> None:
    shop = Business(name="Keller\r\nBcc: all@example.com", email="shop@example.com")

    send_mail(subject=f"Receipt · {shop.name}", text=letter("Hello"), to="marta@example.com", sender=shop)

    [message] = mail.outbox
    assert message.subject == "Receipt · Keller Bcc: all@example.com"
    assert message.recipients() == ["marta@example.com"]
    assert "\nBcc:" not in message.message().as_string()
