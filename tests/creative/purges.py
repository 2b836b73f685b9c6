"""Functions that stand where a content delivery network would."""

heard: list[list[str]] = []


def hear(addresses: list[str]) -> None:
    """Remember what was to be forgotten."""
    heard.append(addresses)


def refuse(addresses: list[str]) -> None:
    """Fail as a network does."""
    raise OSError("the network is away")
