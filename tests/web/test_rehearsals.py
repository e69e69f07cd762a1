"""The pages of rehearsals."""

from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain.permissions import Role
from duebook.partners.models import Partner, Program, Rule
from duebook.reports.models import Rehearsal
from duebook.web import rehearsal_run
from tests.factories import day, make_invoice, make_partner, make_payment, make_program
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def scene() -> tuple[Partner, Program]:
    """Dana earned 5.00 at 10 %."""
    dana = make_partner("Dana")
    program = make_program(dana)
    make_payment("50.00", invoice=make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-5)))
    return dana, program


def sent(answer: Any, **typed: Any) -> dict[str, Any]:
    """What the browser sends of the program and its rows."""
    values = fields_of(answer)
    rows = answer.context["rows"]
    for form in [rows.management_form, *rows.forms]:
        for bound in form:
            value = bound.value()
            if value is not None:
                values[bound.html_name] = value
    return {**values, "first": day(-9).isoformat(), "last": day().isoformat(), **typed}


def rehearse(client: Client, program: Program | None, **typed: Any) -> Any:
    address = "/rehearsals/new/" + (f"?program={program.pk}" if program else "")
    return client.post(address, sent(client.get(address), **typed), follow=True)


def test_a_changed_program_is_rehearsed_and_then_made_valid(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    _, program = scene()

    answer = rehearse(client, program, **{"rows-0-percent": "15"})

    found = Rehearsal.objects.get()
    assert "Dana DANA1 5.00 7.50 +2.50" in text_of(answer)
    assert Rule.objects.get().percent_bps == 1000
    file = client.get(f"/rehearsals/{found.pk}.csv")
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert lines[1] == "Dana,DANA1,5.00,7.50,2.50,USD"

    confirm = client.get(f"/rehearsals/{found.pk}/program/")
    saved = client.post(f"/rehearsals/{found.pk}/program/", fields_of(confirm), follow=True)

    assert "Lead, level 1: 15 %" in text_of(confirm)
    assert "It is valid for orders from now on" in text_of(saved)
    assert Rule.objects.get().percent_bps == 1500
    assert Program.objects.get().pk == program.pk


def test_a_new_program_is_rehearsed_and_then_added(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    scene()

    answer = rehearse(
        client, None, name="Generous", priority="1", **{"rows-0-role": "lead", "rows-0-percent": "20"}
    )

    assert "Dana DANA1 5.00 10.00 +5.00" in text_of(answer)
    found = Rehearsal.objects.get()
    client.post(f"/rehearsals/{found.pk}/program/", fields_of(client.get(f"/rehearsals/{found.pk}/program/")))
    assert Program.objects.get(name="Generous").members.get().name == "Dana"


def test_a_program_changed_meanwhile_is_said_before_it_is_replaced(client: Client) -> None:
    sign_in(client)
    _, program = scene()
    rehearse(client, program)
    Rule.objects.update(percent_bps=500)

    page = text_of(client.get(f"/rehearsals/{Rehearsal.objects.get().pk}/program/"))

    assert "The program was changed after this rehearsal." in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"rows-0-percent": ""}, "at least one rule"),
        ({"rows-0-percent": "101"}, "100"),
        ({"last": "2199-01-01"}, "is in the future"),
        ({"first": "2026-02-02", "last": "2026-02-01"}, "Turn them around."),
    ],
)
def test_what_cannot_be_rehearsed_is_said(client: Client, typed: dict[str, str], words: str) -> None:
    sign_in(client)
    _, program = scene()

    answer = rehearse(client, program, **typed)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Rehearsal.objects.exists()


def test_a_long_rehearsal_runs_in_the_background_and_shows_how_far_it_is(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client)
    _, program = scene()
    monkeypatch.setattr(rehearsal_run, "_AT_ONCE", 0)

    page = rehearse(client, program)

    found = Rehearsal.objects.get()
    assert "0 of 1 orders." in text_of(page)
    assert ProcrastinateJob.objects.get(task_name="run_rehearsal").args == {"rehearsal_id": found.pk}
    part = client.get(f"/rehearsals/{found.pk}/", headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    Rehearsal.objects.update(state="done")
    assert client.get(f"/rehearsals/{found.pk}/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_who_may_only_view_commissions_rehearses_nothing(client: Client) -> None:
    _, program = scene()
    sign_in(client)
    rehearse(client, program)
    found = Rehearsal.objects.get()

    sign_in(client, Role.MANAGER)
    assert client.get("/rehearsals/").status_code == 200
    assert client.get(f"/rehearsals/{found.pk}/").status_code == 200
    assert client.get("/rehearsals/new/").status_code == 403
    assert client.get(f"/rehearsals/{found.pk}/program/").status_code == 403
    sign_in(client, Role.CLERK)
    assert client.get(f"/rehearsals/{found.pk}/").status_code == 403
    assert client.get(f"/rehearsals/{found.pk}.csv").status_code == 403


def test_unknown_rehearsals_and_programs_are_not_found(client: Client) -> None:
    sign_in(client)

    assert client.get("/rehearsals/404404/").status_code == 404
    assert client.get("/rehearsals/new/?program=404404").status_code == 404
    assert client.get("/rehearsals/new/?program=x").status_code == 404
