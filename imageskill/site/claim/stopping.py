"""What the owner of a mailbox says by a signed link of a mail, without signing in. Only the buttons act."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts import contact_changes, emails, silence
from imageskill.flows import claiming
from imageskill.site.claim import endings


@require_GET
@never_cache
def stop(request: HttpRequest, word: str) -> HttpResponseBase:
    """Ask whether the reader really did not ask for an agent."""
    if emails.read_stop_word(word) is None:
        return _not_signed(request)
    return render(request, "claim/stop.html", {"word": word})


@require_POST
@never_cache
def stop_now(request: HttpRequest, word: str) -> HttpResponseBase:
    """Take the word of the mailbox's owner."""
    read = emails.read_stop_word(word)
    if read is None:
        return _not_signed(request)
    claim_id, mailbox = read
    claiming.disown(claim_id=claim_id, mailbox=mailbox)
    return HttpResponseRedirect(reverse("claim_stopped"))


@require_GET
def stopped(request: HttpRequest) -> HttpResponseBase:
    """Say that it is done; the same page for everybody."""
    return render(request, "claim/stopped.html")


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Unsubscribe(View):
    """The address of the mail's List-Unsubscribe header: a mail program posts there by itself when asked to.

    Such a post carries no cookie and no token of a form; the signed word is what counts.
    """

    def get(self, request: HttpRequest, word: str) -> HttpResponseBase:
        """Ask first: a mail program may have fetched the address for a look."""
        if emails.read_unsubscribe_word(word) is None:
            return _not_signed(request)
        return render(request, "claim/unsubscribe.html", {"word": word})

    def post(self, request: HttpRequest, word: str, **_more: Any) -> HttpResponseBase:  # noqa: ANN401 - the route's
        """End mail about claims to the mailbox; nothing else changes."""
        mailbox = emails.read_unsubscribe_word(word)
        if mailbox is None:
            return _not_signed(request)
        silence.begin(mailbox, reason="unsubscribed")
        return HttpResponseRedirect(reverse("claim_stopped"))


@require_GET
@never_cache
def contact(request: HttpRequest, word: str) -> HttpResponseBase:
    """Show to the present contact which other one an agent asks for."""
    change = contact_changes.by_link(word)
    if change is None:
        return _not_signed(request)
    return render(request, "claim/contact.html", {"change": change, "word": word})


@require_POST
@never_cache
def contact_allow(request: HttpRequest, word: str) -> HttpResponseBase:
    """Let the agent change its contact at once."""
    return _decide_contact(request, word, confirmed=True)


@require_POST
@never_cache
def contact_refuse(request: HttpRequest, word: str) -> HttpResponseBase:
    """Keep the agent's contact."""
    return _decide_contact(request, word, confirmed=False)


def _decide_contact(request: HttpRequest, word: str, *, confirmed: bool) -> HttpResponseBase:
    change = contact_changes.by_link(word)
    if change is None:
        return _not_signed(request)
    contact_changes.decide(change, confirmed=confirmed)
    return HttpResponseRedirect(reverse("claim_contact", args=[word]))


def _not_signed(request: HttpRequest) -> HttpResponse:
    return render(request, "claim/ended.html", {"ending": endings.not_signed()}, status=404)
