"""How the money stands: what must hold, what is open, what is owed, and what pictures cost."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from accounts.staff import Staff
from billing import adjustments, caps_runs, findings, health, inbox
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.flows import clock

PAGE = "console_money"
CHECKS = ("reconcile", "prove_caps")
"""The works of the clock that prove the books and the caps."""


@staff_only
@require_GET
def money(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show every check green or red, and what is out of the ordinary."""
    invariants = health.invariants()
    proof = caps_runs.last()
    return frame.show(
        request,
        "console/money/health.html",
        PAGE,
        invariants=invariants,
        broken=sum(one.total for one in invariants),
        standing=findings.standing(),
        proof=proof,
        under_way=clock.under_way(CHECKS),
        ages=health.open_holds(),
        oldest=health.oldest_holds(),
        debts=health.debts(),
        frozen=health.frozen(),
        margins=health.margins(),
        below_cost=health.sold_below_cost(),
        webhook=inbox.oldest_waiting(),
        waiting=len(adjustments.waiting()),
    )


@staff_only
@require_POST
def check(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Have the books and the caps proven at the clock's next tick: it may take longer than a request should."""

    def asked() -> str:
        for name in CHECKS:
            clock.bring_forward(name)
        return "The checks begin within seconds. This page shows when they are done."

    return frame.act(request, asked, f"{request.path.removesuffix('/check')}#checks")
