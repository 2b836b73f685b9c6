"""Forms whose answer shows a secret: reloading that answer sends the form again, and must not make another secret.

Each such form carries a random word in its hidden field `form_word`, made with the page and kept nowhere.
"""

import re
import secrets
from typing import Final

from django.http import HttpRequest

from accounts import used_forms
from accounts.pages.people import signed_in

FIELD: Final = "form_word"
_WORD: Final = re.compile(r"[0-9a-f]{32}")


def word() -> str:
    """Return a word for one rendering of a form."""
    return secrets.token_hex(16)


def is_first_use(request: HttpRequest) -> bool:
    """Use up the word of a posted form; False: it was used before, or no page of ours had it.

    A form without a word is from a page that was open before pages had one, and acts.
    """
    told = request.POST.get(FIELD, "")
    if not told:
        return True
    return _WORD.fullmatch(told) is not None and used_forms.use(signed_in(request).pk, told)
