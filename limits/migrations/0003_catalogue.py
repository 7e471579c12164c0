"""The shipped catalogue of destinations."""

from typing import Any, ClassVar

from django.db import migrations

from limits.catalogue.load import load_shipped


def load(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        load_shipped(cursor)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("limits", "0002_row_level_security")]
    operations: ClassVar = [migrations.RunPython(load, migrations.RunPython.noop)]
