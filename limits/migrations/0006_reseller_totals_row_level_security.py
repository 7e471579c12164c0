"""Row-level security of resellers' totals and of what has been used of them."""

from typing import ClassVar

from django.db import migrations

from clients.rls import tenant_table


class Migration(migrations.Migration):
    dependencies: ClassVar = [("limits", "0005_reseller_totals")]
    operations: ClassVar = [
        tenant_table("limits_resellertotal"),
        tenant_table("limits_resellertotalevent"),
        tenant_table("limits_resellerusage"),
    ]
