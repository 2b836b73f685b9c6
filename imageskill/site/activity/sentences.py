"""One sentence for each thing that can happen, made from what is stored and never from an agent's words. Pure.

An agent's name is the one text of its own that stands in a sentence; pages escape it like everything else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billing.models import Decision
from imageskill.core.models import ActivityEvent
from imageskill.site.activity import refusals
from imageskill.templatetags import look


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows beside an event tell: names, and what its job was about."""

    agent: str = ""
    """The agent's name; empty where no agent is concerned."""
    actor: str = ""
    """Who did it: an address of a person, an agent's name; empty for the service itself."""
    subject: str = ""
    """The address of the person, or the invited one, whom it was done to."""
    model: str = ""
    pictures: int = 0
    """How many were made; for a plan, how many it is about."""
    code: str = ""
    """Why a job ended without a picture."""


def of_event(event: ActivityEvent, known: Known) -> str:
    """Return what happened, as a sentence without its full stop."""
    teller = TELLERS.get(event.type)
    return teller(event, known) if teller is not None else _unknown(event, known)


def of_refusal(decision: Decision, known: Known) -> str:
    """Return what was not allowed and why, as a sentence without its full stop."""
    agent = known.agent or "An agent"
    needed = amount(decision.needed_credits)
    cap = refusals.deciding(decision)
    if cap is not None:
        taken = "" if cap.window == "per_job" else f", {cap.used:,} used and {cap.held:,} held"
        return f"{agent} was refused {needed}: the cap {cap.words} is {cap.cap:,}{taken}"
    reasons = {
        "mandate_ended": "what its owner allowed has ended",
        "model_not_allowed": "its owner does not allow this model",
        "plan_denied": "its owner denied exactly this plan",
        "threshold_request": "its owner approves what is over the threshold",
        "threshold_recent_spending": "with its recent spending this is over its owner's threshold",
    }
    return f"{agent} was refused {needed}: {reasons.get(decision.reason, decision.reason.replace('_', ' '))}"


def amount(credits: int | None) -> str:
    """Return an amount in words: 1 credit, 1,500 credits."""
    return "some credits" if credits is None else look.credits(credits)


def _pictures(count: int) -> str:
    return "a picture" if count == 1 else f"{count} pictures" if count else "no picture"


def _agent(known: Known) -> str:
    return known.agent or "An agent"


def _actor(known: Known) -> str:
    return "Staff" if known.actor == "staff" else known.actor or "The service"


def _of_model(known: Known) -> str:
    return f" with {known.model}" if known.model else ""


def _unknown(event: ActivityEvent, known: Known) -> str:
    """Tell of a type that this version does not know by its name, which the service has given."""
    whose = f"{known.agent}: " if known.agent else ""
    return f"{whose}{event.type.replace('.', ' ').replace('_', ' ')}, {event.status.replace('_', ' ')}"


def _job_ended(event: ActivityEvent, known: Known) -> str:
    if event.status == "completed":
        made = "edited" if event.operation == "edit" else "made"
        return f"{_agent(known)} {made} {_pictures(known.pictures)}{_of_model(known)}"
    ended = {"failed": "failed", "canceled": "was canceled"}.get(event.status, f"ended as {event.status}")
    why = f" with {known.code}" if known.code and event.status == "failed" else ""
    return f"A job of {_agent(known)} {ended}{why}, nothing was charged"


def _job_planned(event: ActivityEvent, known: Known) -> str:
    return f"{_agent(known)} planned {_pictures(known.pictures or 1)}{_of_model(known)}, nothing was spent"


def _asset_deleted(event: ActivityEvent, known: Known) -> str:
    if event.status == "quarantined":
        return f"The operator removed a picture of {_agent(known)}"
    if event.status == "expired":
        return f"A picture that {_agent(known)} uploaded was removed, no job had used it"
    return f"{known.actor or _agent(known)} deleted a picture"


def _approval_decided(event: ActivityEvent, known: Known) -> str:
    plan = f"{amount(event.credits)} of {_agent(known)}"
    told = {
        "approved": f"{_actor(known)} approved {plan}",
        "denied": f"{_actor(known)} denied {plan}",
        "withdrawn": f"{_agent(known)} withdrew its plan of {amount(event.credits)}",
        "expired": f"Nobody decided on {plan} in time",
    }
    return told.get(event.status, f"A plan of {plan} is {event.status}")


def _feedback_moved(event: ActivityEvent, known: Known) -> str:
    return f"Feedback of {_agent(known)} is now {event.status.replace('_', ' ')}"


def _switched(event: ActivityEvent, known: Known) -> str:
    named = event.subject_id.partition(":")[2]
    operator = "The operator" if event.actor_id == "operator" else "The service"
    who = f"{_actor(known)} of this service" if known.actor else operator
    if event.status == "stopped":
        return f"{who} stopped all calls of {named}, waiting jobs ended and cost nothing"
    return f"{who} let calls of {named} through again"


def _agent_moved(event: ActivityEvent, known: Known) -> str:
    way = "into this workspace from another" if event.status == "joined" else "to another workspace"
    return f"{_actor(known)} moved {_agent(known)} {way}"


def _viewed(event: ActivityEvent, known: Known) -> str:
    if event.status == "ended":
        return f"{_actor(known)} of this service stopped looking at this workspace"
    return f"{_actor(known)} of this service looked at this workspace, its prompts were hidden"


def _rotated(event: ActivityEvent, known: Known) -> str:
    if event.status == "handed_out":
        return f"{_actor(known)} made a new token for {_agent(known)}"
    return f"{_agent(known)} rotated its token"


