"""The words of the triage: tabs, states, types, and the reasons that can be picked."""

from typing import Final

from creative.feedback.triage import State
from creative.feedback.vocabulary import TYPES

TABS: Final = {
    "new": "New",
    "needs_proof": "Needs proof",
    "accepted": "Accepted",
    "snoozed": "Snoozed",
    "done": "Done",
    "all": "All",
}
TYPE_WORDS: Final = dict(
    zip(
        TYPES,
        ("General", "Bugs", "Features", "Documentation", "Questions", "Praise"),
        strict=True,
    )
)
STATES: Final = {
    State.RECEIVED: "new",
    State.NEEDS_PROOF: "needs proof",
    State.ACCEPTED: "accepted",
    State.FIXED: "fixed",
    State.DECLINED: "declined",
    State.DUPLICATE: "merged",
    State.REGRESSED: "came back",
}
REASONS: Final = {
    "decline": (
        "This works as it was meant to.",
        "This lies outside of what the service is for.",
        "The provider of the model decides this; we cannot change it.",
        "It cannot be repeated with what the report says.",
    ),
    "duplicate": (
        "This is known already and is followed in one place.",
        "The same cause was reported before.",
    ),
    "needs_proof": (
        "Cite the id of a job or a trace in which this happens.",
        "Say which command was run, what was expected and what came.",
    ),
}
"""Words that a reporter can be told, by act; whoever picks them can change them."""
DONE: Final = {
    "accept": "Accepted",
    "needs_proof": "Proof was asked for",
    "decline": "Declined",
    "fix": "Marked as fixed",
    "duplicate": "Merged",
    "separate": "Taken out of the merge",
    "reopen": "Put back into the inbox",
    "snooze": "Snoozed",
    "wake": "Taken up again",
    "assign": "Assigned",
    "note": "The note is kept",
    "answer": "The reporter is answered",
    "publish": "The words for everybody are kept",
}
"""What a page says after an act."""
VERBS: Final = {
    "accept": "Accept",
    "needs_proof": "Ask for proof",
    "decline": "Decline",
    "fix": "Mark as fixed",
    "duplicate": "Merge",
    "reopen": "Put back",
    "snooze": "Snooze",
    "assign": "Assign to me",
}
"""What a button of a bulk act says."""


def counted(number: int, most: int) -> str:
    """Write a count that was cut off above `most`."""
    return f"{most:,}+" if number > most else f"{number:,}"


def span(seconds: int) -> str:
    """Write a span of time in its largest whole unit."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "under a minute"
