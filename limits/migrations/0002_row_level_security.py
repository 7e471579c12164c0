"""Row-level security of the tenant tables."""

from typing import ClassVar

from django.db import migrations

from clients.rls import tenant_table


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("limits", "0001_initial"),
        ("clients", "0002_row_level_security"),
    ]
    operations: ClassVar = [
        tenant_table("limits_limitprofile", shared_reads="reseller_id IS NULL"),
        tenant_table("limits_limitprofileevent"),
        tenant_table("limits_limitrow", shared_reads="reseller_id IS NULL"),
        tenant_table("limits_limitrowevent"),
        tenant_table("limits_profileprefix", shared_reads="reseller_id IS NULL"),
        tenant_table("limits_profileprefixevent"),
        tenant_table("limits_clientprofile", client="client_id"),
        tenant_table("limits_clientprofileevent", client="client_id"),
        tenant_table("limits_dailyusage", client="client_id"),
        tenant_table("limits_limitwarning", client="client_id"),
    ]
