"""Kill switches: a provider or a model that takes no calls, for every process from the next call on.

A switch is on where calls are stopped. The service turns one on by itself when a provider does not take its key or
account, and off again when a free question to that provider succeeds. It also stops a model whose pictures cost
more than the accepted ceiling three times. What a person has switched, only a person switches back. Whoever moved
one, the workspaces that it touches find it in their activity, by an event of the same transaction.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from billing import pricing
from creative import registry, tellings
from creative.catalogue import loader
from creative.catalogue.selection import Row, Status
from creative.models import Job, KillSwitch
from creative.providers.base import Failure, ProviderError
from imageskill.core.events import ActingFor, System
from imageskill.core.units import unit_of_work

logger = logging.getLogger("imageskill.switches")

SERVICE = System("switches")
MOST_STRIKES = 3
_FIRST_PROBE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_LONGEST_REASON = 200


class SwitchMovedError(Exception):
    """Somebody else moved the switch meanwhile: look at it again."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a switch stops: a provider or a model of the catalogue, written `provider:ID` or `model:ID`."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def target(text: str) -> Target:
    """Return the target that a text names. ValueError: the catalogue has no such provider or model."""
    kind, _, named = text.partition(":")
    entries = loader.current().order
    known = {"provider": {entry.provider_id for entry in entries}, "model": {entry.id for entry in entries}}
    if named not in known.get(kind, set()):
        raise ValueError(f"{text} is no provider:ID and no model:ID of the catalogue")
    return Target(kind, named)


def stopped_models() -> dict[str, str]:
    """Return the models that take no calls now, by themselves or by their provider, each with the reason."""
    return _stopped(dict(KillSwitch.objects.filter(is_on=True).values_list("target", "reason")))


