"""Which reports repeat another: found among those that do, however many do not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("creative", "0007_triage")]

    operations = [
        migrations.AddIndex(
            "feedback",
            models.Index(
                fields=["canonical"],
                condition=models.Q(("canonical__isnull", False)),
                name="feedback_of_original",
            ),
        ),
    ]
