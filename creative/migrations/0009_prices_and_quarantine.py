# Prices that staff puts in force, quarantine that counts what it keeps out and can be undone, who works on a report.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('creative', '0008_reports_of_an_original'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_id', models.CharField(max_length=64)),
                ('number', models.IntegerField()),
                ('version', models.CharField(max_length=64)),
                ('file_version', models.CharField(max_length=64)),
                ('document', models.JSONField(null=True)),
                ('reason', models.CharField(max_length=150)),
                ('actor_id', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='quarantine',
            name='blocked',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='quarantine',
            name='blocked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='quarantine',
            name='release_reason',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='quarantine',
            name='released_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='quarantine',
            name='released_by',
            field=models.CharField(blank=True, db_default='', max_length=64),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(fields=['sha256'], name='asset_by_digest'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(fields=['assignee_id', '-id'], name='feedback_by_assignee'),
        ),
        migrations.AddIndex(
            model_name='quarantine',
            index=models.Index(fields=['-created_at', 'sha256'], name='quarantine_newest'),
        ),
        migrations.AddConstraint(
            model_name='quarantine',
            constraint=models.CheckConstraint(condition=models.Q(('released_at__isnull', True), models.Q(('release_reason', ''), _negated=True), _connector='OR'), name='quarantine_released_for_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='priceversion',
            constraint=models.UniqueConstraint(fields=('model_id', 'number'), name='price_version_once'),
        ),
        migrations.AddConstraint(
            model_name='priceversion',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('model_id',), name='price_version_one_in_force'),
        ),
        migrations.AddConstraint(
            model_name='priceversion',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='price_version_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='priceversion',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='price_version_has_a_reason'),
        ),
    ]
