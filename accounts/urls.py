from django.urls import URLPattern, path

from accounts.views import accounts, mail

urlpatterns: list[URLPattern] = [
    path("accounts/", accounts.AccountListView.as_view(), name="accounts"),
    path("accounts/new/", accounts.AccountCreateView.as_view(), name="account_add"),
    path("accounts/<int:account_id>/", accounts.AccountView.as_view(), name="account"),
    path("clients/<int:client_id>/mails/", mail.ClientMailsView.as_view(), name="client_mails"),
    path(
        "clients/<int:client_id>/mail-status/",
        mail.ClientMailStatusView.as_view(),
        name="client_mail_status",
    ),
    path(
        "mails/<int:mail_id>/send-again/",
        mail.MailSendAgainView.as_view(),
        name="mail_send_again",
    ),
    path("link/<str:token>/", mail.OneTimeLinkView.as_view(), name="one_time_link"),
    path("inbox/", mail.InboxView.as_view(), name="inbox"),
]
