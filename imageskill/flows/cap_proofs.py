"""The nightly proof of the caps, kept so that staff sees it."""

from django.utils import timezone

from billing import caps_runs, proving
from billing.models import CapsRun
from imageskill.flows.invariants import snapshot


def check() -> CapsRun:
    """Compare every decision with the ledger, in one snapshot, and keep what was found."""
    began_at = timezone.now()
    with snapshot():
        proof = proving.prove()
    return caps_runs.record(proof, began_at=began_at)
