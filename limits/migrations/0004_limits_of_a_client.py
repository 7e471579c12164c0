"""A client's own people read the limits that hold for it: the profiles it has been allocated."""

from typing import ClassVar

from django.db import migrations


def allocated(table: str, profile: str) -> migrations.RunSQL:
    """Let a client read the rows of ``table`` whose column ``profile`` names a profile of its."""
    return migrations.RunSQL(
        f"""
        CREATE POLICY allocated_read ON {table} FOR SELECT USING (
            (SELECT current_setting('trunkportal.scope', true)) = 'client'
            AND EXISTS (
                SELECT FROM limits_clientprofile AS link
                WHERE link.profile_id = {table}.{profile} AND link.client_id =
                    (SELECT NULLIF(current_setting('trunkportal.client_id', true), '')::bigint)
            )
        )
        """,  # noqa: S608 - names of our own tables
        f"DROP POLICY allocated_read ON {table}",
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("limits", "0003_catalogue")]
    operations: ClassVar = [
        allocated("limits_limitprofile", "id"),
        allocated("limits_limitrow", "profile_id"),
        allocated("limits_profileprefix", "profile_id"),
    ]
