"""Addresses of the claim page. Those in mails are random or signed; the access log keeps none of them."""

from django.urls import path

from imageskill.site.claim import after, deciding, opening, stopping

urlpatterns = [
    path("claim", opening.start, name="claim"),
    path("claim/code", opening.code, name="claim_code"),
    path("claim/mail/resume", opening.resume_mail, name="claim_resume_mail"),
    path("claim/stop/<str:word>", stopping.stop, name="claim_stop"),
    path("claim/stop/<str:word>/now", stopping.stop_now, name="claim_stop_now"),
    path("claim/stopped", stopping.stopped, name="claim_stopped"),
    path("claim/unsubscribe/<str:word>", stopping.Unsubscribe.as_view(), name="claim_unsubscribe"),
    path("claim/contact/<str:word>", stopping.contact, name="claim_contact"),
    path("claim/contact/<str:word>/allow", stopping.contact_allow, name="claim_contact_allow"),
    path("claim/contact/<str:word>/refuse", stopping.contact_refuse, name="claim_contact_refuse"),
    path("claim/<str:link>", opening.look, name="claim_look"),
    path("claim/<str:link>/seen", opening.seen, name="claim_seen"),
    path("claim/<str:link>/code", opening.code_of, name="claim_code_of"),
    path("claim/<str:link>/limits", deciding.preview, name="claim_limits"),
    path("claim/<str:link>/allow", deciding.allow, name="claim_allow"),
    path("claim/<str:link>/confirm", deciding.confirm, name="claim_confirm"),
    path("claim/<str:link>/grant", deciding.grant, name="claim_grant"),
    path("claim/<str:link>/deny", deciding.deny, name="claim_deny"),
    path("claim/<str:link>/disown", deciding.disown, name="claim_disown"),
    path("claim/<str:link>/done", after.done, name="claim_done"),
    path("claim/<str:link>/progress", after.progress, name="claim_progress"),
]
