"""Who is answered how by which route: the letters of the written table, and what walks the routes for them.

`matrix.txt` and `matrix_of_the_wire.txt` are the table. A paragraph begins with an answer for each role, a letter
for each method, and lists the routes that answer so.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.test import Client

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
LETTERS: Final = {401: "a", 403: "x", 404: ".", 405: "-", 410: "."}
"""`+` lets in, also where it then finds something to say about what was sent."""
ROLES: Final = ("nobody", "stranger", "viewer", "admin", "owner", "weak", "staff", "super")
"""`stranger` has signed in and is no member; `weak` is staff whose session used no factor."""
CALLERS: Final = ("nobody", "cookie", "other", "agent")
"""Of the wire: `cookie` is the owner's browser without a token, `other` an agent of somebody else."""

Asker = Callable[[str, str], Any]
Table = dict[str, tuple[str, ...]]


def letter(answer: Any) -> str:
    """Return how somebody was answered."""
    status = answer.status_code
    if status == 302 and answer["location"].startswith("/account/login/"):
        return "s"
    if status == 302 and answer["location"].startswith("/account/confirm/"):
        return "f"
    return LETTERS.get(status, "!" if status >= 500 else "+")


def word(ask: Asker, path: str) -> str:
    """Return the letters of a role at a route, a method after the other; nothing that is done stays done."""
    return "".join(letter(undone(ask, method, path)) for method in METHODS)


def undone(ask: Asker, method: str, path: str) -> Any:
    """Ask, then put the database back."""
    around = transaction.atomic()
    around._from_testcase = True  # else what opens a transaction of its own inside would refuse
    with around:
        answer = ask(method, path)
        if answer.streaming:
            b"".join(answer.streaming_content)  # to its end: closing it would close the database
        transaction.set_rollback(True)
    return answer


def browser(client: Client) -> Asker:
    """Return a person who asks: each time with the cookies of the beginning."""
    client.raise_request_exception = False
    cookies = copy.deepcopy(client.cookies)

    def ask(method: str, path: str) -> Any:
        client.cookies = copy.deepcopy(cookies)
        return client.generic(method, path, headers={"accept": "text/html"})

    return ask


def program(token: str | None, client: Client | None = None) -> Asker:
    """Return a program that asks, with a token or with a browser's cookies."""
    made = client or Client()
    made.raise_request_exception = False
    headers = {"authorization": f"Bearer {token}"} if token else {}

    def ask(method: str, path: str) -> Any:
        body = "{}" if method in ("POST", "PUT", "PATCH") else ""
        return made.generic(method, path, body, content_type="application/json", headers=headers)

    return ask


def measured(paths: Mapping[str, str], askers: Mapping[str, Asker]) -> Table:
    """Return how each route, by its pattern, answers each role."""
    return {pattern: tuple(word(ask, path) for ask in askers.values()) for pattern, path in paths.items()}


def written(path: Path) -> Table:
    """Read a table."""
    found: Table = {}
    words: tuple[str, ...] = ()
    for line in path.read_text().splitlines():
        if line.startswith("    "):
            assert line.strip() not in found, f"{line.strip()} is listed twice"
            found[line.strip()] = words
        elif line and not line.startswith("#"):
            words = tuple(line.split())
    return found


def lines(table: Table, roles: Iterable[str]) -> Iterator[str]:
    """Return a table as it is written; a route is `/` where its pattern is empty."""
    yield "# " + " ".join(METHODS)
    yield "# " + " ".join(roles)
    for words in sorted(set(table.values())):
        yield ""
        yield " ".join(words)
        yield from (f"    {pattern}" for pattern in sorted(table) if table[pattern] == words)


def differences(found: Table, expected: Table) -> list[str]:
    """Say which routes answer otherwise than is written, which are not written, which are gone."""
    told = [f"{one} is listed and no route" for one in sorted(set(expected) - set(found))]
    for pattern, words in sorted(found.items()):
        if pattern not in expected:
            told.append(f"{pattern} is not listed; it answers {' '.join(words)}")
        elif expected[pattern] != words:
            told.append(f"{pattern} answers {' '.join(words)}, not {' '.join(expected[pattern])}")
    return told
