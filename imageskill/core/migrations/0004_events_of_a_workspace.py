from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0003_events_by_type"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="activityevent",
            index=models.Index(fields=["organization_id", "-id", "type"], name="event_of_workspace"),
        ),
        migrations.AddIndex(
            model_name="activityevent",
            index=models.Index(
                fields=["organization_id", "agent_id", "-id", "type"], name="event_of_workspace_agent"
            ),
        ),
        migrations.AddIndex(
            model_name="activityevent",
            index=models.Index(fields=["organization_id", "type", "-id"], name="event_of_workspace_type"),
        ),
        migrations.RemoveIndex(
            model_name="activityevent",
            name="event_by_organization",
        ),
        # Made anew as the last one: among equally good indexes SQLite takes the newest, and an agent's own events
        # of one type are to be found by the agent, however many others its workspace has.
        migrations.RemoveIndex(
            model_name="activityevent",
            name="event_by_type",
        ),
        migrations.AddIndex(
            model_name="activityevent",
            index=models.Index(fields=["agent_id", "type", "-id"], name="event_by_type"),
        ),
    ]
