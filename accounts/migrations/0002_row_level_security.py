"""Row-level security of the tenant tables."""

from typing import ClassVar

from django.db import migrations

from clients.rls import tenant_table


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("accounts", "0001_initial"),
        ("clients", "0002_row_level_security"),
    ]
    operations: ClassVar = [
        tenant_table("accounts_account", client="client_id"),
        tenant_table("accounts_accountevent", client="client_id"),
        tenant_table("accounts_outboundemail", client="client_id"),
        tenant_table("accounts_onetimelink"),
    ]
