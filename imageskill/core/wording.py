"""Amounts in sentences. Pure."""


def in_credits(amount: int) -> str:
    """Write an amount with its digits together, as the fields beside it have it: 1 credit, 1500 credits."""
    return f"{amount} credit{'' if amount == 1 else 's'}"
