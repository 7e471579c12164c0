from django.urls import URLPattern, path

from clients.views.add_client import STEPS, AddClientStartView, AddClientView
from clients.views.client import AccountsNowView, AllowancesView, ClientView
from clients.views.figures import DailyFiguresView
from clients.views.home import CallsNowView, HomeView, ResellerCallsNowView, ResellerView
from clients.views.invitation import InvitationView
from clients.views.options import AreaEditView, AreaView
from clients.views.people import (
    ClientUsersView,
    InvitationAgainView,
    MembershipDeleteView,
    MembershipRoleView,
    ResellerUsersView,
)
from clients.views.settings import SettingsEditView, SettingsView
from clients.views.status import ClientStatusView, ResellerStatusView
from clients.views.tree import TreeBranchView, TreeView

urlpatterns: list[URLPattern] = [
    path("", HomeView.as_view(), name="home"),
    path("tree/", TreeView.as_view(), name="tree"),
    path("tree/<int:reseller_id>/", TreeBranchView.as_view(), name="tree_branch"),
    path("resellers/<int:reseller_id>/", ResellerView.as_view(), name="reseller"),
    path("resellers/<int:reseller_id>/users/", ResellerUsersView.as_view(), name="reseller_users"),
    path(
        "resellers/<int:reseller_id>/status/", ResellerStatusView.as_view(), name="reseller_status"
    ),
    path("resellers/<int:reseller_id>/settings/", SettingsView.as_view(), name="reseller_settings"),
    path(
        "resellers/<int:reseller_id>/settings/edit/",
        SettingsEditView.as_view(),
        name="reseller_settings_edit",
    ),
    path("calls-now/", CallsNowView.as_view(), name="calls_now"),
    path(
        "resellers/<int:reseller_id>/calls-now/",
        ResellerCallsNowView.as_view(),
        name="reseller_calls_now",
    ),
    path("clients/<int:client_id>/", ClientView.as_view(), name="client"),
    path("clients/<int:client_id>/allowances/", AllowancesView.as_view(), name="client_allowances"),
    path(
        "clients/<int:client_id>/accounts-now/",
        AccountsNowView.as_view(),
        name="client_accounts_now",
    ),
    path("clients/<int:client_id>/options/users/", ClientUsersView.as_view(), name="client_users"),
    path("clients/<int:client_id>/options/<slug:area>/", AreaView.as_view(), name="client_area"),
    path(
        "clients/<int:client_id>/options/<slug:area>/edit/",
        AreaEditView.as_view(),
        name="client_area_edit",
    ),
    path("clients/<int:client_id>/status/", ClientStatusView.as_view(), name="client_status"),
    path("memberships/<int:membership_id>/", MembershipRoleView.as_view(), name="membership"),
    path(
        "memberships/<int:membership_id>/invite/",
        InvitationAgainView.as_view(),
        name="membership_invite",
    ),
    path(
        "memberships/<int:membership_id>/end/",
        MembershipDeleteView.as_view(),
        name="membership_delete",
    ),
    path("clients/new/", AddClientStartView.as_view(), name="client_add"),
    path(
        "clients/new/<uuid:run>/<slug:step>/",
        AddClientView.as_view(form_list=STEPS, url_name="client_add_step"),
        name="client_add_step",
    ),
    path(
        "resellers/<int:reseller_id>/daily-figures/",
        DailyFiguresView.as_view(),
        name="daily_figures",
    ),
    path("welcome/<uidb64>/<token>/", InvitationView.as_view(), name="invitation"),
]
