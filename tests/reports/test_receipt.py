"""A receipt says what was paid, on what, what remains, and whether it still stands."""

import struct
import zlib

import pytest
from django.core import mail

from duebook.contacts.models import Contact
from duebook.domain.errors import Forbidden, KeyReused, MailNotSent, NoEmailAddress, NotFound
from duebook.domain.permissions import Role
from duebook.domain.recording import Surplus
from duebook.events.models import Event
from duebook.payments.models import Payment
from duebook.payments.services.correct_payment import correct_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.queries.receipt import address_lines, receipt_of
from duebook.reports.receipt import ReceiptLine
from duebook.reports.receipt_pdf import receipt_pdf
from duebook.reports.receipt_words import how_words, mail_text, note_words, title_words
from duebook.reports.services.email_receipt import email_receipt
from duebook.staff.models import Business
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_payment,
    make_refund,
    payment_input,
    usd,
)
from tests.payments.acts import bounce
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway

pytestmark = pytest.mark.django_db


def business() -> Business:
    return Business.objects.get(pk=1)


def small_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + bytes(6))
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_receipt_says_what_was_paid_on_what_and_what_remains():
    invoice = make_invoice("100.00", title="Website")
    payment = make_payment("40.00", invoice=invoice, reference="4471")

    receipt = receipt_of(payment.pk)

    assert receipt.number == f"P-{payment.number}"
    assert receipt.amount == usd("40.00")
    assert receipt.lines == (ReceiptLine(str(invoice), "Website", usd("40.00"), usd("60.00")),)
    assert receipt.credit == usd("0.00")
    assert receipt.stands
    assert note_words(receipt, business()) == []


def test_a_receipt_of_a_charge_names_the_card_and_not_the_charge(gateway: FakeGateway):
    payment = a_charged_payment()

    receipt = receipt_of(payment.pk)

    assert receipt.reference.startswith("C-")
    assert how_words(receipt) == "Visa •••• 4242"
    assert "(Visa •••• 4242)" in mail_text(receipt, business())


def test_what_no_invoice_took_is_credit_on_account():
    payment = make_payment("140.00", invoice=make_invoice("100.00"), surplus=Surplus.KEEP_AS_CREDIT)

    receipt = receipt_of(payment.pk)

    assert receipt.credit == usd("40.00")
    assert "$40.00 stays as credit on your account." in mail_text(receipt, business())


def test_a_corrected_receipt_names_the_one_it_replaces_and_the_other_way_round():
    invoice = make_invoice("100.00")
    wrong = make_payment("40.00", invoice=invoice)
    right = correct_payment(
        payment_id=wrong.pk,
        wanted=payment_input("45.00", invoice=invoice),
        reason="read the check again",
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )

    new, old = receipt_of(right.payment_id), receipt_of(wrong.pk)

    assert (new.replaces, new.replaced_by, new.stands) == (f"P-{wrong.number}", "", True)
    assert (old.replaces, old.replaced_by, old.stands) == ("", f"P-{right.number}", False)
    assert title_words(new) == f"Corrected receipt P-{right.number}"
    assert note_words(new, business()) == [f"Replaces P-{wrong.number}, which is no longer valid."]
    assert note_words(old, business())[1] == f"It was replaced by P-{right.number}."
    assert old.lines == ()


def test_an_undone_payment_says_so_on_its_receipt():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    reverse_payment(payment_id=payment.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())

    receipt = receipt_of(payment.pk)

    assert receipt.undone_on == day()
    assert "This payment was undone on" in note_words(receipt, business())[0]
    assert "thank you" not in mail_text(receipt, business())


@pytest.mark.parametrize(("amount", "stands"), [("15.00", True), ("40.00", False)])
def test_a_receipt_says_how_much_was_refunded(amount, stands):
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    make_refund(payment, amount)

    receipt = receipt_of(payment.pk)

    assert (receipt.refunded, receipt.stands) == (usd(amount), stands)
    assert note_words(receipt, business()) == [f"${amount} of this payment was refunded."]
    assert ("thank you" in mail_text(receipt, business())) is stands


def test_a_returned_payment_says_so_on_its_receipt():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    bounce(payment)

    receipt = receipt_of(payment.pk)

    assert receipt.returned_on == day()
    assert "The bank took this payment back on" in note_words(receipt, business())[0]


def test_an_adjustment_is_no_receipt_of_money():
    payment = make_payment("40.00", invoice=make_invoice("100.00"), type_label="Adjustment")

    receipt = receipt_of(payment.pk)

    assert title_words(receipt) == f"Adjustment P-{payment.number}"
    assert "We received" not in mail_text(receipt, business())


