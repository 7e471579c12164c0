from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from limits.views.destinations import DestinationLookupView, DestinationsView
from limits.views.editor import ProfileView
from limits.views.profiles import (
    ProfileAddView,
    ProfileClientsView,
    ProfileCopyView,
    ProfileExportView,
    ProfileImportView,
    ProfileListView,
    ProfilesView,
)

PROFILE = "limit-profiles/<int:profile_id>/"


class KindConverter(StringConverter):
    regex = "block|allow"


register_converter(KindConverter, "list_kind")

urlpatterns: list[URLPattern] = [
    path("limit-profiles/", ProfilesView.as_view(), name="limit_profiles"),
    path("limit-profiles/add/", ProfileAddView.as_view(), name="limit_profile_add"),
    path(PROFILE, ProfileView.as_view(), name="limit_profile"),
    path(f"{PROFILE}<list_kind:kind>/", ProfileListView.as_view(), name="limit_profile_list"),
    path(f"{PROFILE}clients/", ProfileClientsView.as_view(), name="limit_profile_clients"),
    path(f"{PROFILE}copy/", ProfileCopyView.as_view(), name="limit_profile_copy"),
    path(f"{PROFILE}export/", ProfileExportView.as_view(), name="limit_profile_export"),
    path(f"{PROFILE}import/", ProfileImportView.as_view(), name="limit_profile_import"),
    path("destinations/", DestinationsView.as_view(), name="destinations"),
    path("destinations/lookup/", DestinationLookupView.as_view(), name="destination_lookup"),
]
