"""`POST /v1/create` and `POST /v1/edit`: a picture, or a plan for one."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.actor import Actor
from accounts.permissions import caller_or_none
from creative import advice, approvals, assets, create, failures, inputs, offers, outcomes, placing, waiting
from creative.models import Job
from creative.planning import Wanted
from creative.presenters import creating as presenters
from imageskill.core import idempotency, secret_text
from imageskill.core.api import ApiView
from imageskill.core.errors import auth_required
from imageskill.core.fields import AmountField, FlagField, ListField, ObjectField, TextField, WholeField
from imageskill.core.idempotency import Claimed

_LONGEST_WAIT = 240
_LONGEST_PROMPT = 32_000
_MOST_REFERENCES = 16
_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})")


class PromptField(TextField):
    """Text for a model: line breaks and tabs are fine, other control characters are not."""

    default_error_messages = {"control": "must not hold control characters"}

    def to_internal_value(self, data: object) -> str:
        """Return the prompt."""
        text = super().to_internal_value(data)
        if any((character < " " and character not in "\n\r\t") or character == "\x7f" for character in text):
            self.fail("control")
        return text


class LabelField(TextField):
    """The caller's own word for a call: it is stored and told back, so it must be no secret."""

    default_error_messages = {"secret": "must not look like a secret or a card number"}

    def to_internal_value(self, data: object) -> str:
        """Return the word."""
        text = super().to_internal_value(data)
        if secret_text.is_secret(text):
            self.fail("secret")
        return text


class Create(ApiView):
    """`POST /v1/create`."""

    command = "image-skill create"
    operation = "create"
    anonymous = True
    strict_body = True
    query_fields = frozenset({"include"})
    keyed = False

    class Input(serializers.Serializer[Any]):
        prompt = PromptField(max_length=_LONGEST_PROMPT)
        model = TextField(required=False, allow_null=True, max_length=64)
        provider = TextField(required=False, allow_null=True, max_length=32)
        intent = LabelField(required=False, allow_null=True, allow_blank=True, max_length=64)
        aspect_ratio = TextField(required=False, allow_null=True, max_length=16)
        output_count = WholeField(default=1, min_value=1, max_value=64)
        output_format = TextField(required=False, allow_null=True, max_length=16)
        model_parameters = ObjectField(required=False, allow_null=True)
        references = ListField(
            child=TextField(max_length=64), required=False, allow_null=True, max_length=_MOST_REFERENCES
        )
        max_estimated_usd_per_image = AmountField(
            required=False, allow_null=True, min_value=0, max_digits=14, decimal_places=6
        )
        max_usd = AmountField(required=False, allow_null=True, min_value=0, max_digits=14, decimal_places=6)
        dry_run = FlagField(default=False)
        accept_unknown_cost = FlagField(default=False)
        idempotency_key = TextField(required=False, allow_null=True, trim_whitespace=False, max_length=255)

    def post(self, request: Request) -> HttpResponse:
        """Make pictures, or say exactly what they would cost."""
        raw = self.read(request)
        self.keyed = bool(request.headers.get("idempotency-key") or raw.get("idempotency_key"))
        actor = caller_or_none(request)
        if raw.get("dry_run") is True:
            return self._plan(request, actor, raw)
        if actor is None:
            raise auth_required()
        key = key_of(request, raw, actor, self.operation)
        with advice.advising(lambda: self.wanted(raw)):
            job = create.replay(actor, key)
            if job is None:
                create.require_rights(actor, self.operation)
                submitted = create.submit(actor, create.plan_for(actor, self.wanted(raw)), key)
                self.has_acted = True
                self.warnings += submitted.warnings
                job = submitted.job
        return self._end(request, actor, job, has_key=key is not None)

    def is_repeatable(self, request: Request) -> bool:
        """With a key a repeat joins the same job, or makes the one new attempt of a job that charged nothing."""
        return self.keyed

    def wanted(self, raw: dict[str, Any]) -> Wanted:
        """Return the request behind a body. INVALID_ARGUMENTS: there is none."""
        return wanted_of(self.operation, self.validated(raw))

    def _plan(self, request: Request, actor: Actor | None, raw: dict[str, Any]) -> HttpResponse:
        """Answer a dry run: the same checks, nothing held, no call; without a token it leaves no row."""
        if actor is not None:
            create.require_rights(actor, self.operation)
        wanted = self.wanted(raw)
        if actor is None and (wanted.references or wanted.input_asset):
            raise auth_required()
        with advice.advising(lambda: wanted):
            plan = create.plan_for(actor, wanted)
        self.warnings += plan.warnings
        capability = placing.capability_id(wanted.operation)
        if actor is None:
            return self.answer(presenters.anonymous_plan_json(plan, capability))
        job = create.keep_plan(actor, plan)
        _, left = outcomes.of(job, actor)
        told = presenters.create_json(job, (), left) | presenters.inputs_json(plan.inputs)
        return self.answer(told | ({"approval_required": True} if plan.approval_required else {}))

    def _end(self, request: Request, actor: Actor, job: Job, *, has_key: bool) -> HttpResponse:
        """Wait as the caller wishes, then tell the end, or that the job still runs."""
        if job.state == Job.State.AWAITING_APPROVAL:
            raise approvals.required(job)
        self.warnings += prefer_warnings(request)
        seconds = 0 if job.is_final else seconds_to_wait(request)
        if seconds:
            fast = offers.described(job.model_id).latency_class == "fast"
            waiting.until_end(job, seconds=seconds, counted=not fast)
            job, made, left = outcomes.read(job.pk, actor)
        else:
            made, left = outcomes.of(job, actor)
        if job.is_final and job.state != Job.State.COMPLETED:
            raise failures.of_job(job, has_key=has_key)
        told = presenters.create_json(job, assets.still_kept(made), left)
        self.warnings += presenters.delivery_warnings(job, made)
        told |= self.inputs_told(job) | self.provenance(request, actor, job)
        return self.answer(told, status=200 if job.is_final else 202)

    def inputs_told(self, job: Job) -> dict[str, Any]:
        """Return the pictures that went into the job, beside what it made; a create names none."""
        return {}

    def provenance(self, request: Request, actor: Actor, job: Job) -> dict[str, Any]:
        """Return the model and its provider to a claimed agent that asked for them."""
        if request.query_params.get("include") != "provenance":
            return {}
        if actor.agent.claim_state != "claimed":
            self.warnings.append("Provenance is shown to claimed agents only.")
            return {}
        return {"provenance": presenters.provenance_json(job, offers.described(job.model_id))}


