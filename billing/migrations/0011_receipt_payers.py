from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0010_staff_money'),
    ]

    operations = [
        migrations.AddField(
            model_name='receipt',
            name='payer_digest',
            field=models.CharField(blank=True, db_default='', max_length=64),
        ),
        migrations.AddIndex(
            model_name='receipt',
            index=models.Index(condition=models.Q(('payer_digest', ''), _negated=True), fields=['payer_digest'], name='receipt_by_payer'),
        ),
    ]
