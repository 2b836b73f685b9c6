# The indexes by which staff reads the inbox, however full it is.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('creative', '0006_gallery'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('snoozed_at__isnull', True)), fields=['state', 'type', '-priority', '-id'], name='feedback_to_triage_by_type'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(fields=['type', '-id'], name='feedback_by_type'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('snoozed_at__isnull', False)), fields=['-snoozed_at', '-id'], name='feedback_asleep'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('snoozed_at__isnull', False)), fields=['type', '-snoozed_at', '-id'], name='feedback_asleep_by_type'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(fields=['command_key', 'error_code', '-id'], name='feedback_by_failure'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('snoozed_at__isnull', True), ('state__in', ['received', 'needs_proof', 'accepted', 'regressed'])), fields=['severity', '-priority'], name='feedback_open'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('snoozed_at__isnull', True), ('state__in', ['received', 'needs_proof', 'accepted', 'regressed'])), fields=['created_at'], name='feedback_open_by_age'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('triaged_at__isnull', False)), fields=['-triaged_at'], name='feedback_triaged'),
        ),
        migrations.AddIndex(
            model_name='feedback',
            index=models.Index(condition=models.Q(('public_title', ''), _negated=True), fields=['state', '-state_changed_at', '-id'], name='feedback_published'),
        ),
        migrations.AddIndex(
            model_name='feedbackterm',
            index=models.Index(condition=models.Q(('is_public', False)), fields=['term', '-feedback'], name='feedback_by_term'),
        ),
    ]
