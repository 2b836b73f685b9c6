"""Completion scripts for bash, zsh and fish, made from the table of commands."""

from __future__ import annotations

from imageskill.cli.commands import COMMANDS, PROGRAM
from imageskill.cli.grammar import SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from imageskill.cli.commands import Command

_BASH = """\
# {program} completion for bash: source <({program} completion bash)
_image_skill() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words="" word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$word" in -*) break ;; esac
    words="$words $word"
  done
  _image_skill_offers "$words" "$before"
  if [ -z "$offers" ]; then COMPREPLY=($(compgen -f -- "$current"))
  else COMPREPLY=($(compgen -W "$offers" -- "$current")); fi
}}
_image_skill_offers() {{
  offers=""
  case "$2" in
{values}
  esac
  case "$1" in
{cases}
  esac
}}
complete -o filenames -F _image_skill {program}
"""

_ZSH = """\
#compdef {program}
# {program} completion for zsh: source <({program} completion zsh)
_image_skill() {{
  local given="" word offers=""
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$word" in -*) break ;; esac
    given="$given $word"
  done
  _image_skill_offers "$given" "${{words[CURRENT-1]}}"
  if [ -z "$offers" ]; then _files; else compadd -- ${{=offers}}; fi
}}
_image_skill_offers() {{
  offers=""
  case "$2" in
{values}
  esac
  case "$1" in
{cases}
  esac
}}
compdef _image_skill {program}
"""


def script(shell: str) -> str:
    """Return the script for bash, zsh or fish."""
    if shell == "fish":
        return _fish()
    template = _BASH if shell == "bash" else _ZSH
    return template.format(program=PROGRAM, values=_values(), cases=_cases())


def _every_name() -> dict[str, Command]:
    return {words: command for command in COMMANDS for words in (command.words, *command.aliases)}


def _offers() -> dict[str, list[str]]:
    """Return for each beginning of a command line, as words, what may come next."""
    names = _every_name()
    offers: dict[str, list[str]] = {}
    for words, command in names.items():
        parts = words.split()
        for count in range(len(parts)):
            following = offers.setdefault(" ".join(parts[:count]), [])
            if parts[count] not in following:
                following.append(parts[count])
        offers.setdefault(words, []).extend(flag.name for flag in command.flags)
    return offers


def _valued() -> list[str]:
    """Return the flags after which a value comes that only the caller knows: files are offered there."""
    flags = {
        flag.name for command in COMMANDS for flag in command.flags if flag.kind != SWITCH and not flag.choices
    }
    return sorted(flags - {"--provider"})


def _values() -> str:
    chosen = {flag.name: flag.choices for command in COMMANDS for flag in command.flags if flag.choices}
    rows = [f'    {name}) offers="{" ".join(choices)}"; return ;;' for name, choices in sorted(chosen.items())]
    return "\n".join([*rows, f"    {'|'.join(_valued())}) return ;;"])


def _cases() -> str:
    # A longer command stands before the shorter one that it begins with; an argument may follow either.
    rows = sorted(_offers().items(), key=lambda row: -len(row[0].split()))
    names = _every_name()
    shown = []
    for words, following in rows:
        pattern = f'"{" " + words if words else ""}"' + ("*" if words in names else "")
        shown.append(f'    {pattern}) offers="{" ".join(following)}" ;;')
    return "\n".join(shown)


def _fish() -> str:
    lines = [
        f"# {PROGRAM} completion for fish: {PROGRAM} completion fish | source",
        "function __image_skill_at",
        "  set -l words (commandline -opc)[2..-1]",
        "  set -l given",
        "  for word in $words",
        "    string match -q -- '-*' $word; and break",
        "    set -a given $word",
        "  end",
        '  test "$given" = "$argv"',
        "end",
        "function __image_skill_in",
        "  set -l words (commandline -opc)[2..-1]",
        '  string match -q -- "$argv*" "$words"',
        "end",
    ]
    names = _every_name()
    for words, following in _offers().items():
        offered = " ".join(word for word in following if not word.startswith("--"))
        if offered:
            lines.append(f"complete -c {PROGRAM} -f -n '__image_skill_at {words}' -a '{offered}'")
    for words, command in names.items():
        for flag in command.flags:
            takes = "" if flag.kind == SWITCH else f" -x -a '{' '.join(flag.choices)}'" if flag.choices else " -r"
            said = flag.meaning.replace("'", "")
            lines.append(
                f"complete -c {PROGRAM} -n '__image_skill_in {words}' -l {flag.name[2:]}{takes} -d '{said}'"
            )
    return "\n".join(lines) + "\n"
