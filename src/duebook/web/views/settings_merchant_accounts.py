"""Settings: the business's accounts with card processors, their secrets and their webhooks' addresses."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from duebook.domain.permissions import Actor, Right
from duebook.events.rows import row_by_id
from duebook.gateways.models import MerchantAccount
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.gateways.services.check_merchant_account import check_merchant_account
from duebook.gateways.services.edit_merchant_account import edit_merchant_account
from duebook.gateways.services.make_default_account import make_default_account
from duebook.web.forms.keyed import KeyedForm, new_request_key
from duebook.web.forms.merchant_accounts import EditMerchantAccountForm, NewMerchantAccountForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires


@require_safe
@requires(Right.CHANGE_SETTINGS)
def account_list(request: StaffRequest) -> HttpResponse:
    """All merchant accounts, the default first."""
    accounts = MerchantAccount.objects.order_by("-is_default", "-active", "name")
    context = {"accounts": accounts, "request_key": new_request_key()}
    return render(request, "web/settings/merchant_accounts.html", context)


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHANGE_SETTINGS)
def account_add(request: StaffRequest) -> HttpResponse:
    """Add an account, once its connection was tested."""
    form = NewMerchantAccountForm(request.POST or None, initial={"adapter": request.GET.get("processor", "")})
    if form.is_valid():
        added = form.carry_out(
            request.business,
            lambda: add_merchant_account(
                details=form.details(),
                adapter=form.adapter_kind,
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if added is not None:
            add_notice(request, _("%(name)s added. Now enter its webhook's address.") % {"name": added})
            return redirect("web:settings_merchant_account", added.pk)
    return render(request, "web/settings/merchant_account_new.html", {"form": form}, status=form.status)


@sensitive_post_parameters("secret", "webhook_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHANGE_SETTINGS)
def account_edit(request: StaffRequest, merchant_account_id: int) -> HttpResponse:
    """One account: its details, new secrets, the address of its webhook, its connection."""
    account = _account(merchant_account_id)
    form = _edit_form(request, account)
    if form.carries_out(
        request.business,
        lambda: edit_merchant_account(
            merchant_account_id=merchant_account_id,
            details=form.details(),
            next_default_id=form.next_default_id,
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:settings_merchant_accounts")
    return _page(request, account, form, KeyedForm(), status=form.status)


@require_http_methods(["POST"])
@requires(Right.CHANGE_SETTINGS)
def account_test(request: StaffRequest, merchant_account_id: int) -> HttpResponse:
    """Test the connection of an account."""
    return _act(request, merchant_account_id, check_merchant_account, _("The connection of %(name)s works."))


@require_http_methods(["POST"])
@requires(Right.CHANGE_SETTINGS)
def account_default(request: StaffRequest, merchant_account_id: int) -> HttpResponse:
    """Make an account the default."""
    return _act(request, merchant_account_id, make_default_account, _("%(name)s is now the default."))


def _act(
    request: StaffRequest,
    merchant_account_id: int,
    service: Callable[..., MerchantAccount],
    done: str,
) -> HttpResponse:
    """Do what a button asks for; a refusal stands on the account's page."""
    form = KeyedForm(request.POST)
    actor: Actor = actor_of(request)
    if form.is_valid():
        account = form.carry_out(
            request.business,
            lambda: service(merchant_account_id=merchant_account_id, request_key=form.key, actor=actor),
        )
        if account is not None:
            add_notice(request, done % {"name": account})
            return redirect("web:settings_merchant_accounts")
    account = _account(merchant_account_id)
    return _page(request, account, _edit_form(request, account, is_sent=False), form, status=form.status)


def _page(
    request: StaffRequest,
    account: MerchantAccount,
    form: EditMerchantAccountForm,
    act_form: KeyedForm,
    *,
    status: int,
) -> HttpResponse:
    context = {
        "form": form,
        "act_form": act_form,
        "account": account,
        "signing_secrets": len(account.sealed_webhook_secrets),
        "webhook_address": request.build_absolute_uri(reverse("web:webhook", args=[account.webhook_token])),
        "request_key": new_request_key(),
    }
    return render(request, "web/settings/merchant_account.html", context, status=status)


def _edit_form(
    request: StaffRequest, account: MerchantAccount, *, is_sent: bool = True
) -> EditMerchantAccountForm:
    return EditMerchantAccountForm(
        (request.POST or None) if is_sent else None,
        account=account,
        others=list(MerchantAccount.objects.filter(active=True).exclude(pk=account.pk).order_by("name")),
        initial=EditMerchantAccountForm.values_of(account),
    )


def _account(merchant_account_id: int) -> MerchantAccount:
    return row_by_id(
        MerchantAccount.objects.select_related("clearing_account"), merchant_account_id, "Merchant account"
    )
