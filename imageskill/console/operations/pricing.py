"""Prices: which are in force, what another one would do before it is saved, and how any two differ."""

from typing import Any, Final

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from accounts.freshness import fresh_required
from accounts.staff import Staff
from billing import pricing
from creative import offers, prices, repricing, tellings
from creative.catalogue.costs import default_cost
from creative.catalogue.entries import ModelEntry
from creative.feedback.plain_text import one_line
from creative.prices import BadPriceError, PriceMovedError, Version
from creative.repricing import Cost
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.operations.price_forms import Draft, Reason, changes_of

_PAGE: Final = "console_prices"


@staff_only
@require_safe
def listed(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show the price in force of each model."""
    rows = [(row.entry, Cost.of(default_cost(row.entry)), prices.standing(row.entry.id)) for row in offers.rows()]
    margin = int(pricing.MARGIN * 100)
    return frame.show(request, "console/prices/list.html", _PAGE, rows=rows, margin=margin)


@staff_only
@require_safe
def model(request: HttpRequest, person: Staff, model_id: str) -> HttpResponseBase:
    """Show a model's prices with the form of another one; with a draft in the address, what that would do."""
    entry = _entry(model_id)
    form = Draft(entry, request.GET if "is_draft" in request.GET else None)
    draft, effect, problem = None, None, ""
    if form.is_bound and form.is_valid():
        try:
            draft = prices.drafted(entry, changes_of(entry, form))
        except BadPriceError as error:
            problem = str(error)
        else:
            effect = repricing.effect(entry, draft)
    return frame.show(
        request,
        "console/prices/model.html",
        _PAGE,
        entry=entry,
        versions=_versions(entry),
        form=form,
        draft=draft,
        effect=effect,
        problem=problem,
        reason=Reason(initial={"seen": _seen(entry), "base": entry.price.version}),
        drafted=[(name, request.GET.get(name, "")) for name in form.fields],
        days=tellings.LATELY.days,
        most=repricing.MOST_PLANS,
    )


@staff_only
@require_safe
def compared(request: HttpRequest, person: Staff, model_id: str) -> HttpResponseBase:
    """Show how any two prices of a model differ, and what the later would do in the place of the earlier."""
    entry = _entry(model_id)
    known = {version.price.version: version for version in _versions(entry)}
    older, newer = (known.get(request.GET.get(name, "")) for name in ("older", "newer"))
    if older is None or newer is None:
        raise Http404
    before, after = prices.with_price(entry, older.price), prices.with_price(entry, newer.price)
    shown: dict[str, Any] = {"entry": entry, "older": older, "newer": newer, "days": tellings.LATELY.days}
    shown["most"] = repricing.MOST_PLANS
    return frame.show(
        request, "console/prices/compared.html", _PAGE, effect=repricing.effect(before, after), **shown
    )


@staff_only
@fresh_required
@require_POST
def change(request: HttpRequest, person: Staff, model_id: str) -> HttpResponseBase:
    """Put a drafted price in force, as it was shown; or the data file's own back."""
    entry = _entry(model_id)
    form, reason = Draft(entry, request.POST), Reason(request.POST)
    back = reverse("console_price", args=[entry.id])
    if not reason.is_valid():
        kept = {name: str(request.POST.get(name, "")) for name in form.fields}
        again = back if "restore" in request.POST else f"{back}?{urlencode({'is_draft': '1', **kept})}"
        return frame.act(request, _refused, again)

    def doing() -> str:
        told = {
            "reason": one_line(reason.cleaned_data["reason"]),
            "actor": person,
            "seen": reason.cleaned_data["seen"],
        }
        try:
            if "restore" in request.POST:
                prices.restore(entry.id, **told)
                return f"The price of {entry.id} is the data file's again, from the next plan on."
            if reason.cleaned_data["base"] not in ("", entry.price.version):
                raise _moved(entry)
            if not form.is_valid():
                raise frame.CannotError("One of the prices was none. Nothing was saved.")
            row = prices.change(prices.drafted(entry, changes_of(entry, form)), **told)
        except BadPriceError as error:
            raise frame.CannotError(f"This can be no price: {error}") from error
        except PriceMovedError as error:
            raise _moved(entry) from error
        return f"{row.version} is in force from the next plan on. What is held keeps its price."

    return frame.act(request, doing, back)


def _moved(entry: ModelEntry) -> frame.CannotError:
    return frame.CannotError(
        f"Somebody has changed the price of {entry.id} meanwhile. It is shown as it is; nothing was saved."
    )


def _refused() -> str:
    raise frame.CannotError("Say why, in at most 150 characters. Nothing was saved.")


def _entry(model_id: str) -> ModelEntry:
    try:
        return offers.entry_of(model_id)
    except LookupError:
        raise Http404 from None


def _versions(entry: ModelEntry) -> list[Version]:
    return prices.versions(entry)


def _seen(entry: ModelEntry) -> int:
    last = prices.standing(entry.id)
    return last.number if last is not None else 0
