"""Mail that is printed instead of sent: in a frame, so that a person finds a code between lines of the log."""

from typing import Final

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend as Printing

WIDTH: Final = 100


class EmailBackend(Printing):
    """Prints each mail in one piece: whom it is for, its subject and its text, between two lines across."""

    def write_message(self, message: EmailMessage) -> None:
        """Write a mail to the stream; what is held back is its headers, which say nothing to a person."""
        self.stream.write(framed(message))


def framed(message: EmailMessage) -> str:
    """Return a mail as it is printed; nothing stands before its lines, so that links and codes copy whole."""
    top = f"===== Mail to {_plain(', '.join(message.to))} ".ljust(WIDTH, "=")
    text = "\n".join(_plain(line) for line in str(message.body).strip("\n").split("\n"))
    return f"\n{top}\n{_plain(str(message.subject))}\n\n{text}\n{'=' * WIDTH}\n\n"


def _plain(line: str) -> str:
    """Return a line without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in line)
