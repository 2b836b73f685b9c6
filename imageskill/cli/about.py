"""`version`, `help` and `completion`: what the client tells of itself. No call is made."""

from __future__ import annotations

from imageskill import __version__
from imageskill.cli.commands import COMMANDS, NEVER, OPTIONAL, PROGRAM, Command, find
from imageskill.cli.grammar import LIST, SWITCH
from imageskill.cli.loading import part
from imageskill.cli.output import Answer, Failure, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imageskill.cli.commands import Flag, Request

_SHELLS = ("bash", "zsh", "fish")
_WIDTH = 34
_TOKENS = {NEVER: "It needs no token.", OPTIONAL: "It can do without a token in part."}
_ENVIRONMENT = """\
Environment:
  IMAGE_SKILL_TOKEN            the token; before the saved one, after --token-stdin
  IMAGE_SKILL_API_BASE_URL     the service, for a self-hosted one
  IMAGE_SKILL_TELEMETRY=off    the service shall not record what was called
  IMAGE_SKILL_TIMEOUT_SECONDS  less than the 300 s that an answer may take

Exit codes: 0 success, 1 failure, 2 arguments, 3 token, 4 denied, 5 quota, 6 content policy,
7 provider or network, 8 timeout, 9 files or storage. Every answer is one JSON envelope on stdout."""


def run(request: Request) -> Answer:
    """Tell it."""
    words = request.command.words
    if words == "version":
        return local(request.label, {"version": __version__, "client": PROGRAM})
    answer = _complete(request) if words == "completion" else _help(request)
    if request.options.get("json"):
        answer.text = ""
    return answer


def _complete(request: Request) -> Answer:
    shell = request.options["shell"]
    if shell not in _SHELLS:
        raise Failure("INVALID_ARGUMENTS", "SHELL must be one of " + ", ".join(_SHELLS))
    script: str = part("completion").script(shell)
    answer = local(request.label, {"shell": shell, "script": script})
    answer.text = script
    return answer


def _help(request: Request) -> Answer:
    topic = str(request.options.get("command", "")).split()
    command, rest = find(topic)
    if topic and (command is None or rest):
        kin = [known for known in COMMANDS if known.words.split()[: len(topic)] == topic]
        if not kin:
            raise Failure(
                "INVALID_ARGUMENTS", "There is no such command", suggested_command="image-skill help --json"
            )
        command, shown = None, kin
    else:
        shown = list(COMMANDS) if command is None else [command]
    answer = local(request.label, {"commands": [_told(known) for known in shown]})
    answer.text = _overview(shown) if command is None else _explained(command)
    return answer


def _told(command: Command) -> dict[str, Any]:
    return {
        "command": command.label,
        "meaning": command.meaning,
        "arguments": list(command.arguments),
        "flags": [
            {
                "flag": flag.name,
                "takes": flag.kind,
                "meaning": flag.meaning,
                "required": flag.required,
                "repeated": flag.repeated,
                "choices": list(flag.choices),
            }
            for flag in command.flags
        ],
        "exactly_one_of": list(command.one_of),
        "at_most_one_of": list(command.at_most_one),
        "token": command.token,
        "http": f"{command.method} {command.path}".strip() or None,
    }


def _overview(shown: list[Command]) -> str:
    rows = [f"  {_usage(command):<{_WIDTH}} {command.meaning}" for command in shown]
    head = f"{PROGRAM} {__version__}: pictures for agents, under caps that hold."
    return "\n".join(
        [
            head,
            "",
            f"Usage: {PROGRAM} COMMAND [FLAGS]",
            "",
            *rows,
            "",
            f"{PROGRAM} COMMAND --help explains one of them.",
            "",
            _ENVIRONMENT,
        ]
    )


def _usage(command: Command) -> str:
    return " ".join(
        [command.words, *(f"[{name.rstrip('*?')}]" if "?" in name else name for name in command.arguments)]
    )


def _explained(command: Command) -> str:
    lines = [
        f"Usage: {PROGRAM} {_usage(command)} [FLAGS]",
        "",
        f"  {command.meaning[0].upper()}{command.meaning[1:]}.",
    ]
    if command.token in _TOKENS:
        lines.append(f"  {_TOKENS[command.token]}")
    if command.one_of:
        lines.append(f"  One of {' and '.join(command.one_of)} is needed.")
    if command.at_most_one:
        lines.append(f"  Of {', '.join(command.at_most_one)} one may be given.")
    lines += ["", "Flags:", *(_row(flag) for flag in command.flags)]
    return "\n".join(lines)


def _row(flag: Flag) -> str:
    takes = "|".join(flag.choices) or {SWITCH: "", LIST: "A,B"}.get(flag.kind, flag.kind.upper())
    told = f"  {flag.name} {takes}".rstrip()
    return f"{told:<{_WIDTH + 2}} {flag.meaning}" + (" (required)" if flag.required else "")
