"""Every address of the portal; each app lists its own."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path(
        "login/",
        auth_views.LoginView.as_view(redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("", include("clients.urls")),
    path("", include("accounts.urls")),
    path("", include("limits.urls")),
    path("", include("rates.urls")),
    path("", include("calls.urls")),
]

handler500 = "trunkportal.views.server_error"
