"""The pages on which one person asks and another decides: refunds above a limit, outcomes."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Right, Role, Source
from duebook.domain.second_person import Outcome, OutcomeInput
from duebook.events.models import Event
from duebook.gateways.protocol import NothingHappened
from duebook.payments.models import (
    GatewayRefund,
    OutcomeProposal,
    Payment,
    Refund,
    RefundRequest,
    RefundResolution,
)
from duebook.payments.to_decide import count_to_decide
from duebook.staff.models import RoleLimit, User
from duebook.staff.queries import actor_for
from tests.factories import actor, key, make_invoice, make_payment, make_refund, make_user
from tests.payments.charging import a_charged_payment
from tests.payments.fake_gateway import FakeGateway
from tests.payments.outcomes import aged, asked_out, propose, propose_refund, refund_asked_out
from tests.payments.refunding import refund
from tests.payments.services.test_refund_requests import ask, paid
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def limit_refunds(minor: int | None = 3000, *, a_day: int | None = None) -> None:
    RoleLimit.objects.create(
        role="manager",
        right=Right.REFUND.value,
        currency="USD",
        amount_minor=minor,
        per_day_minor=a_day,
    )


def as_mia(client: Client) -> User:
    return sign_in(client, Role.MANAGER)


def as_olga() -> Client:
    client = Client()
    client.force_login(make_user(role=Role.OWNER))
    return client


def send(client: Client, payment: Payment, **typed: Any) -> Any:
    page = client.get(f"/payments/{payment.pk}/refunds/")
    return client.post(
        f"/payments/{payment.pk}/refunds/",
        fields_of(page, **{"amount": "40", "reason": "Came back", **typed}),
        follow=True,
    )


@pytest.mark.parametrize("limits", [{"minor": 3000}, {"minor": None, "a_day": 3000}])
@pytest.mark.parametrize("to_card", [False, True])
def test_above_the_limit_one_asks_and_an_owner_approves(
    client: Client,
    gateway: FakeGateway,
    limits: dict[str, Any],
    to_card: bool,
) -> None:
    mia = as_mia(client)
    limit_refunds(**limits)
    payment = a_charged_payment() if to_card else paid()

    refused = send(client, payment)
    asked = send(client, payment, ask="1")
    request = RefundRequest.objects.get()
    olga = as_olga()
    page = olga.get(f"/refund-requests/{request.pk}/")
    done = olga.post(f"/refund-requests/{request.pk}/", fields_of(page), follow=True)
    again = olga.post(f"/refund-requests/{request.pk}/", fields_of(page), follow=True)

    assert refused.status_code == 422
    assert "above" in text_of(refused)
    assert "Another person, whose limit allows it, can approve it" in text_of(refused)
    assert "Ask for approval" in text_of(refused)
    assert "The refund waits for another person’s approval. Nothing has gone back yet." in text_of(asked)
    assert "A refund of 40.00 waits for another person’s approval: Came back" in text_of(asked)
    assert request.asked_by_id == mia.pk
    assert f"Asked for by {mia}" in text_of(page)
    assert "What this will do" in text_of(page)
    assert "Nothing is refunded until it is approved." in text_of(page)
    said = f"40.00 of {payment} went back to Visa" if to_card else f"40.00 of {payment} is refunded."
    assert said in text_of(done)
    assert again.status_code == 200
    assert Refund.objects.get().amount_minor == 4000
    assert "Refund of 40.00 of" in text_of(client.get(f"/payments/{payment.pk}/"))


def test_within_the_limit_nobody_is_asked(client: Client) -> None:
    as_mia(client)
    limit_refunds()

    done = send(client, paid(), amount="30")

    assert "is refunded." in text_of(done)
    assert not RefundRequest.objects.exists()


def test_who_asked_sees_what_it_would_do_and_may_withdraw_but_not_approve(client: Client) -> None:
    mia = as_mia(client)
    limit_refunds()
    request = ask(paid(), actor=actor(user_id=mia.pk))
    url = f"/refund-requests/{request.pk}/"

    page = client.get(url)
    listed = text_of(client.get("/decisions/"))
    refused = client.post(url, fields_of(page))
    withdrawn = client.post(f"{url}withdrawal/", fields_of(page), follow=True)

    text = text_of(page)
    assert "You asked for it, so another person decides." in text
    assert "Nothing is refunded until another person approves." in text
    assert "40.00 Look at it" in listed
    assert "Approve or reject" not in listed
    assert "Approve" not in text.replace("to approve", "")
    assert "40.00 is owed again." in text
    assert refused.status_code == 422
    assert "You asked for this yourself. Ask another person to approve it." in text_of(refused)
    assert "Withdrawn. Nothing is refunded." in text_of(withdrawn)
    assert RefundRequest.objects.get().state == "withdrawn"
    assert "Withdrawn" in text_of(client.get(url))


def test_who_may_not_refund_so_much_either_approves_nothing(client: Client) -> None:
    as_mia(client)
    limit_refunds()
    request = ask(paid())
    url = f"/refund-requests/{request.pk}/"
    page = client.get(url)
    before = everything()

    answer = client.post(url, fields_of(page))

    assert "40.00 is above your limit of 30.00." in text_of(page)
    assert answer.status_code == 422
    assert everything() == before


def test_an_approval_that_the_books_no_longer_allow_says_why_and_changes_nothing(client: Client) -> None:
    sign_in(client)
    payment = paid()
    request = ask(payment)
    page = client.get(f"/refund-requests/{request.pk}/")
    make_refund(payment, "80.00")
    before = everything()

    answer = client.post(f"/refund-requests/{request.pk}/", fields_of(page))

    assert answer.status_code == 422
    assert text_of(answer).count("20.00") == 2
    assert everything() == before


def test_a_rejection_keeps_the_reason_for_who_asked(client: Client) -> None:
    sign_in(client)
    request = ask(paid())
    url = f"/refund-requests/{request.pk}/rejection/"

    unsaid = client.post(url, fields_of(client.get(url), reason=" "))
    done = client.post(url, fields_of(client.get(url), reason="Ask the shipper first"), follow=True)

    assert unsaid.status_code == 422
    assert "Rejected. Nothing is refunded." in text_of(done)
    decided = text_of(client.get(f"/refund-requests/{request.pk}/"))
    assert "Why Ask the shipper first" in decided
    assert f"Refund of {request.payment} that was asked for" in decided
    assert "to approve" not in decided


@pytest.mark.parametrize("role", [Role.CLERK, Role.VIEWER])
def test_those_who_may_not_refund_see_no_request(client: Client, role: Role) -> None:
    sign_in(client, role)
    request = ask(paid())
    url = f"/refund-requests/{request.pk}/"

    answers = [client.get(url), *(client.post(u, {"request_key": key()}) for u in (url, f"{url}rejection/"))]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert "Approve or reject" not in text_of(client.get("/decisions/"))
    assert RefundRequest.objects.get().state == "waiting"


def test_a_waiting_request_stands_on_money_needing_a_decision(client: Client) -> None:
    sign_in(client)
    request = ask(paid())

    text = text_of(client.get("/decisions/"))

    assert "Refunds that wait for approval" in text
    assert f"{request.payment} By hand" in text
    assert "Acme Not satisfied 40.00 Approve or reject" in text
    assert count_to_decide() == 1


def test_an_unknown_charge_is_settled_by_two_persons(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    charge = asked_out(gateway)
    url = f"/charges/{charge.pk}/outcome/"
    assert "Settle by hand" in text_of(client.get(f"/charges/{charge.pk}/"))
    assert "and nobody asks any more" in text_of(client.get(f"/charges/{charge.pk}/"))
    listed = text_of(client.get("/decisions/"))
    assert "Unknown: the processor does not say" in listed
    assert "we are asking" not in listed
    assert "Settle by hand" in listed
    form = client.get(url)

    unsaid = client.post(url, fields_of(form, outcome="happened", reason="Seen"))
    asked = client.post(
        url, fields_of(form, outcome="happened", reference="pay_42", reason="Seen"), follow=True
    )
    proposal = OutcomeProposal.objects.get()
    assert "Settle by hand" not in text_of(client.get("/decisions/"))
    own = client.get(f"/outcomes/{proposal.pk}/")
    olga = as_olga()
    page = olga.get(f"/outcomes/{proposal.pk}/")
    done = olga.post(f"/outcomes/{proposal.pk}/", fields_of(page), follow=True)

    assert unsaid.status_code == 422
    assert "Enter what the card processor calls it on its own pages." in text_of(unsaid)
    assert "What you saw waits for another person’s approval." in text_of(asked)
    assert "What a person saw at the processor waits for approval." in text_of(asked)
    assert "You said it, so another person decides." in text_of(own)
    assert "It happened" in text_of(page)
    assert "Reference pay_42" in text_of(page)
    assert f"{charge}: Approved." in text_of(done)
    assert "It was settled by hand: approved." in text_of(done)
    assert Payment.objects.get().charge_id == charge.pk


def test_one_person_alone_is_told_when_and_why_and_settles_it_a_day_later(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    charge = asked_out(gateway)
    form = client.get(f"/charges/{charge.pk}/outcome/")
    typed = fields_of(form, outcome="happened", reference="pay_42", reason="Seen")
    asked = client.post(f"/charges/{charge.pk}/outcome/", typed, follow=True)
    proposal = OutcomeProposal.objects.get()
    url = f"/outcomes/{proposal.pk}/"

    soon = client.get(url)
    early = client.post(url, fields_of(soon))
    aged(proposal)
    late = client.get(url)
    done = client.post(url, fields_of(late), follow=True)

    assert "nobody else here can approve it, so you may do it yourself a day later" in text_of(form)
    assert "Keep what I saw" in text_of(form)
    assert "Ask for approval" not in text_of(form)
    assert "Nobody else can approve what you saw, so you may do it yourself in a day." in text_of(asked)
    assert "But nobody else here could approve it" in text_of(soon)
    assert "You can approve it from" in text_of(soon)
    assert ">Approve<" not in soon.content.decode()
    assert early.status_code == 422
    assert "Nobody else can approve it, so you may do it yourself, but not before" in text_of(early)
    assert ">Approve<" in late.content.decode()
    assert f"{charge}: Approved." in text_of(done)
    assert Payment.objects.get().charge_id == charge.pk
    history = text_of(client.get(f"/contacts/{charge.contact_id}/history/"))
    assert "“It happened” approved by who said it; nobody else was there." in history
    assert "nobody else was there" in text_of(client.get(url))


def test_the_form_is_not_offered_again_while_an_outcome_waits(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    charge = asked_out(gateway)
    proposal = propose(charge)

    page = client.get(f"/charges/{charge.pk}/outcome/")

    assert "An outcome waits for approval already. Look at it" in text_of(page)
    assert f'href="/outcomes/{proposal.pk}/"' in page.content.decode()
    assert "What became of it?" not in text_of(page)
    assert "Ask for approval" not in text_of(page)


def test_a_second_person_who_may_sign_in_is_needed_at_once(client: Client, gateway: FakeGateway) -> None:
    by = sign_in(client)
    proposal = aged(propose(asked_out(gateway), actor=actor_for(by, source=Source.WEB)))
    url = f"/outcomes/{proposal.pk}/"
    page = client.get(url)
    make_user(role=Role.MANAGER)

    answer = client.post(url, fields_of(page))

    assert answer.status_code == 422
    assert "You asked for this yourself. Ask another person to approve it." in text_of(answer)
    assert "You said it, so another person decides." in text_of(answer)
    assert not Payment.objects.exists()


def test_a_clerk_approves_no_outcome(client: Client, gateway: FakeGateway) -> None:
    sign_in(client, Role.CLERK)
    proposal = propose(asked_out(gateway))
    url = f"/outcomes/{proposal.pk}/"
    page = client.get(url)

    answers = [client.post(url, fields_of(page)), client.post(f"{url}rejection/", fields_of(page))]

    assert "A manager or an owner decides." in text_of(page)
    assert [answer.status_code for answer in answers] == [403, 403]
    assert not Payment.objects.exists()


def test_when_the_processor_is_faster_the_proposal_falls_away_with_a_message(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    charge = asked_out(gateway)
    proposal = propose(charge, OutcomeInput(Outcome.DID_NOT_HAPPEN, "None there"))
    url = f"/outcomes/{proposal.pk}/"
    page = client.get(url)
    client.post(f"/charges/{charge.pk}/inquiry/")

    answer = client.post(url, fields_of(page))

    assert answer.status_code == 409
    assert f"{charge} has its outcome meanwhile: Approved. What was proposed falls away." in text_of(answer)
    assert "Fell away: the processor has answered" in text_of(client.get(url))
    assert Payment.objects.count() == 1


def test_a_proposal_is_rejected_or_withdrawn(client: Client, gateway: FakeGateway) -> None:
    olga = sign_in(client)
    charge = asked_out(gateway)
    theirs = propose(charge)
    url = f"/outcomes/{theirs.pk}/rejection/"

    rejected = client.post(url, fields_of(client.get(url), reason="Another charge"), follow=True)
    own = propose(charge, actor=actor(Role.OWNER, user_id=olga.pk))
    page = client.get(f"/outcomes/{own.pk}/")
    withdrawn = client.post(f"/outcomes/{own.pk}/withdrawal/", fields_of(page), follow=True)

    assert f"Rejected. {charge} stays as it is." in text_of(rejected)
    assert "Withdrawn." in text_of(withdrawn)
    states = list(OutcomeProposal.objects.order_by("id").values_list("state", flat=True))
    assert states == ["rejected", "withdrawn"]


def test_a_refund_without_an_outcome_is_settled_by_two_persons(client: Client, gateway: FakeGateway) -> None:
    mia = as_mia(client)
    attempt = refund_asked_out(gateway)
    url = f"/decisions/refunds/{attempt.pk}/outcome/"
    before = text_of(client.get(f"/payments/{attempt.payment_id}/"))
    assert "Unknown: the processor does not say whether 40.00 went back to Visa" in before
    assert "we are asking" not in before
    assert "Settle by hand" in before

    asked = client.post(
        url, fields_of(client.get(url), outcome="did_not_happen", reason="None there"), follow=True
    )
    proposal = OutcomeProposal.objects.get()
    olga = as_olga()
    listed = text_of(olga.get("/decisions/"))
    page = olga.get(f"/outcomes/{proposal.pk}/")
    done = olga.post(f"/outcomes/{proposal.pk}/", fields_of(page), follow=True)

    assert proposal.asked_by_id == mia.pk
    assert "What a person saw at the processor waits for approval." in text_of(asked)
    assert "Outcomes that wait for approval" in listed
    assert "It did not happen None there 40.00 Look at it" in listed
    assert f"R-{attempt.pk}: Refused." in text_of(done)
    assert not Refund.objects.exists()


def a_refused_refund(gateway: FakeGateway) -> GatewayRefund:
    payment = a_charged_payment()
    gateway.fail("refund", NothingHappened)
    return refund(payment, "40.00")


def test_a_refused_refund_is_recorded_by_hand_instead(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    attempt = a_refused_refund(gateway)
    url = f"/payments/{attempt.payment_id}/refunds/?instead-of={attempt.pk}"

    listed = client.get("/decisions/")
    form = client.get(url)
    client.post(url, fields_of(form))

    assert "Refused refunds" in text_of(listed)
    assert "scripted 40.00 Record it as a manual refund Nothing more to do" in text_of(listed)
    assert f"{url}" in listed.content.decode()
    refunded = Refund.objects.get()
    assert (refunded.means, refunded.amount_minor, refunded.reason) == ("by_hand", 4000, "Sent back")
    assert "Refused refunds" not in text_of(client.get("/decisions/"))


def test_nothing_more_to_do_about_a_refused_refund_is_kept_with_the_name(
    client: Client, gateway: FakeGateway
) -> None:
    mia = as_mia(client)
    attempt = a_refused_refund(gateway)
    url = f"/decisions/refunds/{attempt.pk}/resolution/"

    unsaid = client.post(url, fields_of(client.get(url), note=""))
    done = client.post(url, fields_of(client.get(url), note="The customer keeps it"), follow=True)
    late = client.post(url, fields_of(client.get(url), note="Once more"))

    assert unsaid.status_code == 422
    assert "Marked as dealt with." in text_of(done)
    assert "Refused refunds" not in text_of(done)
    assert late.status_code == 409
    kept = RefundResolution.objects.get()
    assert (kept.note, kept.resolved_by_id) == ("The customer keeps it", mia.pk)
    assert Event.objects.filter(name="refund.resolved").count() == 1


def test_the_pages_of_requests_and_outcomes_ask_a_fixed_number_of_queries(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    request = ask(paid())
    proposal = propose(asked_out(gateway))
    client.get("/decisions/")
    counts = {}

    for url in (f"/refund-requests/{request.pk}/", f"/outcomes/{proposal.pk}/"):
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts[url.split("/")[1]] = len(queries)

    assert counts["refund-requests"] <= 22
    assert counts["outcomes"] <= 8


def test_the_decisions_page_asks_one_query_a_part_however_much_waits(
    client: Client, gateway: FakeGateway
) -> None:
    sign_in(client)
    counts = []
    for _round in range(2):
        ask(paid())
        propose(asked_out(gateway))
        with CaptureQueriesContext(connection) as queries:
            client.get("/decisions/")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15


def test_a_proposal_about_a_refund_may_be_looked_at(client: Client, gateway: FakeGateway) -> None:
    sign_in(client)
    attempt = refund_asked_out(gateway)
    proposal = propose_refund(attempt, OutcomeInput(Outcome.DID_NOT_HAPPEN, "None there"))

    page = client.get(f"/outcomes/{proposal.pk}/")

    assert f"Outcome of refund R-{attempt.pk}" in text_of(page)
    assert f"Payment {attempt.payment}" in text_of(page)


def test_a_page_of_nothing_is_not_found(client: Client) -> None:
    sign_in(client)
    make_payment("10.00", invoice=make_invoice("10.00"))

    for url in (
        "/refund-requests/99/",
        "/outcomes/99/",
        "/charges/99/outcome/",
        "/decisions/refunds/99/outcome/",
        "/decisions/refunds/99/resolution/",
    ):
        assert client.get(url).status_code == 404
