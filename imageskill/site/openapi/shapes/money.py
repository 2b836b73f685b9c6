"""Shapes of credits, limits and purchases. Money is integer credits or cents; `*_usd` is for display."""

from typing import Literal, NotRequired, TypedDict

from imageskill.site.openapi.typed import Instant

Currency = Literal["USD"]
Method = Literal["fake", "stripe_checkout"]


class LimitsJSON(TypedDict):
    """The credits of the caller."""

    remaining_credits: int
    payment_backed_remaining_credits: int
    held_credits: int
    spendable_credits: int
    credit_unit_usd: float
    debt_credits: NotRequired[int]


class DailyJobsJSON(TypedDict):
    """The jobs of the day."""

    limit: int
    used: int
    remaining: int
    resets_at: Instant


class AllowedModelsJSON(TypedDict):
    """Which models the agent may use, and those that free credits buy."""

    allowed: Literal["all"] | list[str]
    max_outputs_per_request: int
    free_credits_buy: list[str]


class CounterJSON(TypedDict):
    """One of the owner's caps, in credits, and what is used of it."""

    cap: int | None
    used: int
    held: int
    remaining: int | None
    resets_at: Instant | None


class SpendJSON(TypedDict):
    """The owner's caps by window."""

    per_job: CounterJSON
    day: CounterJSON
    week: CounterJSON
    month: CounterJSON
    lifetime: CounterJSON


class TopUpCommandsJSON(TypedDict):
    """The commands that lead to more credits."""

    packs: str
    quote: str


class TopUpJSON(TypedDict):
    """How to get more credits."""

    available: bool
    recommended: bool
    recommendation_reason: str
    first_command: str
    quote_command: str
    commands: TopUpCommandsJSON


class QuotaJSON(TypedDict):
    """What the caller has, holds, spent and may still do."""

    authenticated: Literal[True]
    claim_state: str
    token_status: Literal["active"]
    limits: LimitsJSON
    daily_jobs: DailyJobsJSON
    models: AllowedModelsJSON
    spend: SpendJSON
    approval_threshold_credits: int | None
    top_up: TopUpJSON


class PackJSON(TypedDict):
    """Credits as they are sold."""

    pack_id: str
    name: str
    display_name: str
    credits: int
    amount_cents: int
    amount_usd: str
    currency: Currency


class CustomQuotesJSON(TypedDict):
    """The amounts that a quote may name instead of a pack."""

    supported: bool
    min_credits: int
    max_credits: int


class PacksJSON(TypedDict):
    """What credits are sold in."""

    credit_unit_cents: int
    credit_unit_usd: float
    currency: Currency
    default_pack_id: str
    packs: list[PackJSON]
    custom_quotes: CustomQuotesJSON


class MethodLimitsJSON(TypedDict):
    """The bounds of a payment; an unclaimed agent buys so many credits and no more."""

    min_amount_cents: int
    max_amount_cents: int
    unclaimed_credits_a_day: int
    unclaimed_credits_in_all: int


class MethodRecoveryJSON(TypedDict):
    """The commands of a purchase, in their order."""

    quote_command: str
    purchase_command: str
    status_command: str


class PaymentMethodJSON(TypedDict):
    """A way to pay."""

    method_id: Method
    status: Literal["available", "unavailable"]
    available: bool
    quoteable: bool
    purchasable: bool
    live_money: bool
    buyer_modes: list[str]
    requires_browser: bool
    agent_initiated: bool
    agent_settleable: bool
    settlement_blocker: str | None
    default_pack_id: str
    purchase_endpoint: str
    limits: MethodLimitsJSON
    unavailable_reason: str | None
    recovery: MethodRecoveryJSON


class PaymentMethodsJSON(TypedDict):
    """How credits are paid here."""

    contract_version: Literal["image-skill.payment-methods.v1"]
    credit_unit_cents: int
    currency: Currency
    quote_endpoint: str
    packs_endpoint: str
    status_endpoint: str
    methods: list[PaymentMethodJSON]


