"""How a command line is read: flags, commands, and what a line means. Pure: no file, socket, stdin or environment.

No value is ever told back, because a prompt or a token may stand anywhere in a line.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

TEXT, WHOLE, AMOUNT, JSON, SWITCH, LIST = "text", "whole", "amount", "json", "switch", "list"
"""What a flag takes: a word, an integer, a number, a JSON object, nothing, words with commas between."""

NEEDED, OPTIONAL, NEVER = "needed", "optional", "never"
"""Whether a command calls with a token."""

BODY, QUERY, HEADER, CLIENT = "body", "query", "header", "client"
"""Where a flag's value goes; `client` stays on the caller's machine."""

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_FLAG_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz-")
_TRUTHS = {"true": True, "false": False}
_LONGEST_FLAG = 48


class Flag:
    """A flag: its name, what it takes and where that goes.

    `field` is its name in the call, by default the flag's with underscores. `sends` is what a switch sends.
    `local` says why a service cannot honour the flag in place of the client; empty where it can.
    """

    __slots__ = ("choices", "field", "kind", "local", "meaning", "name", "place", "repeated", "required", "sends")

    def __init__(
        self,
        name: str,
        meaning: str,
        kind: str = TEXT,
        *,
        field: str = "",
        place: str = "",
        required: bool = False,
        repeated: bool = False,
        choices: tuple[str, ...] = (),
        sends: object = True,
        local: str = "",
    ) -> None:
        self.name, self.meaning, self.kind = name, meaning, kind
        self.field = field or name[2:].replace("-", "_")
        self.place = CLIENT if local else place
        self.required, self.repeated, self.choices = required, repeated, choices
        self.sends, self.local = sends, local


class Command:
    """A command: its words, the HTTP call behind it, its arguments and flags.

    `call` is "METHOD /path/{argument}", empty where there is none. `arguments` are names; one that ends with `?`
    may be left out. `one_of` are flags of which exactly one is needed, `at_most_one` those of which one may be
    given. `keyed`: each live call carries an idempotency key. `repeatable`: sending it twice does no harm.
    `runner` names the part of the client that runs it. `local` says why only the client can run it.
    """

    __slots__ = (
        *("aliases", "arguments", "at_most_one", "flags", "keyed", "local", "meaning", "method", "one_of"),
        *("path", "place", "repeatable", "runner", "token", "words"),
    )

    def __init__(
        self,
        words: str,
        meaning: str,
        call: str = "",
        *,
        flags: tuple[Flag, ...] = (),
        arguments: tuple[str, ...] = (),
        one_of: tuple[str, ...] = (),
        at_most_one: tuple[str, ...] = (),
        token: str = NEEDED,
        keyed: bool = False,
        repeatable: bool | None = None,
        runner: str = "calling",
        local: str = "",
        aliases: tuple[str, ...] = (),
    ) -> None:
        self.words, self.meaning = words, meaning
        self.method, _, self.path = call.partition(" ")
        self.place = BODY if self.method == "POST" else QUERY
        self.flags, self.arguments = flags, arguments
        self.one_of, self.at_most_one = one_of, at_most_one
        self.token, self.keyed = token, keyed
        self.repeatable = repeatable if repeatable is not None else keyed or self.method != "POST"
        self.runner, self.local, self.aliases = runner, local, aliases

    @property
    def label(self) -> str:
        """The command as an envelope names it."""
        return f"image-skill {self.words}"


class Request:
    """What a command line means.

    `method`, `path` (percent-encoded), `query`, `body` (None for a call without one) and `headers` are the call;
    `options` are the values that stay with the client, by field; `local` names each flag or argument that only
    the caller's machine can honour, with the reason.
    """

    __slots__ = ("body", "command", "headers", "local", "method", "options", "path", "query")

    def __init__(self, command: Command) -> None:
        self.command = command
        self.method, self.path = command.method, command.path
        self.query: dict[str, str] = {}
        self.body: dict[str, Any] | None = {} if command.method == "POST" else None
        self.headers: dict[str, str] = {}
        self.options: dict[str, Any] = {}
        self.local: dict[str, str] = {}

    @property
    def label(self) -> str:
        """The command as an envelope names it."""
        return self.command.label


class ParseError:
    """Why a command line means nothing: always INVALID_ARGUMENTS, with what would help."""

    __slots__ = ("label", "message", "options", "recovery")

    def __init__(
        self, label: str, message: str, options: Mapping[str, Any] | None = None, **recovery: object
    ) -> None:
        self.label, self.message = label, message
        self.options = dict(options or {})
        self.recovery: dict[str, Any] = {name: value for name, value in recovery.items() if value}


class _Wrong(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, message: str, **recovery: object) -> None:
        super().__init__(message)
        self.message, self.recovery = message, recovery


def read(command: Command, words: Sequence[str]) -> Request | ParseError:
    """Return what a command with these words after its name means."""
    request = Request(command)
    try:
        given, arguments = _sort(command, words, request.options)
        _check(command, given)
        _place(request, given)
        _name(request, arguments)
    except _Wrong as wrong:
        help_command = f"image-skill {command.words} --help"
        return ParseError(
            command.label, wrong.message, request.options, **wrong.recovery, help_command=help_command
        )
    return request


def _sort(
    command: Command, words: Sequence[str], options: dict[str, Any]
) -> tuple[dict[str, tuple[Flag, Any]], list[str]]:
    """Tell the flags, with their values, from the arguments."""
    flags = {flag.name: flag for flag in command.flags}
    given: dict[str, tuple[Flag, Any]] = {}
    arguments: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if word == "--":
            arguments += words[place:]
            break
        if not word.startswith("--"):
            arguments.append(word)
            continue
        name, equals, text = word.partition("=")
        flag = flags.get(name)
        if flag is None:
            raise _unknown(command, name)
        if not equals and flag.kind != SWITCH:
            # A flag whose value was forgotten must not swallow the next one: it may be --dry-run.
            if place == len(words) or words[place].startswith("--"):
                raise _Wrong(
                    f"{name} needs a value", fields={name: ["needs a value; write =VALUE for one with --"]}
                )
            text = words[place]
            place += 1
        value = _value(flag, text, said=bool(equals))
        if name in given and not flag.repeated:
            raise _Wrong(f"{name} is given twice", fields={name: ["may be given once"]})
        if name in given:
            value = [*given[name][1], *value]
        given[name] = (flag, value)
        if flag.place == CLIENT:
            options[flag.field] = value
    return given, arguments


def _unknown(command: Command, name: str) -> _Wrong:
    # Only what can be a flag's name is told back: a secret holds digits or capitals.
    shown = name if len(name) <= _LONGEST_FLAG and not set(name) - _FLAG_LETTERS else "a flag"
    return _Wrong(
        f"{command.label} does not take {shown}",
        known_flags=sorted(flag.name for flag in command.flags),
    )


def _value(flag: Flag, text: str, *, said: bool) -> Any:  # noqa: ANN401 - what the flag takes
    """Return a flag's value from its text."""
    if flag.kind == SWITCH:
        if said and text not in _TRUTHS:
            raise _Wrong(f"{flag.name} takes no value", fields={flag.name: ["is on when it stands there"]})
        return _TRUTHS[text] if said else True
    problem = ""
    value: Any = text
    if flag.kind == WHOLE:
        problem = "" if text.removeprefix("-").isdecimal() and text.isascii() else "must be a whole number"
        value = 0 if problem else int(text[:20])
    elif flag.kind == AMOUNT:
        value, problem = _amount(text)
    elif flag.kind == JSON:
        value, problem = _object(text)
    elif flag.kind == LIST:
        value = [part.strip() for part in text.split(",") if part.strip()]
    elif not text and flag.place != CLIENT:
        problem = "must not be empty"
    if flag.choices and text not in flag.choices:
        problem = "must be one of " + ", ".join(flag.choices)
    if problem:
        raise _Wrong(f"{flag.name} {problem}", fields={flag.name: [problem]})
    return [value] if flag.repeated and flag.kind != LIST else value


