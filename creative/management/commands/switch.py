"""`manage.py switch`: stop the calls of a provider or a model, let them through again, or list what is stopped."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from creative import switches
from creative.models import KillSwitch
from imageskill.core.events import System

OPERATOR = System("operator")


class Command(BaseCommand):
    """The operator's kill switches; they hold for every process from the next call on."""

    help = "switch provider:fal off --reason 'Invoice open' | switch model:ID on --reason ... | switch (lists all)"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a target and where to switch it; neither lists."""
        parser.add_argument("target", nargs="?", default="", help="provider:ID or model:ID")
        parser.add_argument("to", nargs="?", choices=["on", "off"], help="off takes no calls")
        parser.add_argument("--reason", default="", help="told to callers while it is off")

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Switch, or list."""
        if options["target"]:
            self._switch(options["target"], to=options["to"], reason=options["reason"])
        for row in KillSwitch.objects.order_by("target"):
            state = "off" if row.is_on else "on"
            since = row.changed_at.isoformat(sep=" ", timespec="seconds")
            self.stdout.write(f"{row.target} {state} ({row.kind}, {row.actor_id}, {since}) {row.reason}")

    def _switch(self, text: str, *, to: str | None, reason: str) -> None:
        if to is None:
            raise CommandError("Say on or off.")
        if to == "off" and not reason:
            raise CommandError("Say why with --reason: callers are told.")
        try:
            switches.move(switches.target(text), stopped=to == "off", reason=reason, actor=OPERATOR)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except switches.SwitchMovedError as error:
            raise CommandError("It was switched meanwhile; look at it and try again.") from error
