"""The Cards tab of a contact's record: cards on file, links to add one, the default, taking out of use."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.card_expiry import expiry_of
from duebook.domain.errors import CardLinkOver, Forbidden
from duebook.domain.permissions import Right
from duebook.payments.card_links import PLACE
from duebook.payments.card_reading import accounts_to_offer, card_by_id, cards_of, open_links_of, setup_by_id
from duebook.payments.services.deactivate_card import deactivate_card
from duebook.payments.services.make_default_card import make_default_card
from duebook.payments.services.offer_card_setup import OfferedCard, offer_card_setup
from duebook.payments.services.withdraw_card_link import withdraw_card_link
from duebook.web.errors import text_of
from duebook.web.forms.cards import CardLinkForm
from duebook.web.forms.keyed import KeyedForm, new_request_key
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires, rights_of, today_of
from duebook.web.views.contacts import record_of

MOST = 100
"""How many cards and open links the tab shows: those in use before those that are not, the newest first."""


@require_http_methods(["GET", "HEAD", "POST"])
def contact_cards(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The contact's cards; sent, the form makes a link, which the page then shows this once."""
    may_manage = Right.MANAGE_CARDS in rights_of(request)
    if request.method == "POST" and not may_manage:
        raise Forbidden(right=Right.MANAGE_CARDS.value)
    context = record_of(contact_id, "cards")
    form = None
    status = 200
    if may_manage and (accounts := accounts_to_offer()):
        form = CardLinkForm(request.POST or None, accounts=accounts)
        if form.is_valid() and (offered := _offer(request, form, contact_id)) is not None:
            context |= {"link": _link(request, offered.token), "is_sent": form.cleaned_data["send"]}
            form = CardLinkForm(accounts=accounts)
        status = form.status
    today = today_of(request)
    cards = [
        {"card": card, "expiry": expiry_of(exp_month=card.exp_month, exp_year=card.exp_year, on=today)}
        for card in cards_of(contact_id)[: MOST + 1]
    ]
    links = list(open_links_of(contact_id)[: MOST + 1])
    context |= {
        "form": form,
        "cards": cards[:MOST],
        "links": links[:MOST],
        "most": MOST if max(len(cards), len(links)) > MOST else None,
        "request_key": new_request_key(),
    }
    return render(request, "web/contacts/cards.html", context, status=status)


def _offer(request: StaffRequest, form: CardLinkForm, contact_id: int) -> OfferedCard | None:
    return form.carry_out(
        request.business,
        lambda: offer_card_setup(
            contact_id=contact_id,
            merchant_account_id=form.cleaned_data["account"],
            link_to_send=_link(request, PLACE) if form.cleaned_data["send"] else "",
            request_key=form.key,
            actor=actor_of(request),
        ),
    )


def _link(request: StaffRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("pay:card", args=[token]))


@require_http_methods(["POST"])
@requires(Right.MANAGE_CARDS)
def card_default(request: StaffRequest, card_id: int) -> HttpResponse:
    """Make the card the contact's default."""
    card = card_by_id(card_id)
    form = KeyedForm(request.POST)
    if form.is_valid():
        make_default_card(
            payment_method_id=card_id, request_key=form.key, actor=actor_of(request), on=today_of(request)
        )
        add_notice(request, _("%(card)s is the default now.") % {"card": card})
    return redirect("web:contact_cards", card.contact_id)


@require_http_methods(["POST"])
@requires(Right.MANAGE_CARDS)
def card_link_withdrawal(request: StaffRequest, setup_id: int) -> HttpResponse:
    """Withdraw a link that takes a card."""
    setup = setup_by_id(setup_id)
    form = KeyedForm(request.POST)
    if form.is_valid():
        try:
            withdraw_card_link(setup_id=setup_id, request_key=form.key, actor=actor_of(request))
        except CardLinkOver as refusal:
            add_notice(request, text_of(refusal, request.business))
        else:
            add_notice(request, _("The link is withdrawn. It takes no card any more."))
    return redirect("web:contact_cards", setup.contact_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_CARDS)
def card_deactivation(request: StaffRequest, card_id: int) -> HttpResponse:
    """Say what deactivating the card means, then do it."""
    card = card_by_id(card_id)
    form = KeyedForm(request.POST or None)
    if form.carries_out(
        request.business,
        lambda: deactivate_card(payment_method_id=card_id, request_key=form.key, actor=actor_of(request)),
    ):
        add_notice(request, _("%(card)s is deactivated.") % {"card": card})
        return redirect("web:contact_cards", card.contact_id)
    context: dict[str, Any] = {"form": form, "card": card, "contact": card.contact}
    return render(request, "web/cards/deactivate.html", context, status=form.status)
