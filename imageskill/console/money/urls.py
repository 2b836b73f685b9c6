"""Addresses of staff's money pages, under `console/`."""

from django.urls import path

from imageskill.console.money import adjusting, health, orders, refunding, webhooks

urlpatterns = [
    path("money", health.money, name="console_money"),
    path("money/check", health.check, name="console_money_check"),
    path("money/orders", orders.orders, name="console_orders"),
    path("money/orders/<str:attempt_id>/check", orders.check, name="console_order_check"),
    path("money/receipts/<str:receipt_id>/refund", refunding.ask, name="console_refund"),
    path("money/receipts/<str:receipt_id>/refund/confirm", refunding.confirm, name="console_refund_confirm"),
    path("money/adjustments", adjusting.listed, name="console_adjustments"),
    path("money/adjustments/new", adjusting.ask, name="console_adjustment_ask"),
    path("money/adjustments/<str:adjustment_id>/approve", adjusting.approve, name="console_adjustment_approve"),
    path("money/adjustments/<str:adjustment_id>/deny", adjusting.deny, name="console_adjustment_deny"),
    path("webhooks", webhooks.webhooks, name="console_webhooks"),
    path("webhooks/<str:event_id>", webhooks.webhook, name="console_webhook"),
    path("webhooks/<str:event_id>/replay", webhooks.replay, name="console_webhook_replay"),
    path("webhooks/<str:event_id>/ignore", webhooks.ignore, name="console_webhook_ignore"),
]
