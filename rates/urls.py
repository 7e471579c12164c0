from django.urls import URLPattern, path

from rates.views import (
    RateImportView,
    RateTableAddView,
    RateTableDefaultView,
    RateTablesView,
    RateTableView,
)

urlpatterns: list[URLPattern] = [
    path("rates/", RateTablesView.as_view(), name="rate_tables"),
    path("rates/add/", RateTableAddView.as_view(), name="rate_table_add"),
    path("rates/<int:table_id>/", RateTableView.as_view(), name="rate_table"),
    path("rates/<int:table_id>/default/", RateTableDefaultView.as_view(), name="rate_default"),
    path("rates/<int:table_id>/import/", RateImportView.as_view(), name="rate_import"),
]