def _repriced(event: ActivityEvent, known: Known) -> str:
    model = event.subject_id.partition("/")[0]
    return f"{_actor(known)} of this service changed the price of {model}, held plans keep theirs"


def _adjusted(event: ActivityEvent, _known: Known) -> str:
    did = {
        "added": "added",
        "taken": "took",
        "requested": "asked a colleague to approve a change of",
        "denied": "decided against a change of",
    }
    return f"Staff {did.get(event.status, 'adjusted')} {amount(event.credits)}"


def _payment_reviewed(event: ActivityEvent, _known: Known) -> str:
    did = {"event_replayed": "looked again at", "event_ignored": "set aside what Stripe told of"}
    return f"Staff {did.get(event.status, 'asked its provider about')} a payment of {amount(event.credits)}"


def _removed(_event: ActivityEvent, known: Known) -> str:
    if known.subject and known.subject == known.actor:
        return f"{known.subject} left the workspace"
    return f"{_actor(known)} took {known.subject or 'somebody'} out of the workspace"


def _member(words: str) -> Callable[[ActivityEvent, Known], str]:
    """Return the teller of what somebody did to a member; alone, the member did it."""
    return lambda _event, known: words.format(actor=_actor(known), subject=known.subject or "somebody")


def _of_agent(words: str) -> Callable[[ActivityEvent, Known], str]:
    """Return the teller of a sentence with an agent, an actor and an amount in it."""
    return lambda event, known: words.format(
        agent=_agent(known),
        account=known.agent or "the workspace",
        actor=_actor(known),
        amount=amount(event.credits),
        status=event.status,
    )


TELLERS: Final[dict[str, Callable[[ActivityEvent, Known], str]]] = {
    "job.completed": _job_ended,
    "job.planned": _job_planned,
    "asset.created": _of_agent("A picture of {agent} was stored"),
    "asset.uploaded": _of_agent("{agent} uploaded a picture"),
    "asset.deleted": _asset_deleted,
    "usage.credit_consumed": _of_agent("{agent} spent {amount}"),
    "feedback.created": _of_agent("{agent} sent feedback"),
    "feedback.status_changed": _feedback_moved,
    "payment.checkout_session.created": _of_agent("A payment of {amount} was begun for {account}"),
    "payment.checkout_session.canceled": _of_agent("A payment of {amount} for {account} was called off"),
    "credits.payment_backed_granted": _of_agent("{amount} were paid and came in for {account}"),
    "credits.refund_requested": _of_agent("{actor} asked for {amount} of {account} to be refunded"),
    "credits.payment_backed_refunded": _of_agent("{amount} of {account} went back with a refund"),
    "credits.payment_backed_disputed": _of_agent(
        "{amount} of {account} are out of reach, the payment is disputed"
    ),
    "credits.payment_backed_reinstated": _of_agent("{amount} of {account} are back, the payment stands"),
    "credits.adjusted": _adjusted,
    "payment.reviewed": _payment_reviewed,
    "credits.alert_set": _of_agent("{actor} set when low credits are told of"),
    "share.made": _of_agent("{actor} shared pictures by a link"),
    "share.revoked": _of_agent("{actor} ended a link to shared pictures"),
    "approval.requested": _of_agent("{agent} asked for approval of {amount}"),
    "approval.decided": _approval_decided,
    "mandate.set": _of_agent("{actor} set the limits of {agent}, {status}"),
    "token.rotated": _rotated,
    "token.revoked": _of_agent("{actor} revoked a token of {agent}"),
    "token.rejected": _of_agent("A token of {agent} that is no longer good was used and rejected"),
    "agent.paused": _of_agent("{actor} paused {agent}"),
    "agent.resumed": _of_agent("{actor} let {agent} work again"),
    "agent.released": _of_agent("{actor} released {agent} from the workspace"),
    "agent.moved": _agent_moved,
    "agent.renamed": _of_agent("{actor} gave an agent the name {agent}"),
    "agent.grants_set": _of_agent("{actor} set what {agent} may do"),
    "agent.quarantined": _of_agent("{actor} of this service stopped {agent}"),
    "agent.freed": _of_agent("{actor} of this service let {agent} work again"),
    "agent.revoked": _of_agent("{actor} of this service ended {agent}"),
    "agent.expired": _of_agent("{actor} of this service ended {agent}, nobody had claimed it"),
    "provider.switched": _switched,
    "claim.requested": _of_agent("{agent} asked to be claimed"),
    "claim.approved": _of_agent("{actor} claimed {agent}"),
    "claim.denied": _of_agent("{actor} denied the claim of {agent}"),
    "claim.disowned": _of_agent("{actor} said that {agent} is not theirs"),
    "claim.attempted": _of_agent("Another claim of {agent} was tried and refused"),
    "contact.change_asked": _of_agent("Another contact was asked for {agent}"),
    "invitation.sent": _member("{actor} sent an invitation"),
    "invitation.withdrawn": _member("{actor} withdrew an invitation"),
    "invitation.declined": _member("{actor} declined an invitation"),
    "member.joined": _member("{subject} joined the workspace"),
    "member.role_changed": _member("{actor} changed the role of {subject}"),
    "member.removed": _removed,
    "member.sign_in_changed": _member("{subject} changed how they sign in"),
    "workspace.renamed": _member("{actor} renamed the workspace"),
    "workspace.viewed": _viewed,
    "picture.let_back": _of_agent("{actor} of this service lets a removed picture be uploaded again"),
    "price.changed": _repriced,
}
