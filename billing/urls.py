"""Paths of the second floor; the quota's path is on the roof, which passes the models' limits in."""

from django.urls import path

from billing.pages import pay
from billing.views.purchases import (
    CheckoutSessionCreate,
    CreditPackList,
    CreditQuoteCreate,
    FakePurchaseCreate,
    PaymentMethodList,
    PurchaseStatus,
)
from billing.webhooks import stripe_webhook

urlpatterns = [
    path("v1/payment-methods", PaymentMethodList.as_view()),
    path("v1/credit-packs", CreditPackList.as_view()),
    path("v1/credit-quotes", CreditQuoteCreate.as_view()),
    path("v1/credit-purchases", FakePurchaseCreate.as_view()),
    path("v1/credit-purchases/stripe-checkout-sessions", CheckoutSessionCreate.as_view()),
    path("v1/credit-purchases/status", PurchaseStatus.as_view()),
    path("webhooks/stripe", stripe_webhook),
    path("pay/<str:reference>", pay.hand_off),
    path("pay/<str:reference>/return", pay.standing),
    path("pay/<str:reference>/check", pay.check),
]
