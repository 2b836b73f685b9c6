"""Forms that act once: the random word of each is used up in the database by its first post."""

from typing import Final

from imageskill.core import tallies
from imageskill.core.models import Tally

_SCOPE: Final = "form_word"


def use(user_id: str, word: str) -> bool:
    """Use up a person's word; False: it was used before, in the last three days at least.

    Of two posts of one form at the same moment one alone gets True.
    """
    key = f"{user_id}:{word}"
    # A day's count begins anew at midnight; the rows of earlier days still tell of it.
    if Tally.objects.filter(scope=_SCOPE, key=key).exists():
        return False
    return tallies.take(_SCOPE, key, limit=1, period=tallies.DAY)
