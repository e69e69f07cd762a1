"""A partner signs in by a link that works once; who asks learns nothing; the staff's session is another."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.events.models import Event
from duebook.jobs.tasks import email_partner_link
from duebook.partners import sign_in_tokens
from duebook.partners.models import Partner
from duebook.portal.views.sign_in import LINKS_A_PLACE, LINKS_AN_ADDRESS
from tests.factories import make_partner
from tests.portal.visiting import link_url, sign_in_partner
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db

ASK = "/portal/"


def ask(client: Client, email: str) -> Any:
    return client.post(ASK, {"email": email})


def send_links() -> None:
    """Do what the worker does with the links asked for."""
    for job in ProcrastinateJob.objects.filter(task_name="email_partner_link").order_by("id"):
        email_partner_link(**job.args)


def test_a_partner_signs_in_with_the_link_from_the_mail(client: Client) -> None:
    make_partner(code="DANA1")

    answer = ask(client, "DANA@example.com")
    send_links()
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[0].body))
    assert link is not None
    opened = client.get(link[1])
    overview = client.post(link[1], follow=True)

    assert answer.url == "/portal/sent/"
    assert mail.outbox[0].to == ["dana@example.com"]
    assert "Sign in" in text_of(opened)
    assert "Hello Dana" in text_of(overview)
    assert Event.objects.filter(name="partner.link_sent").count() == 1


def test_the_answer_is_the_same_for_a_stranger(client: Client) -> None:
    make_partner()
    make_partner("Gone", code="GONE1", status=Partner.Statuses.INACTIVE)

    answers = [ask(client, email) for email in ("dana@example.com", "gone@example.com", "who@example.com")]
    jobs = ProcrastinateJob.objects.filter(task_name="email_partner_link").count()
    send_links()

    assert {(answer.status_code, answer.url) for answer in answers} == {(302, "/portal/sent/")}
    assert jobs == 3
    assert [message.to for message in mail.outbox] == [["dana@example.com"]]


def test_a_job_that_runs_twice_sends_one_mail(client: Client) -> None:
    make_partner()

    ask(client, "dana@example.com")
    send_links()
    send_links()

    assert len(mail.outbox) == 1


def test_someone_who_is_two_partners_gets_both_links_in_one_mail(client: Client) -> None:
    dana = make_partner(code="DANA1")
    Partner.objects.create(contact=dana.contact, name="Dana's shop", code="SHOP1")

    ask(client, "dana@example.com")
    send_links()

    assert len(mail.outbox) == 1
    assert len(re.findall(r"/portal/link/", str(mail.outbox[0].body))) == 2


def test_opening_the_link_does_not_use_it_up(client: Client) -> None:
    url = link_url(make_partner())

    assert client.get(url).status_code == 200
    assert client.get(url).status_code == 200
    assert client.post(url).status_code == 302


def test_a_link_works_once(client: Client) -> None:
    url = link_url(make_partner())

    client.post(url)
    again = Client().post(url)

    assert again.status_code == 410
    assert "This link no longer works" in text_of(again)
    assert "partner_session" not in again.cookies


def test_a_link_is_too_old_after_half_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    url = link_url(make_partner())

    monkeypatch.setattr(sign_in_tokens, "LIFETIME_SECONDS", -1)

    assert client.get(url).status_code == 410
    assert client.post(url).status_code == 410


@pytest.mark.parametrize("forged", ["x", "WzEsImEiXQ:1abc:sig", "a:b:c"])
def test_a_forged_link_opens_nothing(client: Client, forged: str) -> None:
    make_partner()

    assert client.post(reverse("portal:link", args=[forged])).status_code == 410


def test_a_changed_link_opens_nothing(client: Client) -> None:
    url = link_url(make_partner())

    changed = url.replace("/link/W", "/link/X")

    assert changed != url
    assert client.post(changed).status_code == 410


def test_a_partner_made_inactive_meanwhile_is_not_let_in(client: Client) -> None:
    dana = make_partner()
    url = link_url(dana)

    Partner.objects.update(status=Partner.Statuses.INACTIVE)

    assert client.post(url).status_code == 410


def test_a_partner_made_inactive_is_out_at_once(client: Client) -> None:
    dana = make_partner()
    sign_in_partner(client, dana)
    assert client.get("/portal/overview/").status_code == 200

    Partner.objects.update(status=Partner.Statuses.INACTIVE)

    assert client.get("/portal/overview/")["Location"] == "/portal/"


def test_an_address_gets_so_many_links_an_hour(client: Client) -> None:
    make_partner()

    answers = [ask(client, "dana@example.com") for _ in range(LINKS_AN_ADDRESS + 2)]
    send_links()

    assert {answer.url for answer in answers} == {"/portal/sent/"}
    assert len(mail.outbox) == LINKS_AN_ADDRESS


def test_a_place_may_try_so_often_an_hour(client: Client) -> None:
    answers = [ask(client, f"{number}@example.com") for number in range(LINKS_A_PLACE + 1)]

    assert [answer.status_code for answer in answers[-2:]] == [302, 429]
    assert "Too many tries" in text_of(answers[-1])


def test_signing_out_ends_the_session_in_the_database_too(client: Client) -> None:
    sign_in_partner(client, make_partner())
    kept = client.cookies["partner_session"].value

    client.post("/portal/sign-out/")
    client.cookies["partner_session"] = kept

    assert client.get("/portal/overview/")["Location"] == "/portal/"


def test_a_partner_is_nobody_on_the_staff_pages(client: Client) -> None:
    sign_in_partner(client, make_partner())
    client.cookies["sessionid"] = client.cookies["partner_session"].value

    answer = client.get("/contacts/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_the_staff_are_nobody_on_the_partner_pages(client: Client) -> None:
    make_partner()
    sign_in(client)
    client.cookies["partner_session"] = client.cookies["sessionid"].value

    assert client.get("/portal/overview/")["Location"] == "/portal/"


def test_the_cookie_is_for_the_portal_alone(client: Client) -> None:
    sign_in_partner(client, make_partner())

    cookie = client.cookies["partner_session"]

    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/portal/", True, "Lax")
