from django.urls import URLPattern, path

from clients.views.client import ClientView
from clients.views.home import HomeView, ResellerView
from clients.views.tree import TreeBranchView, TreeView

urlpatterns: list[URLPattern] = [
    path("", HomeView.as_view(), name="home"),
    path("tree/", TreeView.as_view(), name="tree"),
    path("tree/<int:reseller_id>/", TreeBranchView.as_view(), name="tree_branch"),
    path("resellers/<int:reseller_id>/", ResellerView.as_view(), name="reseller"),
    path("clients/<int:client_id>/", ClientView.as_view(), name="client"),
]
