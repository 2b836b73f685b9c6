"""Addresses of the triage; one for each act."""

from django.urls import path

from imageskill.console.feedback import acting, many, pages

urlpatterns = [
    path("console/feedback", pages.inbox, name="console_feedback"),
    path("console/feedback/undo", acting.undo, name="console_feedback_undo"),
    path("console/feedback/many", many.preview, name="console_feedback_many"),
    path("console/feedback/many/apply", many.apply, name="console_feedback_apply"),
    path("console/feedback/many/outcome", many.outcome, name="console_feedback_outcome"),
    path("console/feedback/<str:feedback_id>", pages.item, name="console_feedback_item"),
    path("console/feedback/<str:feedback_id>/search", pages.search, name="console_feedback_search"),
    path("console/feedback/<str:feedback_id>/accept", acting.accept, name="console_feedback_accept"),
    path(
        "console/feedback/<str:feedback_id>/needs-proof", acting.needs_proof, name="console_feedback_needs_proof"
    ),
    path("console/feedback/<str:feedback_id>/decline", acting.decline, name="console_feedback_decline"),
    path("console/feedback/<str:feedback_id>/fix", acting.fix, name="console_feedback_fix"),
    path("console/feedback/<str:feedback_id>/duplicate", acting.duplicate, name="console_feedback_duplicate"),
    path("console/feedback/<str:feedback_id>/separate", acting.separate, name="console_feedback_separate"),
    path("console/feedback/<str:feedback_id>/reopen", acting.reopen, name="console_feedback_reopen"),
    path("console/feedback/<str:feedback_id>/snooze", acting.snooze, name="console_feedback_snooze"),
    path("console/feedback/<str:feedback_id>/wake", acting.wake, name="console_feedback_wake"),
    path("console/feedback/<str:feedback_id>/assign", acting.assign, name="console_feedback_assign"),
    path("console/feedback/<str:feedback_id>/note", acting.note, name="console_feedback_note"),
    path("console/feedback/<str:feedback_id>/answer", acting.answer, name="console_feedback_answer"),
    path("console/feedback/<str:feedback_id>/publish", acting.publish, name="console_feedback_publish"),
]
