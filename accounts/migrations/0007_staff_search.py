"""What staff's search asks: whose a token is by its first characters, and which agents have a name."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_last_visits")]

    operations = [
        migrations.AddIndex("agent", models.Index(fields=["name"], name="agent_by_name")),
        migrations.AddIndex("agenttoken", models.Index(fields=["prefix"], name="token_by_prefix")),
    ]
