"""Second floor: packs, quotes, checkout, the ledger of credits, quota and the owner's mandate."""
