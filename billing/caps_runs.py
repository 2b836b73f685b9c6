"""What proofs of the caps found, kept for staff."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from billing.models import CapsRun
from billing.proving import Proof
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.caps")
KEPT: Final = timedelta(days=90)
NAMED: Final = 10


@unit_of_work
def record(proof: Proof, *, began_at: datetime) -> CapsRun:
    """Keep a proof with its first ten offences, and forget those of 90 days ago."""
    now = timezone.now()
    run = CapsRun.objects.create(
        decisions=proof.decisions,
        overspent=proof.overspent,
        offences=len(proof.offences),
        first_offences=list(proof.offences[:NAMED]),
        tightest=proof.tightest[:128],
        began_at=began_at,
        finished_at=now,
    )
    CapsRun.objects.filter(finished_at__lt=now - KEPT).delete()
    if proof.offences or proof.overspent:
        fields = {"offences": len(proof.offences), "overspent": proof.overspent}
        logger.error("the caps are not proven", extra={"fields": fields})
    return run


def last() -> CapsRun | None:
    """Return the newest proof; None: there was none yet."""
    return CapsRun.objects.order_by("-finished_at").first()
