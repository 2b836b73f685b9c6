"""Addresses of the agents' pages."""

from django.urls import path

from imageskill.site.agents import limits, moves, pages

_ALL = "w/<str:organization_id>/agents"
_ONE = f"{_ALL}/<str:agent_id>"

urlpatterns = [
    path(_ALL, pages.listed, name="agents"),
    path(_ONE, pages.shown, name="agent"),
    path(f"{_ONE}/rename", pages.rename, name="agent_rename"),
    path(f"{_ONE}/pause", pages.pause, name="agent_pause"),
    path(f"{_ONE}/resume", pages.resume, name="agent_resume"),
    path(f"{_ONE}/release", pages.before_release, name="agent_release"),
    path(f"{_ONE}/release/now", pages.release, name="agent_release_now"),
    path(f"{_ONE}/move", moves.before, name="agent_move"),
    path(f"{_ONE}/move/now", moves.move, name="agent_move_now"),
    path(f"{_ONE}/limits", limits.shown, name="agent_limits"),
    path(f"{_ONE}/limits/preview", limits.preview, name="agent_limits_preview"),
    path(f"{_ONE}/limits/set", limits.put, name="agent_limits_set"),
    path(f"{_ONE}/limits/raise", limits.before_raise, name="agent_limits_raise"),
    path(f"{_ONE}/limits/raise/now", limits.raise_limits, name="agent_limits_raise_now"),
    path(f"{_ONE}/undo", limits.before_undo, name="agent_limits_undo"),
    path(f"{_ONE}/undo/now", limits.undo, name="agent_limits_undo_now"),
    path(f"{_ONE}/tokens/new", pages.hand_out, name="agent_token_new"),
    path(f"{_ONE}/tokens/<str:token_id>/revoke", pages.before_revoke, name="agent_token_revoke"),
    path(f"{_ONE}/tokens/<str:token_id>/revoke/now", pages.revoke, name="agent_token_revoke_now"),
    path(f"{_ONE}/tokens/<str:token_id>/receipt", pages.receipt, name="agent_token_receipt"),
]
