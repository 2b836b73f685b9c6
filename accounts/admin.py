"""The tables of the first floor in the admin: who belongs where, and what of it nobody needs to see."""

from typing import Final

from django.db.models import Model, Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import (
    Agent,
    AgentMove,
    AgentToken,
    Claim,
    ContactChange,
    Invitation,
    Membership,
    Notice,
    Organization,
    SilencedMailbox,
    User,
)
from imageskill.core.admin.rows import Rows


class _Users(Rows):
    columns = ("email", "is_staff", "is_superuser", "is_active", "date_joined", "last_login")
    found_by = ("email",)

    def by_words(self, asked: str) -> Q | None:
        """Find an address whatever its case."""
        return Q(Exact(Lower("email"), asked.lower()))


class _Organizations(Rows):
    columns = ("name", "merged_into", "created_at")


class _Agents(Rows):
    columns = ("name", "organization", "claim_state", "paused_at", "pause_message", "created_at")
    tells = frozenset({"grants"})
    found_by = ("name",)


class _Tokens(Rows):
    columns = ("prefix", "agent", "first_used_at", "last_used_at", "ends_at", "revoked_at")
    found_by = ("prefix",)


class _Moves(Rows):
    columns = ("agent", "from_organization", "to_organization", "moved_by", "moved_at")


class _Claims(Rows):
    # Half of a code that lives is half of what opens it; the link is the other way in.
    columns = ("agent", "state", "opened_by", "created_at", "decided_at")
    hides = frozenset({"code_handle", "code_period", "link"})


class _Invitations(Rows):
    columns = ("organization", "email", "role", "state", "created_at", "ends_at")


class _Memberships(Rows):
    columns = ("user", "organization", "role", "created_at", "seen_at")


class _Notices(Rows):
    columns = ("agent", "kind", "subject_id", "created_at", "told_at")


class _Changes(Rows):
    columns = ("agent", "contact", "state", "asked_at", "due_at")


class _Silenced(Rows):
    columns = ("reason", "created_at")
    list_display_links = None


TABLES: Final[dict[type[Model], type[Rows]]] = {
    Agent: _Agents,
    AgentMove: _Moves,
    AgentToken: _Tokens,
    Claim: _Claims,
    ContactChange: _Changes,
    Invitation: _Invitations,
    Membership: _Memberships,
    Notice: _Notices,
    Organization: _Organizations,
    SilencedMailbox: _Silenced,
    User: _Users,
}
