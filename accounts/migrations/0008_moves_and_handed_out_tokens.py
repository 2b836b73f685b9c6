"""Where an agent lived before it moved, and which tokens were shown to an owner."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _organization(**options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        "accounts.organization", on_delete=django.db.models.deletion.PROTECT, related_name="+", **options
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_staff_search")]

    operations = [
        migrations.AddField("agenttoken", "is_handed_out", models.BooleanField(default=False, db_default=False)),
        migrations.CreateModel(
            "AgentMove",
            [
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        "accounts.agent", on_delete=django.db.models.deletion.PROTECT, related_name="moves"
                    ),
                ),
                ("from_organization", _organization()),
                ("to_organization", _organization()),
                ("shell", _organization(null=True)),
                (
                    "moved_by",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL, on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
                ("moved_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["agent", "from_organization"], name="move_by_agent_and_place")],
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(from_organization=models.F("to_organization")),
                        name="move_leads_elsewhere",
                    )
                ],
            },
        ),
    ]
