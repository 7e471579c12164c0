"""Row-level security of the tenant tables."""

from typing import ClassVar

from django.db import migrations

from clients.rls import tenant_table


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("rates", "0001_initial"),
        ("clients", "0002_row_level_security"),
    ]
    operations: ClassVar = [
        tenant_table("rates_ratetable"),
        tenant_table("rates_ratetableevent"),
        tenant_table("rates_rate"),
        tenant_table("rates_resellerrates"),
        tenant_table("rates_resellerratesevent"),
        tenant_table("rates_clientrates", client="client_id"),
        tenant_table("rates_clientratesevent", client="client_id"),
    ]
