"""The only writer of the ledger: credits come by `grant`, wait by `hold`, end by `settle` or `release`.

Every function works inside the caller's unit of work, with the organization's row locked.
"""

from billing.ledger.holding import Split, hold, release, settle
from billing.ledger.opening import account_of, grant
from billing.ledger.verifying import Offence, verify

__all__ = ["Offence", "Split", "account_of", "grant", "hold", "release", "settle", "verify"]
