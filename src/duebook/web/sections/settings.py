"""Addresses below /settings/, the profile among them."""

from django.urls import path

from duebook.web.views import settings, settings_merchant_accounts, settings_types, settings_users

urlpatterns = [
    path("", settings.overview, name="settings"),
    path("business/", settings.business, name="settings_business"),
    path("business/logo/", settings.logo, name="settings_logo"),
    path("closed-period/", settings.closed_period, name="settings_closed_period"),
    path("limits/", settings.limits, name="settings_limits"),
    path("merchant-accounts/", settings_merchant_accounts.account_list, name="settings_merchant_accounts"),
    path(
        "merchant-accounts/new/",
        settings_merchant_accounts.account_add,
        name="settings_merchant_account_add",
    ),
    path(
        "merchant-accounts/<int:merchant_account_id>/",
        settings_merchant_accounts.account_edit,
        name="settings_merchant_account",
    ),
    path(
        "merchant-accounts/<int:merchant_account_id>/connection-test/",
        settings_merchant_accounts.account_test,
        name="settings_merchant_account_test",
    ),
    path(
        "merchant-accounts/<int:merchant_account_id>/default/",
        settings_merchant_accounts.account_default,
        name="settings_merchant_account_default",
    ),
    path("payment-types/", settings_types.type_list, name="settings_types"),
    path("payment-types/new/", settings_types.type_add, name="settings_type_add"),
    path("payment-types/order/", settings_types.type_order, name="settings_type_order"),
    path("payment-types/<int:type_id>/", settings_types.type_edit, name="settings_type"),
    path("users/", settings_users.user_list, name="settings_users"),
    path("users/new/", settings_users.user_add, name="settings_user_add"),
    path("users/<int:user_id>/", settings_users.user_edit, name="settings_user"),
    path("users/<int:user_id>/password/", settings_users.user_password, name="settings_user_password"),
    path("profile/", settings_users.profile, name="profile"),
]
