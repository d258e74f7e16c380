"""Below /<lang>/accounts/. Of allauth only what the hub uses: there is no sign-up and no change of address."""

from allauth.account import views as account_views
from allauth.mfa.urls import urlpatterns as mfa_patterns
from django.urls import include, path, re_path

from accounts import views
from accounts.views import token_page

own_patterns = [
    path("", views.start, name="start"),
    path("me/", views.me, name="me"),
    path("me/data/", views.data, name="data"),
    path("me/data.json", views.data_json, name="data_json"),
    path("me/erase/", views.erase, name="erase"),
    path("me/sign-out-everywhere/", views.end_sessions, name="end_sessions"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("request/", views.request_account, name="request"),
    path("request/sent/", views.request_sent, name="request_sent"),
    path("request/confirm/<str:token>/", views.confirm_request, name="confirm_request"),
]

urlpatterns = [
    path("", include((own_patterns, "accounts"))),
    path("login/", account_views.login, name="account_login"),
    path("logout/", account_views.logout, name="account_logout"),
    path("inactive/", account_views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),
    path("reauthenticate/", account_views.reauthenticate, name="account_reauthenticate"),
    path("confirm-email/", account_views.email_verification_sent, name="account_email_verification_sent"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$", token_page(account_views.confirm_email), name="account_confirm_email"
    ),
    path("password/change/", account_views.password_change, name="account_change_password"),
    path("password/set/", account_views.password_set, name="account_set_password"),
    path("password/reset/", account_views.password_reset, name="account_reset_password"),
    path("password/reset/done/", account_views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        account_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        token_page(account_views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("second-factor/", views.SecondFactors.as_view(), name="mfa_index"),
    path("second-factor/", include(mfa_patterns)),
]
