"""When a member last looked, so that the overview can tell what is new."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_claim_page")]

    operations = [
        migrations.AddField("membership", "seen_at", models.DateTimeField(null=True)),
        migrations.AddField("membership", "new_since", models.DateTimeField(null=True)),
    ]
