"""Row-level security of the tenant tables."""

from typing import ClassVar

from django.db import migrations

from clients.rls import tenant_table


class Migration(migrations.Migration):
    dependencies: ClassVar = [("clients", "0001_initial")]
    operations: ClassVar = [
        tenant_table(
            "clients_reseller",
            reseller="id",
            # A client's people see the name of the reseller above them.
            shared_reads="id = (SELECT NULLIF(current_setting('trunkportal.reseller_id', true), '')"
            "::bigint)",
        ),
        tenant_table("clients_resellerevent", reseller="id"),
        tenant_table("clients_client", client="id"),
        tenant_table("clients_clientevent", client="id"),
        tenant_table("clients_workingday", client="client_id"),
        tenant_table("clients_workingdayevent", client="client_id"),
        tenant_table("clients_membership", client="client_id"),
        tenant_table("clients_membershipevent", client="client_id"),
    ]
