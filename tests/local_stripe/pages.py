"""The pages that a payer sees: plain HTML, no script."""

from html import escape
from urllib.parse import parse_qs

from tests.local_stripe import paying, reversals, sessions
from tests.local_stripe.api import Asked, Reply
from tests.local_stripe.errors import RefusalError
from tests.local_stripe.store import Row, Store

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 30rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1rem; font-weight: 600; margin: 0; }
.amount { font-size: 2.25rem; font-weight: 700; margin: 0 0 1rem; }
fieldset { border: 1px solid #8886; border-radius: .5rem; margin: 0 0 1rem; padding: .75rem 1rem; }
label { display: block; padding: .2rem 0; }
button { font: inherit; font-weight: 600; padding: .6rem 1.5rem; border: 0; border-radius: .5rem;
  background: #4f46e5; color: #fff; cursor: pointer; }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid #a5b4fc; outline-offset: 2px; }
form + form, .cancel { margin-top: 1rem; }
.note { opacity: .75; font-size: .875rem; }
"""


def answer(store: Store, asked: Asked) -> Reply:
    """Answer a request for a page, or for what its buttons do."""
    with store.lock:
        sessions.expire_due(store)
        try:
            return _routed(store, asked)
        except RefusalError as error:
            return _page("Not possible", f"<h1>Not possible</h1><p>{escape(str(error))}</p>", error.status)


def _routed(store: Store, asked: Asked) -> Reply:
    parts = asked.path.strip("/").split("/")
    if parts == [""]:
        return _page("Local Stripe", _overview(store))
    if parts[0] != "pay" or len(parts) not in (2, 3) or (asked.method == "GET" and len(parts) == 3):
        raise RefusalError("There is no such page.", status=404)
    session = store.get(sessions.KIND, parts[1], "session")
    if asked.method == "GET":
        return _page("Pay", _session_page(store, session))
    return _pressed(store, session, parts[2] if len(parts) == 3 else "pay", asked)


def _pressed(store: Store, session: Row, button: str, asked: Asked) -> Reply:
    told = {name: values[-1] for name, values in parse_qs(asked.body).items()}
    if button == "pay":
        return _pay(store, session, told)
    if button == "settle":
        paying.settle(store, session["id"], ok=told.get("outcome") == "succeeded")
    elif button in ("refund", "dispute"):
        charge = reversals.charge_for(store, session["payment_intent"] or "")
        if button == "refund":
            left = charge["amount"] - charge["amount_refunded"]
            reversals.refund(store, charge, left, store.refund_status, reason="requested_by_customer")
        else:
            reversals.dispute(store, charge, charge["amount"], "needs_response", reason="fraudulent")
    else:
        raise RefusalError("There is no such button.", status=404)
    return Reply(303, headers={"Location": f"{store.base_url}/pay/{session['id']}"})


def _pay(store: Store, session: Row, told: dict[str, str]) -> Reply:
    percent = told.get("discount", "0")
    if percent not in ("0", "50", "100") or (percent != "0" and not session["allow_promotion_codes"]):
        raise RefusalError("This session takes no such code.")
    method = told.get("method", "card")
    if method not in ("card", "async"):
        raise RefusalError("There is no such method.")
    paying.pay(store, session["id"], discount_percent=int(percent), method=method, email=told.get("email") or None)
    there = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return Reply(303, headers={"Location": there})


def _overview(store: Store) -> str:
    rows = "".join(
        f'<li><a href="/pay/{row["id"]}">{_money(row["amount_total"], row["currency"])}</a> '
        f"{escape(row['status'])}, {escape(row['payment_status'])}</li>"
        for row in reversed(list(store.of(sessions.KIND)))
    )
    return f"<h1>Local Stripe: checkout sessions</h1><ul>{rows or '<li>none yet</li>'}</ul>"


def _session_page(store: Store, session: Row) -> str:
    names = ", ".join(item["description"] for item in store.line_items[session["id"]])
    head = f'<h1>{escape(names)}</h1><p class="amount">{_money(session["amount_total"], session["currency"])}</p>'
    if session["status"] == "open":
        return head + _pay_form(session)
    state = f"<p>This session is {escape(session['status'])}, {escape(session['payment_status'])}.</p>"
    intent = store.find(session["payment_intent"] or "")
    if intent is not None and intent["status"] == "processing":
        return head + state + _settle_form(session)
    if intent is not None and intent["status"] == "succeeded":
        return head + state + _button(session, "refund", "Refund all") + _button(session, "dispute", "Dispute")
    return head + state


def _pay_form(session: Row) -> str:
    discount = ""
    if session["allow_promotion_codes"]:
        choices = (("0", "None"), ("50", "50 % off"), ("100", "100 % off"))
        discount = _choice("discount", "Promotion code", choices)
    methods = (("card", "Card: paid at once"), ("async", "Bank debit: the money comes later, or not"))
    email = escape(session["customer_email"] or paying.PAYER, quote=True)
    cancel = ""
    if session["cancel_url"]:
        address = escape(session["cancel_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), quote=True)
        cancel = f'<p class="cancel"><a href="{address}">Cancel and go back</a></p>'
    return (
        f'<form method="post" action="/pay/{session["id"]}">{discount}'
        f"{_choice('method', 'Pay by', methods)}"
        f'<p><label>Email <input type="email" name="email" value="{email}"></label></p>'
        f'<button type="submit">Pay</button></form>{cancel}'
        '<p class="note">This is a stand-in for development. No money moves.</p>'
    )


def _settle_form(session: Row) -> str:
    outcomes = (("succeeded", "The money arrives"), ("failed", "The payment fails"))
    return (
        f'<form method="post" action="/pay/{session["id"]}/settle">'
        f'{_choice("outcome", "What the bank says", outcomes)}<button type="submit">Settle</button></form>'
    )


def _button(session: Row, path: str, text: str) -> str:
    return f'<form method="post" action="/pay/{session["id"]}/{path}"><button type="submit">{text}</button></form>'


def _choice(name: str, legend: str, choices: tuple[tuple[str, str], ...]) -> str:
    inputs = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{"" if number else " checked"}> {text}</label>'
        for number, (value, text) in enumerate(choices)
    )
    return f"<fieldset><legend>{legend}</legend>{inputs}</fieldset>"


def _money(cents: int, currency: str) -> str:
    return f"{cents // 100}.{cents % 100:02d} {escape(currency.upper())}"


def _page(title: str, content: str, status: int = 200) -> Reply:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{content}</main></body></html>"
    )
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})
