"""The only writer of the ledger: credits come by `grant`, wait by `hold`, end by `settle` or `release`.

Money that goes back takes them along (`freeze`, `reverse`), or gives them again (`unfreeze`, `restore`).
Staff puts credits right by `adjust`.

Every function works inside the caller's unit of work, with the organization's row locked.
"""

from billing.ledger.adjusting import adjust
from billing.ledger.checkpoints import Verified, keep, verify_all, verify_since_checkpoints
from billing.ledger.holding import Split, bucket_start, hold, release, settle
from billing.ledger.opening import grant
from billing.ledger.posting import account_of
from billing.ledger.reversing import freeze, indebt, lots_of_receipt, outstanding, restore, reverse, unfreeze
from billing.ledger.transferring import transfer
from billing.ledger.verifying import Offence, verify
from billing.ledger.watching import watch

__all__ = [
    "Offence",
    "Split",
    "Verified",
    "account_of",
    "adjust",
    "bucket_start",
    "freeze",
    "grant",
    "hold",
    "indebt",
    "keep",
    "lots_of_receipt",
    "outstanding",
    "release",
    "restore",
    "reverse",
    "settle",
    "transfer",
    "unfreeze",
    "verify",
    "verify_all",
    "verify_since_checkpoints",
    "watch",
]