class Edit(Create):
    """`POST /v1/edit`: a picture made from one of the caller's own."""

    command = "image-skill edit"
    operation = "edit"

    class Input(Create.Input):
        input_asset_id = TextField(max_length=64)
        mask_asset_id = TextField(required=False, allow_null=True, max_length=64)

    def inputs_told(self, job: Job) -> dict[str, Any]:
        """Return the picture that was changed, and the mask."""
        return presenters.inputs_json(inputs.of_job(job))


def key_of(request: Request, raw: dict[str, Any], actor: Actor, operation: str) -> Claimed | None:
    """Return the call's idempotency key."""
    return idempotency.from_call(
        header=request.headers.get("idempotency-key"),
        body=raw,
        agent_id=actor.actor_id,
        organization_ids=actor.organization_ids,
        operation=operation,
    )


def wanted_of(operation: str, data: dict[str, Any]) -> Wanted:
    """Return the request behind a validated body."""
    return Wanted(
        operation=operation,
        prompt=data["prompt"],
        model=data.get("model"),
        provider=data.get("provider"),
        intent=data.get("intent") or "",
        aspect_ratio=data.get("aspect_ratio"),
        output_count=data["output_count"],
        output_format=data.get("output_format"),
        model_parameters=data.get("model_parameters") or {},
        references=tuple(data.get("references") or ()),
        input_asset=data.get("input_asset_id"),
        mask_asset=data.get("mask_asset_id"),
        max_usd_per_image=data.get("max_estimated_usd_per_image"),
        max_usd=data.get("max_usd"),
        dry_run=data["dry_run"],
        accept_unknown_cost=data["accept_unknown_cost"],
    )


def seconds_to_wait(request: Request) -> int:
    """Return how long the caller wants to wait: `Prefer: wait=N` or `respond-async`, within 0 to 240 s."""
    prefer = request.headers.get("prefer", "").lower()
    if "respond-async" in prefer:
        return 0
    match = _PREFER_WAIT.search(prefer)
    return min(int(match[1]) if match else settings.CREATE_WAIT_SECONDS, _LONGEST_WAIT)


def prefer_warnings(request: Request) -> list[str]:
    """Say where a wish to wait could not be read."""
    prefer = request.headers.get("prefer", "").lower()
    if "wait" not in prefer or _PREFER_WAIT.search(prefer):
        return []
    return [f"Prefer could not be read and is ignored; it takes wait=SECONDS (0 to {_LONGEST_WAIT})."]
