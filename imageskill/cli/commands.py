"""The table of commands, and `parse`, which turns a command line into one HTTP call.

Pure data and pure functions: nothing here opens a file, a socket or stdin, or looks at the environment, so that a
service can run a command line for a caller without becoming that caller's machine.
"""

from __future__ import annotations

from imageskill.cli.agent_table import CATALOGUE, IDENTITY, MONEY
from imageskill.cli.grammar import NEEDED, NEVER, OPTIONAL, Command, Flag, ParseError, Request, read
from imageskill.cli.picture_table import CLIENT_COMMANDS, PICTURES, RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "NEEDED", "NEVER", "OPTIONAL", "Command", "Flag", "ParseError", "Request", "parse"]

PROGRAM = "image-skill"
COMMANDS = (*IDENTITY, *MONEY, *CATALOGUE, *PICTURES, *RECORDS, *CLIENT_COMMANDS)
"""Every command, in the order in which help lists them."""

_BY_WORDS = {tuple(words.split()): command for command in COMMANDS for words in (command.words, *command.aliases)}
_MOST_WORDS = 3
_FRONT = ("--json", "--human")
_SYNONYMS = {"--version": "version", "--help": "help", "-h": "help"}
_ASSETS = {"input": "input_asset_id", "mask": "mask_asset_id", "asset": ""}
_ASSET_COMMANDS = ("edit", "assets show", "assets get")
_ID_LETTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")
_SECRET_FLAGS = ("--token", "--api-key")


def parse(argv: Sequence[str]) -> Request | ParseError:
    """Return the call that a command line, without the program's name, stands for, or why it stands for none.

    `Request.local` holds what only the caller's own machine can do; without entries, the request is the call as it
    is to be sent. An answer never repeats a value of the line.
    """
    words = list(argv)
    moved = []
    while words and words[0] in _FRONT:
        moved.append(words.pop(0))
    words += [flag for flag in moved if flag not in words]
    if not words or words[0].startswith("-"):
        words[:1] = [_SYNONYMS.get(words[0], "") if words else "help"]
    command, rest = find(words)
    if command is None:
        return _unknown(words)
    if any(word.partition("=")[0] in _SECRET_FLAGS for word in rest):
        return ParseError(
            command.label,
            "A token is never an argument, because others can read those",
            required_flag="--token-stdin",
            environment="IMAGE_SKILL_TOKEN",
        )
    ends = rest.index("--") if "--" in rest else len(rest)
    if "--help" in rest[:ends] and command.words != "help":
        return read(_BY_WORDS["help",], [*command.words.split(), *(["--json"] if "--json" in rest else [])])
    request = read(command, rest)
    if isinstance(request, Request):
        _take_assets(request)
    return request


def _take_assets(request: Request) -> None:
    """Send an asset's id as it is; what else names a picture only the caller's machine can look at."""
    for option, field in _ASSETS.items():
        named = request.options.get(option)
        if named is None or request.command.words not in _ASSET_COMMANDS:
            continue
        if not is_asset_id(named):
            request.local["--" + option if field else option.upper()] = "names a file or an address"
        elif field and request.body is not None:
            request.body[field] = named


def is_asset_id(text: str) -> bool:
    """Say whether the text is the id of an asset, and not an address or a path."""
    return text.startswith("image_") and len(text) > len("image_") and not set(text[len("image_") :]) - _ID_LETTERS


def find(words: Sequence[str]) -> tuple[Command | None, list[str]]:
    """Return the command with which these words begin, and the words after it."""
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        command = _BY_WORDS.get(tuple(words[:count]))
        if command is not None:
            return command, list(words[count:])
    return None, list(words)


def _unknown(words: Sequence[str]) -> ParseError:
    kin = [command.words for command in COMMANDS if words and command.words.split()[0] == words[0]]
    message = f"{PROGRAM} {words[0]} needs one of its own words" if kin else "There is no such command"
    return ParseError(
        PROGRAM,
        message,
        commands=kin or [command.words for command in COMMANDS],
        suggested_command="image-skill help --json",
    )
