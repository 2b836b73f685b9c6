"""Fixtures of the third floor: every model wired to a stand-in, jobs that nobody takes, credits that buy all."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings

from accounts import organizations
from billing import ledger
from billing.models import LotKind
from creative import registry
from imageskill.core.events import System
from imageskill.core.units import unit_of_work
from tests.cast import Member
from tests.doubles import FakeProvider, run_never


@pytest.fixture
def paints(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Callable[[str], FakeProvider]:
    """Put a stand-in behind each provider of the catalogue; return the way to it."""
    names = ("canvas", "fal", "openai", "xai")
    monkeypatch.setattr(registry, "ADAPTERS", dict.fromkeys(names, "tests.doubles.FakeProvider"))
    settings.PROVIDER_KEYS = dict.fromkeys(names[1:], "made-up")
    registry.provider.cache_clear()

    def of(name: str) -> FakeProvider:
        fake = registry.provider(name)
        assert isinstance(fake, FakeProvider)
        return fake

    return of


@pytest.fixture
def nobody_works(settings: LazySettings) -> None:
    """Leave every job queued."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()


@pytest.fixture
def give(db: None) -> Callable[[Member, int], None]:
    """Return what gives an agent's organization credits that buy every model."""

    @unit_of_work
    def grant(member: Member, credits: int) -> None:
        organization_id = member.row.organization_id
        organizations.lock(organization_id)
        ledger.grant(
            organization_id=organization_id,
            kind=LotKind.PROMO,
            credits=credits,
            source="tests",
            actor=System("tests"),
            live_money=True,
        )

    return grant