class BuyJSON(TypedDict):
    """The command that buys a quote, and the one that follows it."""

    command: str
    purchase_idempotency_key: str
    status_command: str


class QuoteActionsJSON(TypedDict):
    """What can be done with a quote; nothing once it is paid."""

    recommended_buy: NotRequired[BuyJSON]


class QuoteJSON(TypedDict):
    """The terms of a purchase, for a day. A quote grants nothing."""

    quote_id: str
    state: Literal["created", "paid"]
    credits: int
    price_amount_cents: int
    currency: Currency
    expires_at: Instant
    accepted_payment_method: Method
    idempotency_key: str | None
    pack_id: str | None
    pack: PackJSON | None
    live_money: bool
    next_actions: QuoteActionsJSON
    debt_credits: NotRequired[int]
    credits_after: NotRequired[int]


class NextJSON(TypedDict):
    """What is to be done now."""

    human_action: str | None
    retry_after_seconds: NotRequired[int]
    checkout_handoff_url: NotRequired[str]
    after_payment: NotRequired[str]
    command: NotRequired[str]


AttemptState = Literal["created", "action_required", "processing", "succeeded", "failed", "expired"]


class CheckoutJSON(TypedDict):
    """A hosted payment page. Nothing is granted before it is paid."""

    state: AttemptState
    quote_id: str
    payment_attempt_id: str
    provider: Literal["stripe"]
    accepted_payment_method: Method
    checkout_session_id: str | None
    checkout_url: str | None
    checkout_handoff_url: str
    credits: int
    amount_cents: int
    currency: Currency
    live_money: bool
    expires_at: Instant | None
    idempotency_key: str | None
    next: NextJSON


class PurchaseJSON(TypedDict):
    """A purchase with play money; a repeat tells the first receipt and grants nothing."""

    state: Literal["succeeded"]
    quote_id: str
    receipt_id: str
    credit_event_id: str
    credits_granted: int
    amount_cents: int
    currency: Currency
    accepted_payment_method: Method
    idempotency_key: str | None
    balance_after: int
    live_money: bool
    replayed: bool
    limits: LimitsJSON


class AttemptJSON(TypedDict):
    """An attempt to pay a quote."""

    payment_attempt_id: str
    checkout_session_id: str | None
    checkout_url: str | None
    checkout_handoff_url: str | None
    attempt_status: Literal["created", "requires_action", "processing", "succeeded", "failed", "expired"]
    credits: int
    amount_cents: int
    created_at: Instant
    expires_at: Instant | None


class ReceiptJSON(TypedDict):
    """What was paid and what it granted."""

    receipt_id: str
    quote_id: str
    payment_attempt_id: str
    credits: int
    paid_credits: int
    promo_credits: int
    amount_cents: int
    currency: Currency
    accepted_payment_method: Method
    live_money: bool
    created_at: Instant


class CreditEventJSON(TypedDict):
    """The grant behind a receipt."""

    credit_event_id: str
    type: Literal["credits.payment_backed_granted"]
    credits: int
    balance_after: int
    occurred_at: Instant


class ProviderEventJSON(TypedDict):
    """When the payment provider was last asked how the session stands."""

    checkout_session_id: str | None
    observed_at: Instant


class ReversalJSON(TypedDict):
    """A refund or a dispute, and what it did."""

    reversal_id: str
    kind: str
    status: str
    effect: str
    amount_cents: int
    updated_at: Instant


class PurchaseStatusJSON(TypedDict):
    """How a purchase stands; without a reference, the balance: `state` balance, and the rest null."""

    state: Literal[
        "balance",
        "created",
        "action_required",
        "processing",
        "succeeded",
        "failed",
        "expired",
        "refunded",
        "disputed",
    ]
    quote: QuoteJSON | None
    payment_attempt: AttemptJSON | None
    receipt: ReceiptJSON | None
    credit_event: CreditEventJSON | None
    provider_event: ProviderEventJSON | None
    reversals: list[ReversalJSON]
    limits: LimitsJSON
    next: NextJSON | None
