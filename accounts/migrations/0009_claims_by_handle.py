"""Whose code it was: a wrong one is looked up among all claims, old ones too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_moves_and_handed_out_tokens")]

    operations = [
        migrations.AddIndex("claim", models.Index(fields=["code_handle", "-id"], name="claim_by_handle")),
    ]
