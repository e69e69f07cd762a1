"""The pages of payouts, from building to the statement in the mail."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from duebook.commissions.models import Payout, PayoutBatch
from duebook.domain.permissions import Role
from duebook.partners.models import Partner
from duebook.reports.queries.partner_statement import statement_of
from duebook.reports.services.email_statement import email_statement
from duebook.staff.models import Business
from duebook.web.formats import short_date
from tests.factories import (
    SYSTEM,
    day,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_user,
)
from tests.payments.acts import bounce
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def earning(name: str = "Dana", code: str = "DANA1", paid: str = "100.00", **fields: Any) -> Partner:
    """A partner who has earned 10 % of what was paid, a month ago."""
    partner = make_partner(name, code=code, **fields)
    make_program(partner, name=f"Program of {code}", hold_days=0)
    invoice = make_invoice("100.00", lead_partner_id=partner.pk, ordered_on=day(-40))
    make_payment(paid, invoice=invoice, received_on=day(-35))
    return partner


def build(client: Client, **typed: Any) -> Any:
    form = client.get("/payouts/new/")
    return client.post("/payouts/new/", fields_of(form, build="1", **typed), follow=True)


def built(client: Client, **typed: Any) -> PayoutBatch:
    build(client, **typed)
    return PayoutBatch.objects.get()


def act(client: Client, batch: PayoutBatch, what: str, **typed: Any) -> Any:
    form = client.get(f"/payouts/{batch.pk}/{what}/")
    return client.post(f"/payouts/{batch.pk}/{what}/", fields_of(form, **typed), follow=True)


def approved(client: Client) -> PayoutBatch:
    """A batch that Olga built and Paul approved; Paul is signed in."""
    sign_in(client, Role.OWNER)
    batch = built(client)
    sign_in(client, Role.PARTNER_MANAGER)
    act(client, batch, "approval")
    batch.refresh_from_db()
    assert batch.state == PayoutBatch.States.APPROVED
    return batch


def test_the_preview_says_who_gets_what_and_who_is_carried_forward(client: Client) -> None:
    sign_in(client)
    earning()
    earning("Bert", "BERT1", paid="30.00")

    form = client.get("/payouts/new/")
    answer = client.post("/payouts/new/", fields_of(form, minimum="5.00", preview="1"))

    page = text_of(answer)
    assert "1 partner is paid 10.00" in page
    assert "1 partner is carried forward 3.00" in page
    assert "Bert below the minimum 3.00" in page
    assert not PayoutBatch.objects.exists()


def test_a_batch_is_built_approved_by_another_person_and_paid(client: Client) -> None:
    earning(payout_details="IBAN DE02")
    batch = approved(client)

    page = text_of(act(client, batch, "payment", reference="SEPA 7"))

    batch.refresh_from_db()
    assert (batch.state, batch.paid_on, batch.paid_method) == (
        PayoutBatch.States.PAID,
        day(),
        "Bank transfer",
    )
    assert f"{batch} is marked as paid." in page
    assert "Built by Olga" in page
    assert "Approved by Paul" in page
    assert "Bank transfer SEPA 7 (Paul)" in page
    assert f"{batch} Paid" in text_of(client.get("/payouts/"))


def test_building_for_some_partners_takes_only_them(client: Client) -> None:
    sign_in(client)
    earning()
    bert = earning("Bert", "BERT1")

    built(client, partners="bert1")

    assert Payout.objects.get().partner_id == bert.pk


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"cut_off_on": "2199-01-01"}, "is in the future"),
        ({"partners": "NOBODY"}, "There is no partner with the code NOBODY."),
        ({"minimum": "-1"}, "A minimum is zero or more."),
        ({"currency": "XXQ"}, "Enter the three letters of a currency"),
        ({"minimum": "99.00"}, "Nothing is payable up to"),
    ],
)
def test_a_refused_batch_says_why_and_builds_nothing(
    client: Client, typed: dict[str, str], words: str
) -> None:
    sign_in(client)
    earning()

    answer = build(client, **typed)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not PayoutBatch.objects.exists()


def test_nobody_approves_the_own_batch_where_another_person_could(client: Client) -> None:
    earning()
    make_user(role=Role.PARTNER_MANAGER)
    sign_in(client)
    batch = built(client)
    PayoutBatch.objects.update(built_at=timezone.now() - timedelta(hours=99))

    page = text_of(client.get(f"/payouts/{batch.pk}/"))
    form = client.get(f"/payouts/{batch.pk}/approval/")
    answer = act(client, batch, "approval")

    assert "You built this payout. Another person approves it." in page
    assert "You built this payout. Another person approves it." in text_of(form)
    assert "Approve Payout" not in text_of(form)
    assert answer.status_code == 422
    assert "Ask another person to approve it." in text_of(answer)
    batch.refresh_from_db()
    assert batch.state == PayoutBatch.States.BUILT


def test_one_person_alone_is_told_when_and_why_and_approves_it_a_day_later(client: Client) -> None:
    earning()
    make_user(role=Role.CLERK)
    sign_in(client)
    told = text_of(build(client))
    batch = PayoutBatch.objects.get()
    url = f"/payouts/{batch.pk}/"

    soon = client.get(url)
    early = act(client, batch, "approval")
    PayoutBatch.objects.update(built_at=timezone.now() - timedelta(hours=24))
    late = client.get(url)
    done = act(client, batch, "approval")

    assert "is built. Nobody else can approve it, so you may do it yourself in a day." in told
    assert "But nobody else here could, so you may do it yourself a day later." in text_of(soon)
    assert "You can approve it from" in text_of(soon)
    assert f"{url}approval/" not in soon.content.decode()
    assert early.status_code == 422
    assert "Nobody else can approve it, so you may do it yourself, but not before" in text_of(early)
    assert "Approve Payout" not in text_of(early)
    assert f"{url}approval/" in late.content.decode()
    assert f"{batch} is approved." in text_of(done)
    assert "nobody else was there" in text_of(client.get(url))


def test_a_rejected_batch_needs_a_reason_and_frees_its_commissions(client: Client) -> None:
    earning()
    sign_in(client)
    batch = built(client)

    assert act(client, batch, "rejection", reason=" ").status_code == 422
    assert "Reason optional" not in text_of(client.get(f"/payouts/{batch.pk}/rejection/"))
    page = text_of(act(client, batch, "rejection", reason="Wrong minimum"))

    assert "Rejected by Olga" in page
    assert "Wrong minimum" in page
    build(client)
    assert PayoutBatch.objects.count() == 2


def test_the_bank_file_has_a_line_for_each_partner(client: Client) -> None:
    earning(name="=Dana", payout_details="IBAN DE02\n BIC X")
    batch = approved(client)

    answer = client.get(f"/payouts/{batch.pk}/bank.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()

    assert lines[1] == f"'=Dana,Bank transfer,IBAN DE02 BIC X,10.00,USD,{batch} DANA1"


def test_there_is_no_bank_file_before_the_approval(client: Client) -> None:
    earning()
    sign_in(client)
    batch = built(client)

    assert client.get(f"/payouts/{batch.pk}/bank.csv").status_code == 422


def test_the_statement_is_a_page_and_a_pdf(client: Client) -> None:
    dana = earning(name="Dana #strong[x]")
    batch = approved(client)

    page = text_of(client.get(f"/payouts/{batch.pk}/statements/{dana.pk}/"))
    file = client.get(f"/payouts/{batch.pk}/statements/{dana.pk}.pdf")

    assert f"Commission statement {batch}" in page
    assert "Acme Lead Payment $10.00" in page
    assert f"Commissions payable up to {short_date(batch.cut_off_on, Business.objects.get())}" in page
    assert file.content.startswith(b"%PDF")
    assert client.get(f"/payouts/{batch.pk}/statements/404404/").status_code == 404


def test_a_late_dated_commission_is_marked_on_the_statement(client: Client) -> None:
    dana = earning(paid="50.00")
    sign_in(client)
    batch = built(client, cut_off_on=day(-20).isoformat())
    invoice = dana.accruals.get().invoice
    make_payment("20.00", invoice=invoice, received_on=day(-30))
    make_payment("10.00", invoice=invoice, received_on=day(-10))

    build(client)

    later = PayoutBatch.objects.exclude(pk=batch.pk).get()
    statement = statement_of(batch_id=later.pk, partner_id=dana.pk)
    assert [(line.amount.minor, line.late) for line in statement.lines] == [(200, True), (100, False)]
    page = text_of(client.get(f"/payouts/{later.pk}/statements/{dana.pk}/"))
    assert f"dated in a time that {batch} had settled already" in page
    assert "2 1 late-dated" in text_of(client.get(f"/payouts/{later.pk}/"))


def test_a_clawback_lowers_the_statement(client: Client) -> None:

    dana = earning(paid="50.00")
    invoice = dana.accruals.get().invoice
    bad = make_payment("20.00", invoice=invoice, received_on=day(-30))
    bounce(bad, returned_on=day(-2))
    sign_in(client)
    batch = built(client)

    statement = statement_of(batch_id=batch.pk, partner_id=dana.pk)

    assert (statement.earned.minor, statement.taken_back.minor, statement.total.minor) == (700, -200, 500)


def test_a_statement_is_sent_by_e_mail_once(client: Client) -> None:
    dana = earning()
    batch = approved(client)
    payout = Payout.objects.get()

    answer = act(client, batch, f"statements/{dana.pk}/message")
    again = {"payout_id": payout.pk, "request_key": "k", "actor": SYSTEM}
    email_statement(**again)
    repeated = email_statement(**again)

    assert f"Statement of {batch} sent to dana@example.com." in text_of(answer)
    assert repeated.repeated
    assert [message.to for message in mail.outbox] == [["dana@example.com"]] * 2
    assert mail.outbox[0].attachments[0].filename == f"statement-{batch}.pdf"
    assert "you get $10.00 for your commissions" in mail.outbox[0].body


def test_all_statements_are_sent_in_the_background(client: Client) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    earning()
    bert = earning("Bert", "BERT1")
    bert.contact.email = ""
    bert.contact.save()
    batch = approved(client)

    page = text_of(client.get(f"/payouts/{batch.pk}/statements/message/"))
    done = act(client, batch, "statements/message")

    assert "1 partner has no e-mail address." in page
    assert "1 statement is on its way." in text_of(done)
    job = ProcrastinateJob.objects.get(task_name="email_statement")
    assert job.args == {"payout_id": Payout.objects.get(partner__name="Dana").pk}


def test_rights_decide_what_one_may_do(client: Client) -> None:
    earning()
    batch = approved(client)
    partner_id = Partner.objects.get().pk
    views = ["/payouts/", f"/payouts/{batch.pk}/", f"/payouts/{batch.pk}/statements/{partner_id}/"]
    acts = [
        *("/payouts/new/", f"/payouts/{batch.pk}/bank.csv", f"/payouts/{batch.pk}/statements/message/"),
        *(f"/payouts/{batch.pk}/{what}/" for what in ("approval", "payment")),
    ]

    sign_in(client, Role.CLERK)
    assert {client.get(address).status_code for address in [*views, *acts]} == {403}

    sign_in(client, Role.MANAGER)
    assert {client.get(address).status_code for address in views} == {200}
    assert {client.get(address).status_code for address in acts} == {403}
    refused = act(client, batch, "rejection", reason="No")
    assert refused.status_code == 403
    batch.refresh_from_db()
    assert batch.state == PayoutBatch.States.APPROVED


def test_a_batch_of_many_partners_costs_no_more_queries(client: Client) -> None:
    earning()
    earning("Bert", "BERT1")
    sign_in(client)
    few = built(client, partners="DANA1")
    make_payment(
        "1.00", invoice=make_invoice(lead_partner_id=Partner.objects.get(code="DANA1").pk, ordered_on=day(-9))
    )
    build(client)
    many = PayoutBatch.objects.exclude(pk=few.pk).get()

    def queries(batch: PayoutBatch) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/payouts/{batch.pk}/").status_code == 200
        return len(captured)

    queries(few)
    assert many.payouts.count() == 2
    assert queries(many) == queries(few) <= 9
