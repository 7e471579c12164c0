from django.urls import URLPattern, path

from calls.views.lists import BarredListView, CallListView

urlpatterns: list[URLPattern] = [
    path("calls/", CallListView.as_view(), name="calls"),
    path("barred-calls/", BarredListView.as_view(), name="barred_calls"),
]
