# The judgements and share links of a gallery, and the indexes by which its pages are read.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_invitations'),
        ('creative', '0005_feedback'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('keep', 'Keep'), ('reject', 'Reject'), ('star', 'Star')], max_length=6)),
                ('model_id', models.CharField(blank=True, max_length=64)),
                ('credits', models.IntegerField()),
                ('rated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SharedPicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='ShareLink',
            fields=[
                ('id', models.CharField(editable=False, max_length=48, primary_key=True, serialize=False)),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('opened', models.IntegerField(default=0)),
                ('last_opened_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True)), fields=['organization', '-id'], name='asset_live_by_organization'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state__in', ['failed', 'canceled'])), fields=['organization', '-id'], name='job_unmade_by_organization'),
        ),
        migrations.AddField(
            model_name='rating',
            name='agent',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.agent'),
        ),
        migrations.AddField(
            model_name='rating',
            name='asset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='creative.asset'),
        ),
        migrations.AddField(
            model_name='rating',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='accounts.organization'),
        ),
        migrations.AddField(
            model_name='rating',
            name='rated_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sharedpicture',
            name='asset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='creative.asset'),
        ),
        migrations.AddField(
            model_name='sharelink',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sharelink',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='share_links', to='accounts.organization'),
        ),
        migrations.AddField(
            model_name='sharedpicture',
            name='link',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='creative.sharelink'),
        ),
        migrations.AddIndex(
            model_name='rating',
            index=models.Index(fields=['organization', 'state', '-asset'], name='rating_by_state'),
        ),
        migrations.AddConstraint(
            model_name='rating',
            constraint=models.UniqueConstraint(fields=('organization', 'asset'), name='rating_once'),
        ),
        migrations.AddConstraint(
            model_name='rating',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['keep', 'reject', 'star'])), name='rating_state_known'),
        ),
        migrations.AddConstraint(
            model_name='rating',
            constraint=models.CheckConstraint(condition=models.Q(('credits__gte', 0)), name='rating_credits_not_negative'),
        ),
        migrations.AddIndex(
            model_name='sharelink',
            index=models.Index(fields=['organization', '-id'], name='share_link_by_organization'),
        ),
        migrations.AddConstraint(
            model_name='sharedpicture',
            constraint=models.UniqueConstraint(fields=('link', 'position'), name='shared_picture_once_per_place'),
        ),
    ]