def _stopped(on: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in loader.current().order if on else ():
        reason = on.get(str(Target("provider", entry.provider_id)), on.get(str(Target("model", entry.id))))
        if reason is not None:
            found[entry.id] = reason
    return found


def require_open(on: Mapping[str, str], provider_id: str, model_id: str) -> None:
    """Raise what ends a job whose provider or model is among the switches that are on, by target with the reason.

    Asked right before each call, of what was read then.
    """
    reason = on.get(str(Target("provider", provider_id)), on.get(str(Target("model", model_id))))
    if reason is not None:
        raise ProviderError(Failure.UNAVAILABLE, closed(model_id, reason))


def closed(model_id: str, reason: str) -> str:
    """Return what a caller is told of a model that is switched off."""
    return f"{model_id} is switched off for now: {reason.rstrip('.')}. Nothing is charged."


def applied(rows: tuple[Row, ...], on: Mapping[str, str]) -> tuple[Row, ...]:
    """Return the rows of the catalogue with those that are switched off as unavailable, with the reason.

    `on` are the switches that are on, by target with the reason.
    """
    stopped = _stopped(on)
    return tuple(_applied(row, stopped.get(row.entry.id)) for row in rows)


def _applied(row: Row, reason: str | None) -> Row:
    if reason is None or not row.available:
        return row
    told = f"Switched off for now: {reason}"
    standing = row.availability._replace(status=Status.UNAVAILABLE, availability_reason=told)
    return replace(row, availability=standing)


def move(where: Target, *, stopped: bool, reason: str, actor: ActingFor, version: int | None = None) -> KillSwitch:
    """Stop the calls of a target or let them through again, as a person decided.

    `version` is the one that the person saw, if a page showed it. SwitchMovedError: it is not that one any more.
    """
    moved = _move(str(where), stopped=stopped, reason=reason[:_LONGEST_REASON], actor=actor, version=version)
    _tell("switched by a person", moved)
    return moved


@unit_of_work
def _move(where: str, *, stopped: bool, reason: str, actor: ActingFor, version: int | None) -> KillSwitch:
    _make_missing(where)
    seen = KillSwitch.objects.get(pk=where)
    moved = KillSwitch.objects.filter(pk=where, version=seen.version if version is None else version).update(
        is_on=stopped,
        kind=KillSwitch.Kind.MANUAL,
        reason=reason,
        strikes=0,
        version=F("version") + 1,
        actor_id=actor.actor_id,
        changed_at=timezone.now(),
    )
    if not moved:
        raise SwitchMovedError(where)
    row = KillSwitch.objects.get(pk=where)
    if stopped or seen.is_on:
        _tell_workspaces(row, actor)
    return row


def heed(error: ProviderError, provider_id: str) -> None:
    """Stop all calls of a provider that cannot use our key or account; other failures change nothing."""
    if error.failure is Failure.UNUSABLE and _trip(str(Target("provider", provider_id)), error.message):
        _tell("provider switched off by itself", KillSwitch.objects.get(pk=str(Target("provider", provider_id))))


@unit_of_work
def _trip(where: str, reason: str) -> bool:
    _make_missing(where)
    return _turn_on(where, reason, least_strikes=0)


def _turn_on(where: str, reason: str, *, least_strikes: int) -> bool:
    closed_now = KillSwitch.objects.filter(pk=where, is_on=False, strikes__gte=least_strikes)
    turned = closed_now.update(
        is_on=True,
        kind=KillSwitch.Kind.AUTOMATIC,
        reason=reason[:_LONGEST_REASON],
        strikes=0,
        version=F("version") + 1,
        actor_id=SERVICE.actor_id,
        changed_at=timezone.now(),
    )
    if turned:
        _tell_workspaces(KillSwitch.objects.get(pk=where), SERVICE)
    return bool(turned)


def models_of(where: Target) -> list[str]:
    """Return the ids of the models that a target stops."""
    entries = loader.current().order
    return [
        entry.id for entry in entries if where.id == (entry.id if where.kind == "model" else entry.provider_id)
    ]


def _tell_workspaces(switch: KillSwitch, actor: ActingFor) -> None:
    """Tell of a move in the transaction that made it."""
    kind, _, named = switch.target.partition(":")
    tellings.of_switch(
        switch.target,
        models_of(Target(kind, named)),
        stopped=switch.is_on,
        reason=switch.reason,
        actor=actor,
    )


def judge(job: Job, *, cost_micros: int, made: int) -> None:
    """Count a strike against a model of unknown price whose pictures cost more than the accepted ceiling.

    `cost_micros` is what the provider charged for all `made` pictures, in millionths of a USD.
    """
    if job.pricing_confidence != "unknown" or not cost_micros:
        return
    if pricing.credits_per_image(-(-cost_micros // made)) > job.credits_per_output:
        strike(job.model_id)


def strike(model_id: str) -> bool:
    """Note one result that cost more than its ceiling; the third stops the model. Say whether this one did."""
    where = str(Target("model", model_id))
    stopped = _strike(where, "its pictures cost more than the ceiling that callers accept")
    if stopped:
        _tell("model switched off by itself", KillSwitch.objects.get(pk=where))
    return stopped


@unit_of_work
def _strike(where: str, reason: str) -> bool:
    _make_missing(where)
    KillSwitch.objects.filter(pk=where, is_on=False).update(strikes=F("strikes") + 1)
    return _turn_on(where, reason, least_strikes=MOST_STRIKES)


def probe() -> list[str]:
    """Ask the providers that were switched off by themselves whether they take calls again; return who does.

    After each question that fails the pause until the next one doubles, from half a minute to an hour.
    """
    off = KillSwitch.objects.filter(
        is_on=True, kind=KillSwitch.Kind.AUTOMATIC, target__startswith="provider:"
    ).order_by("target")
    return [switch.target for switch in off if timezone.now() >= _due_at(switch) and _ask(switch)]


def _due_at(switch: KillSwitch) -> datetime:
    """Return when a provider is asked next; its strikes are the questions that have failed."""
    pause: timedelta = _FIRST_PROBE * 2 ** min(switch.strikes, 16)
    return switch.changed_at + min(pause, _LONGEST_PAUSE)


def _ask(switch: KillSwitch) -> bool:
    provider_id = switch.target.partition(":")[2]
    if provider_id not in registry.wired() or not _note_question(switch):
        return False
    try:
        registry.provider(provider_id).probe()
    except ProviderError as error:
        logger.info("provider still unusable", extra={"fields": {"target": switch.target, "why": error.message}})
        return False
    except Exception:  # a fault in one adapter must not keep the others from being asked
        logger.exception("provider not asked", extra={"fields": {"target": switch.target}})
        return False
    if not _lift(switch):
        return False
    _tell("provider switched on again by itself", KillSwitch.objects.get(pk=switch.pk))
    return True


@unit_of_work
def _note_question(switch: KillSwitch) -> bool:
    asked = KillSwitch.objects.filter(pk=switch.pk, version=switch.version, is_on=True)
    return bool(asked.update(strikes=F("strikes") + 1, version=F("version") + 1, changed_at=timezone.now()))


@unit_of_work
def _lift(switch: KillSwitch) -> bool:
    """Let calls through again, unless somebody moved the switch while the provider was asked."""
    mine = KillSwitch.objects.filter(pk=switch.pk, version=switch.version + 1, is_on=True)
    lifted = mine.update(
        is_on=False, strikes=0, version=F("version") + 1, actor_id=SERVICE.actor_id, changed_at=timezone.now()
    )
    if lifted:
        _tell_workspaces(KillSwitch.objects.get(pk=switch.pk), SERVICE)
    return bool(lifted)


def _make_missing(where: str) -> None:
    row = KillSwitch(
        target=where,
        is_on=False,
        kind=KillSwitch.Kind.AUTOMATIC,
        reason="",
        actor_id=SERVICE.actor_id,
        changed_at=timezone.now(),
    )
    KillSwitch.objects.bulk_create([row], ignore_conflicts=True)


def _tell(what: str, switch: KillSwitch) -> None:
    """Say it where staff are alerted from: the log's errors."""
    fields = {
        "target": switch.target,
        "stopped": switch.is_on,
        "reason": switch.reason,
        "actor": switch.actor_id,
        "version": switch.version,
    }
    logger.error(what, extra={"fields": fields})
