"""What the processes of the ledger benchmark do: fill the books, or hold and settle for so long."""

import random
import sys
import threading
import time

from benchmarks import throwaway

throwaway.settle()

from django.conf import settings  # noqa: E402 - settings come first
from django.utils import timezone  # noqa: E402

from accounts import grants, organizations, tokens  # noqa: E402
from accounts.actor import Actor  # noqa: E402
from accounts.models import Agent, AgentToken, Organization  # noqa: E402
from billing import authorisations, ledger  # noqa: E402
from billing.models import Hold, LotKind  # noqa: E402
from billing.spendable import Request  # noqa: E402
from imageskill.core import ids  # noqa: E402
from imageskill.core.events import System  # noqa: E402
from imageskill.core.units import unit_of_work  # noqa: E402

THREADS = 2
REQUEST = Request(model_id="canvas.draft", credits=1, free_allowed=True, free_alternative=None)
RUNNER = System("benchmark")


@unit_of_work
def open_one(number: int) -> None:
    """Make an organization with an agent, a token and credits."""
    now = timezone.now()
    organization = Organization.objects.create(name=f"bench-{number}", created_at=now)
    agent = Agent.objects.create(
        organization=organization,
        name="bench",
        runtime="b",
        grants=list(grants.UNCLAIMED),
        signup_network="b",
        created_at=now,
    )
    tokens.issue(agent)
    organizations.lock(organization.pk)
    ledger.grant(
        organization_id=organization.pk,
        kind=LotKind.FREE,
        source="free_allowance",
        credits=settings.PREVIEW_CREDITS,
        actor=RUNNER,
    )


@unit_of_work
def hold(actor: Actor) -> str:
    """Set one credit aside, as a create does."""
    job_id = ids.new_id("job")
    return authorisations.authorise(actor=actor, job_id=job_id, request=REQUEST, price_version="bench").pk


@unit_of_work
def settle(hold_id: str) -> None:
    """Spend it, as the end of a job does."""
    row = Hold.objects.get(pk=hold_id)
    organizations.lock(row.organization_id)
    ledger.settle(hold=row, credits=1, provider_cost_micros=0, actor=RUNNER)


def pairs(count: int, seconds: float) -> float:
    """Hold and settle for so long over so many organizations; return the pairs a second."""
    rows = AgentToken.objects.select_related("agent__organization").order_by("pk")[:count]
    actors = [Actor(agent=row.agent, token=row) for row in rows]
    done = [0] * THREADS
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        chance = random.Random()  # noqa: S311 - only spreads the work
        while time.monotonic() < end:
            settle(hold(chance.choice(actors)))
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        for place in range(int(sys.argv[2])):
            open_one(place)
    else:
        print(pairs(int(sys.argv[2]), float(sys.argv[3])))
