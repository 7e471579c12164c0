from django.urls import URLPattern, path

from calls.api.views import AnswerView, AuthorizeView, EndView, SchemaView
from calls.views.explain import ExplainView
from calls.views.lists import BarredListView, CallListView

urlpatterns: list[URLPattern] = [
    path("calls/", CallListView.as_view(), name="calls"),
    path("barred-calls/", BarredListView.as_view(), name="barred_calls"),
    path("explain/", ExplainView.as_view(), name="explain"),
    path("api/v1/calls/authorize", AuthorizeView.as_view(), name="api_authorize"),
    path("api/v1/calls/answer", AnswerView.as_view(), name="api_answer"),
    path("api/v1/calls/end", EndView.as_view(), name="api_end"),
    path("api/v1/schema", SchemaView.as_view(), name="api_schema"),
]
