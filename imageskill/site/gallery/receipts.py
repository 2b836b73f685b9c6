"""What a picture's page says of its money and of its making."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from billing.models import UsageEvent
from creative.models import Asset, Attempt, Job

_SEEDS = ("seed", "random_seed")


@dataclass(frozen=True, slots=True)
class Making:
    """How a job was carried out, as far as it is known."""

    request_id: str
    seed: str
    usage_id: str


def making_of(job: Job) -> Making:
    """Return the provider's name of the call, its seed where one was given, and the usage that was charged."""
    attempt = Attempt.objects.filter(job=job, state=Attempt.State.DONE).order_by("-pk").first()
    usage = UsageEvent.objects.filter(job_id=job.pk).values_list("pk", flat=True).first()
    seed = next((str(job.parameters[name]) for name in _SEEDS if name in job.parameters), "")
    return Making(attempt.request_id if attempt is not None else "", seed, usage or "")


def released_of(job: Job) -> int:
    """Return the held credits that were given back."""
    return job.hold.credits - job.hold.settled_credits if job.hold is not None else 0


def body_of(job: Job, sources: Sequence[tuple[str, Asset]]) -> dict[str, Any]:
    """Return the request that asks for the same again, as `/v1/create` and `/v1/edit` take it."""
    body: dict[str, Any] = {"prompt": job.prompt, "model": job.model_id}
    if chosen := _chosen(job):
        body["model_parameters"] = chosen
    if job.output_count > 1:
        body["output_count"] = job.output_count
    if job.intent:
        body["intent"] = job.intent
    if job.pricing_confidence == "unknown":
        body["accept_unknown_cost"] = True
    for role, asset in sources:
        if role == "reference":
            body.setdefault("references", []).append(asset.pk)
        else:
            body[f"{role}_asset_id"] = asset.pk
    return body


def command_of(job: Job, sources: Sequence[tuple[str, Asset]]) -> str:
    """Return the client command that asks for the same again; it carries no token."""
    words = [f"image-skill {job.operation}", f"--prompt {shlex.quote(job.prompt)}", f"--model {job.model_id}"]
    if chosen := _chosen(job):
        words.append(f"--model-parameters-json {shlex.quote(_json(chosen))}")
    if job.output_count > 1:
        words.append(f"--output-count {job.output_count}")
    if job.intent:
        words.append(f"--intent {shlex.quote(job.intent)}")
    if job.pricing_confidence == "unknown":
        words.append("--accept-unknown-cost")
    words += [f"--{role} {asset.pk}" for role, asset in sources]
    return " \\\n  ".join([*words, "--json"])


def call_of(job: Job, sources: Sequence[tuple[str, Asset]]) -> str:
    """Return the plain HTTP call that asks for the same again; the token stays in the caller's environment."""
    return " \\\n  ".join(
        (
            f"curl -sS {settings.BASE_URL}/v1/{job.operation}",
            '-H "authorization: Bearer $IMAGE_SKILL_TOKEN"',
            "-H 'content-type: application/json'",
            f"-d {shlex.quote(_json(body_of(job, sources)))}",
        )
    )


def _chosen(job: Job) -> dict[str, object]:
    """Return the parameters without the model's own defaults, some of which may not be asked for together."""
    filled_in = job.selection.get("defaults_applied", ())
    return {name: value for name, value in job.parameters.items() if name not in filled_in}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
