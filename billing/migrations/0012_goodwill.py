# An adjustment may name the report that it makes good.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0011_receipt_payers'),
    ]

    operations = [
        migrations.AddField(
            model_name='adjustment',
            name='feedback_id',
            field=models.CharField(blank=True, db_default='', max_length=48),
        ),
        migrations.AddIndex(
            model_name='adjustment',
            index=models.Index(condition=models.Q(('feedback_id', ''), _negated=True), fields=['feedback_id'], name='adjustment_by_feedback'),
        ),
    ]
