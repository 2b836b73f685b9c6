"""What a visit lets through. Whatever stands nowhere here is refused, so a new page has to be thought of first."""

from typing import Final

LEAVING: Final = frozenset({"account_logout", "console_view_end"})
"""Routes by which a visit ends; the only ones that take a POST. Who signs out is signed out, as everywhere."""

SHOWN: Final = frozenset(
    {
        "figures",
        "overview",
        "running",
        "find",
        "gallery",
        "gallery_compare",
        "gallery_costs",
        "picture",
        "activity",
        "activity_tail",
        "activity_suggestions",
        "activity_event",
        "agents",
        "agent",
        "approvals",
        "approval",
        "credits",
        "credits_numbers",
        "credits_ledger",
        "credits_books",
        "credits_purchases",
        "feedback",
        "feedback_report",
        "members",
        "workspace_settings",
    }
)
"""Pages of the visited workspace, by the names of their routes."""

KEPT_OUT: Final = {
    "activity_csv": "an export",
    "activity_jsonl": "an export",
    "credits_ledger_csv": "an export",
    "credits_purchases_csv": "an export",
    "credits_statement": "an export",
    "credits_verifier": "belongs to an export",
    "gallery_zip": "an export",
    "agent_limits": "asks before an act",
    "agent_move": "asks before an act, and names other workspaces",
    "agent_release": "asks before an act",
    "gallery_share_new": "asks before an act",
    "agent_token_new": "reveals a token",
    "agent_token_revoke": "leads to an act",
    "agent_token_revoke_now": "an act",
    "agent_token_receipt": "tells of a token",
    "gallery_shares": "lists ways in for anybody",
    "credits_payment": "a payer's own page",
    "credits_payment_state": "a payer's own page",
    "credits_refund": "asks before an act",
}
"""Pages of a workspace that are not shown, each with the reason; those that only act need none."""

OPEN: Final = frozenset(
    {"", "healthz", "livez", "skill.md", "llms.txt", "cli.md", "changelog", "styleguide", "a/<str:name>"}
)
"""Patterns of routes that show nobody's data, or need the id of a picture."""


def is_shown(name: str, route: str) -> bool:
    """Say whether a visit may GET a route, by its name and its pattern."""
    return name in SHOWN or route in OPEN or route == "console" or route.startswith("console/")