def test_an_address_has_no_empty_lines():
    contact = Contact(
        company="Keller Studio", line1="Mill Lane 1", city="Salem", region="OR", postal_code="97301"
    )
    contact.name = "Marta Keller"

    assert address_lines(contact) == ("Marta Keller", "Keller Studio", "Mill Lane 1", "97301 Salem, OR")


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "ja_JP"])
def test_the_pdf_is_set_from_data_that_looks_like_markup(locale: str):
    contact = make_contact("#panic() *Söhne* $x$ \\ [")
    payment = make_payment("40.00", invoice=make_invoice("100.00", contact=contact, title="= #read()"))
    Business.objects.update(name="#import", address="1 Mill Lane\n#{}", locale=locale)

    pdf = receipt_pdf(receipt_of(payment.pk), business())

    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("logo", "kind"), [(small_png(), "image/png"), (b"\x89PNG\r\n\x1a\nno", "image/png")]
)
def test_the_pdf_carries_the_logo_and_does_without_a_broken_one(logo: bytes, kind: str):
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    Business.objects.update(logo=logo, logo_type=kind)

    assert receipt_pdf(receipt_of(payment.pk), business()).startswith(b"%PDF-")


def test_the_receipt_goes_to_the_contact_with_the_pdf_attached():
    Business.objects.update(name="Studio", email="office@studio.example")
    payment = make_payment("40.00", invoice=make_invoice("100.00", title="Website"), reference="4471")

    sent = email_receipt(payment_id=payment.pk, request_key=key(), actor=SYSTEM)

    (message,) = mail.outbox
    assert (sent.address, sent.repeated) == ("acme@example.com", False)
    assert message.to == ["acme@example.com"]
    assert message.reply_to == ["office@studio.example"]
    assert message.subject == f"Receipt P-{payment.number} · Studio"
    assert "We received $40.00 on" in message.body
    assert "Website: $40.00 applied, $60.00 remains due." in message.body
    name, content, kind = message.attachments[0]
    assert (name, kind) == (f"receipt-P-{payment.number}.pdf", "application/pdf")
    assert content.startswith(b"%PDF-")
    event = Event.objects.get(name="receipt.emailed")
    assert event.payment_id == payment.pk
    assert event.payload["address"] == "acme@example.com"


def test_another_address_may_be_given():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))

    email_receipt(
        payment_id=payment.pk, request_key=key(), actor=actor(Role.CLERK), address=" books@acme.example "
    )

    assert mail.outbox[0].to == ["books@acme.example"]


def test_the_same_request_sends_one_message():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    email_receipt(payment_id=payment.pk, request_key="k", actor=SYSTEM)

    again = email_receipt(payment_id=payment.pk, request_key="k", actor=SYSTEM)

    assert again.repeated
    assert len(mail.outbox) == 1
    with pytest.raises(KeyReused):
        email_receipt(payment_id=payment.pk, request_key="k", actor=SYSTEM, address="x@example.com")


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "a@example.com\nBcc: b@example.com"])
def test_no_message_without_a_good_address(address: str):
    payment = make_payment("40.00", invoice=make_invoice("100.00"))

    with pytest.raises(NoEmailAddress):
        email_receipt(payment_id=payment.pk, request_key=key(), actor=SYSTEM, address=address)

    assert mail.outbox == []
    assert not Event.objects.filter(name="receipt.emailed").exists()


def test_a_viewer_sends_nothing():
    payment = make_payment("40.00", invoice=make_invoice("100.00"))

    with pytest.raises(Forbidden):
        email_receipt(payment_id=payment.pk, request_key=key(), actor=actor(Role.VIEWER))

    assert mail.outbox == []


def test_there_is_no_receipt_of_nothing():
    assert not Payment.objects.exists()
    with pytest.raises(NotFound):
        email_receipt(payment_id=1, request_key=key(), actor=SYSTEM)


def test_a_mail_server_that_refuses_leaves_no_event(settings):
    payment = make_payment("40.00", invoice=make_invoice("100.00"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with pytest.raises(MailNotSent):
        email_receipt(payment_id=payment.pk, request_key=key(), actor=SYSTEM)

    assert not Event.objects.filter(name="receipt.emailed").exists()


def test_a_receipt_says_what_a_bank_took_back_until_the_dispute_is_won(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    open_dispute(gateway, 4000)
    disputed = receipt_of(payment.pk)
    decide_dispute(gateway, "won")
    open_dispute(gateway)

    note = "$40.00 of this payment is disputed at the bank, which has taken it back."
    assert (disputed.stands, note_words(disputed, business())) == (True, [note])
    assert not receipt_of(payment.pk).stands
