"""The second wall: row-level security of tenant tables, as migrations write it.

``FORCE`` makes it hold for the owner of the table too. With no context every comparison is with
NULL, so no row is seen and none can be written.
"""

from django.db import migrations

_SCOPE = "(SELECT current_setting('trunkportal.scope', true))"
_RESELLERS = (
    "((SELECT NULLIF(current_setting('trunkportal.reseller_ids', true), '')::bigint[])::bigint[])"
)
_CLIENT = "(SELECT NULLIF(current_setting('trunkportal.client_id', true), '')::bigint)"


def tenant_table(
    table: str,
    *,
    reseller: str = "reseller_id",
    client: str | None = None,
    shared_reads: str | None = None,
) -> migrations.RunSQL:
    """Row-level security for ``table``.

    ``reseller`` and ``client`` name the columns that say whose a row is; ``shared_reads`` is an
    extra SQL condition under which everybody may read (never write) a row.
    """
    mine = f"{_SCOPE} = 'platform' OR ({_SCOPE} = 'reseller' AND {reseller} = ANY ({_RESELLERS}))"
    seen = mine
    if client:
        seen += f" OR ({_SCOPE} = 'client' AND {client} = {_CLIENT})"
    if shared_reads:
        seen += f" OR ({_SCOPE} IN ('reseller', 'client') AND {shared_reads})"
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant_read ON {table} FOR SELECT USING ({seen});
        CREATE POLICY tenant_insert ON {table} FOR INSERT WITH CHECK ({mine});
        CREATE POLICY tenant_update ON {table} FOR UPDATE USING ({mine}) WITH CHECK ({mine});
        CREATE POLICY tenant_delete ON {table} FOR DELETE USING ({mine});
        """,
        f"""
        DROP POLICY tenant_read ON {table};
        DROP POLICY tenant_insert ON {table};
        DROP POLICY tenant_update ON {table};
        DROP POLICY tenant_delete ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )
