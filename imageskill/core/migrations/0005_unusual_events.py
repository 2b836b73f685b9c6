from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

UNUSUAL = (
    *("denied", "refused", "rejected", "declined", "failed", "canceled", "withdrawn", "expired"),
    *("waiting", "requested", "action_required", "needs_proof", "asked"),
)


class AddIndexBesideWrites(AddIndexConcurrently):
    """Builds an index while rows are written; SQLite has one way only."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        beside = schema_editor.connection.vendor == "postgresql"
        build = super().database_forwards if beside else super(AddIndexConcurrently, self).database_forwards
        build(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        beside = schema_editor.connection.vendor == "postgresql"
        remove = super().database_backwards if beside else super(AddIndexConcurrently, self).database_backwards
        remove(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("core", "0004_events_of_a_workspace"),
    ]

    operations = [
        AddIndexBesideWrites(
            model_name="activityevent",
            index=models.Index(
                fields=["organization_id", "status", "-id", "type"],
                condition=models.Q(*(("status", name) for name in UNUSUAL), _connector="OR"),
                name="event_unusual",
            ),
        ),
    ]
