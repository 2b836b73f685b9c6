"""Removing what is kept for a while only."""

from datetime import timedelta

from django.utils import timezone

from creative.models import Job

PLANS_KEPT = timedelta(days=7)


def prune_plans() -> int:
    """Remove the jobs of dry runs that are a week old; return how many."""
    removed, _ = Job.objects.filter(state=Job.State.PLANNED, created_at__lt=timezone.now() - PLANS_KEPT).delete()
    return removed
