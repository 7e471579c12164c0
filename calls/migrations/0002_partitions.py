"""Calls and barred calls become monthly partitions, under row-level security."""

from typing import ClassVar

from django.db import migrations

from clients.rls import tenant_table

# The tables keep their columns; the key becomes (id, at), which Django is not told.
PARTITIONS = """
CREATE FUNCTION ensure_month_partition(parent text, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', day);
    part text := format('%s_%s', parent, to_char(first, 'YYYYMM'));
BEGIN
    IF parent NOT IN ('calls_callrecord', 'calls_barredcall') THEN
        RAISE EXCEPTION '% is not partitioned by month', parent;
    END IF;
    IF to_regclass(part) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
        part, parent, first::timestamp AT TIME ZONE 'UTC',
        (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    -- A partition with a grant of its own is read past its parent's row-level security.
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', part);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'trunkportal_app') THEN
        EXECUTE format('REVOKE ALL ON %I FROM trunkportal_app', part);
    END IF;
END $$;

ALTER TABLE calls_callrecord RENAME TO calls_callrecord_unpartitioned;
CREATE TABLE calls_callrecord (LIKE calls_callrecord_unpartitioned INCLUDING DEFAULTS)
    PARTITION BY RANGE (at);
DROP TABLE calls_callrecord_unpartitioned;
ALTER TABLE calls_callrecord ADD PRIMARY KEY (id, at);
CREATE INDEX calls_callrecord_client ON calls_callrecord (client_id, at DESC);
CREATE INDEX calls_callrecord_reseller ON calls_callrecord (reseller_id, at DESC);

ALTER TABLE calls_barredcall RENAME TO calls_barredcall_unpartitioned;
CREATE TABLE calls_barredcall (LIKE calls_barredcall_unpartitioned INCLUDING DEFAULTS)
    PARTITION BY RANGE (at);
DROP TABLE calls_barredcall_unpartitioned;
ALTER TABLE calls_barredcall ADD PRIMARY KEY (id, at);
CREATE INDEX calls_barredcall_client ON calls_barredcall (client_id, at DESC);
CREATE INDEX calls_barredcall_reseller ON calls_barredcall (reseller_id, at DESC);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("calls", "0001_initial"),
        ("clients", "0002_row_level_security"),
    ]
    operations: ClassVar = [
        migrations.RunSQL(PARTITIONS, migrations.RunSQL.noop),
        tenant_table("calls_callrecord", client="client_id"),
        tenant_table("calls_barredcall", client="client_id"),
    ]
