"""Addresses of the credits page and of what hangs on it."""

from django.urls import path

from imageskill.site.credits import alerting, books, ledger, overview, paying, purchases, refunding

_HERE = "w/<str:organization_id>/credits"

urlpatterns = [
    path(_HERE, overview.credits, name="credits"),
    path(f"{_HERE}/numbers", overview.numbers, name="credits_numbers"),
    path(f"{_HERE}/ledger", ledger.ledger, name="credits_ledger"),
    path(f"{_HERE}/ledger.csv", ledger.as_csv, name="credits_ledger_csv"),
    path(f"{_HERE}/books", books.books, name="credits_books"),
    path(f"{_HERE}/statements/<str:chain>/<str:month>.jsonl", books.statement, name="credits_statement"),
    path(f"{_HERE}/verify_statement.py", books.verifier, name="credits_verifier"),
    path(f"{_HERE}/buy", paying.buy, name="credits_buy"),
    path(f"{_HERE}/purchases", purchases.history_of, name="credits_purchases"),
    path(f"{_HERE}/purchases.csv", purchases.as_csv, name="credits_purchases_csv"),
    path(f"{_HERE}/payments/<str:reference>", paying.payment, name="credits_payment"),
    path(f"{_HERE}/payments/<str:reference>/state", paying.state, name="credits_payment_state"),
    path(f"{_HERE}/payments/<str:reference>/cancel", paying.cancel, name="credits_payment_cancel"),
    path(f"{_HERE}/receipts/<str:reference>/refund", refunding.ask, name="credits_refund"),
    path(f"{_HERE}/receipts/<str:reference>/refund/confirm", refunding.confirm, name="credits_refund_confirm"),
    path(f"{_HERE}/alerts/set", alerting.set_alert, name="credits_alert_set"),
    path(f"{_HERE}/alerts/switch", alerting.switch, name="credits_alert_switch"),
    path(f"{_HERE}/alerts/test", alerting.send_test, name="credits_alert_test"),
]
