"""Who buys credits: an agent, or a person for a workspace. Each owns what it asked for, and nothing else."""

from dataclasses import dataclass
from typing import Final, Protocol

from accounts import contacts, grants
from accounts.actor import Actor
from accounts.models import Agent, Membership, Role, User
from billing import purchase_limits
from imageskill.core.errors import ApiError, ErrorCode, auth_required

DECIDES: Final = (Role.OWNER, Role.ADMIN)
"""Who buys for a workspace, pays what its agents prepared, and closes it."""


class Buyer(Protocol):
    """Who asks for a quote and pays it; `organization_ids` are those of its history, its own first."""

    @property
    def actor_type(self) -> str:
        """`agent` or `human`."""
        ...

    @property
    def actor_id(self) -> str:
        """The agent's or the user's id."""
        ...

    @property
    def organization_id(self) -> str:
        """Whose credits they will be."""
        ...

    @property
    def organization_ids(self) -> tuple[str, ...]:
        """Where earlier quotes and payments of the same buyer stand."""
        ...


@dataclass(frozen=True, slots=True)
class Human:
    """A signed-in member of a workspace, as a buyer for it."""

    user_id: str
    organization_id: str
    actor_type = "human"

    @property
    def actor_id(self) -> str:
        """The user's id."""
        return self.user_id

    @property
    def organization_ids(self) -> tuple[str, ...]:
        """The workspace alone: a person has no shell."""
        return (self.organization_id,)


def of_place(place: Membership) -> Human:
    """Return a member as a buyer for the workspace."""
    return Human(place.user_id, place.organization_id)


def column_of(buyer: Buyer) -> dict[str, str]:
    """Return the column of a quote, an attempt and a receipt that names their buyer, with its value."""
    return {"user_id" if buyer.actor_type == "human" else "agent_id": buyer.actor_id}


def require(human: Human, roles: tuple[Role, ...] = DECIDES) -> None:
    """Let somebody act by the role as it is under the lock. CAPABILITY_DENIED: it does not allow this."""
    places = Membership.objects.filter(user_id=human.user_id, organization_id=human.organization_id)
    if not places.filter(role__in=roles).exists():
        raise ApiError(
            ErrorCode.CAPABILITY_DENIED,
            "Your role in this workspace does not allow this.",
            reason="role",
            allowed_roles=[str(role) for role in roles],
        )


def require_may_buy(buyer: Buyer) -> None:
    """Let a payment be begun by who may as things stand under the lock: a pause that committed before is seen.

    CAPABILITY_DENIED: the agent is paused or lacks the grant, or the person's role does not allow it.
    AUTH_REQUIRED: the agent was moved to another workspace.
    """
    if isinstance(buyer, Human):
        require(buyer)
        return
    agent = Agent.objects.get(pk=buyer.actor_id)
    # Claimed meanwhile it may buy on, moved to another workspace it may not: its token ended there.
    if buyer.organization_id not in (agent.organization_id, agent.shell_id):
        raise auth_required()
    grants.require_active(agent)
    grants.require(agent, "credits.buy")


def check_amount(buyer: Buyer, credits: int, *, with_open_attempts: bool = False) -> None:
    """Raise CAPABILITY_DENIED where an agent that no human answers for would have bought too much."""
    if isinstance(buyer, Human):
        return
    # As authenticated for a quote, and as it stands under the lock for a payment.
    agent = buyer.agent if isinstance(buyer, Actor) and not with_open_attempts else None
    agent = agent or Agent.objects.get(pk=buyer.actor_id)
    purchase_limits.check(agent=agent, credits=credits, with_open_attempts=with_open_attempts)


def check_attempts(buyer: Buyer) -> None:
    """Raise RATE_LIMITED where the buyer has too many payments open, or began too many within a day."""
    mine = column_of(buyer)
    if isinstance(buyer, Human):
        mine["organization_id"] = buyer.organization_id
    purchase_limits.check_attempts(begun_by=mine)


def take_play_money(buyer: Buyer, credits: int) -> None:
    """Count play money against its daily bounds. RATE_LIMITED: they are reached."""
    if isinstance(buyer, Human):
        whose = contacts.digest(User.objects.get(pk=buyer.user_id).email)
    else:
        agent = Agent.objects.get(pk=buyer.actor_id)
        # Signing up costs nothing, so an agent without a mailbox counts with its network.
        whose = agent.contact_digest or f"network:{agent.signup_network}"
    purchase_limits.take_play_money(whose=whose, credits=credits)