def _amount(text: str) -> tuple[float, str]:
    plain = text.isascii() and text.replace(".", "", 1).isdigit()
    return (float(text), "") if plain else (0.0, "must be an amount such as 0.05")


def _object(text: str) -> tuple[Any, str]:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None, "must be valid JSON"
    return value, "" if isinstance(value, dict) else "must be a JSON object"


def _refuse(name: str) -> None:
    raise ValueError(name)


def _check(command: Command, given: Mapping[str, object]) -> None:
    """Raise unless the flags that are needed are there, and no two that exclude each other."""
    missing = [flag.name for flag in command.flags if flag.required and flag.name not in given]
    alone = [name for name in command.one_of if name in given]
    if command.one_of and not alone:
        missing += command.one_of[:1]
    if missing:
        raise _Wrong(
            f"{missing[0]} is required",
            required_flag=missing[0] if len(missing) == 1 else None,
            required_flags=missing if len(missing) > 1 else None,
            fields={name: ["is required"] for name in missing},
        )
    for names in (command.one_of, command.at_most_one, ("--json", "--human")):
        both = [name for name in names if name in given]
        if len(both) > 1:
            raise _Wrong(
                f"{both[0]} and {both[1]} exclude each other", fields={name: ["one of them"] for name in both}
            )


def _place(request: Request, given: Mapping[str, tuple[Flag, Any]]) -> None:
    """Put each value where it goes."""
    for flag, value in given.values():
        place = flag.place or request.command.place
        if flag.local and value is not False:
            request.local[flag.name] = flag.local
        if place == CLIENT:
            continue
        if flag.kind == SWITCH:
            if value is False:
                continue
            value = flag.sends  # noqa: PLW2901 - what the switch stands for
        if place == BODY and request.body is not None:
            request.body[flag.field] = value
        elif place == HEADER:
            request.headers[flag.field] = str(value)
        else:
            request.query[flag.field] = ("true" if value else "false") if isinstance(value, bool) else str(value)


def _name(request: Request, arguments: list[str]) -> None:
    """Put the arguments into the path, or leave them to the client."""
    expected = request.command.arguments
    least = sum(not name.endswith("?") for name in expected)
    if len(arguments) < least:
        raise _Wrong(
            f"{expected[len(arguments)]} is missing", missing_inputs=list(expected[len(arguments) : least])
        )
    many = bool(expected) and expected[-1].endswith("*?")
    if len(arguments) > len(expected) and not many:
        told = f"at most {len(expected)} argument(s)" if expected else "no argument"
        raise _Wrong(f"{request.label} takes {told}")
    for name, text in zip(expected, arguments, strict=False):
        field = name.rstrip("*?").lower()
        if not text.strip():
            raise _Wrong(f"{name.rstrip('*?')} must not be empty")
        request.options[field] = " ".join(arguments) if many else text
        request.path = request.path.replace("{" + field + "}", quoted(text))
    if request.command.local:
        request.local[request.command.words] = request.command.local


def quoted(text: str) -> str:
    """Return the text as one segment of a path; `.` and `..`, which a segment cannot be, escape nothing."""
    told = "".join(
        chr(byte) if chr(byte) in _SAFE else f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape")
    )
    return told.replace(".", "%2E") if set(told) == {"."} else told
