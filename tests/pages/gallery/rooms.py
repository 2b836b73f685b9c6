"""Walls for the tests of the gallery: a workspace with pictures of many shapes, edits, failures and a shell."""

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone
from PIL import Image

from accounts.models import Agent, Organization, Role, User
from creative import storage, thumbnails
from creative.models import Asset, Job, JobInput
from creative.providers.canvas.painter import Brief, paint
from imageskill.core.ids import new_id
from tests.pages.people import PERSON, join, make_user, make_workspace

PRINTS: Final = [
    ("A lighthouse on a cliff at golden hour", 1536, 1024),
    ("Two red boats on a quiet sea at dawn", 1024, 1024),
    ("A castle in the fog above a lake", 1024, 1536),
    ("A neon city at night in the rain", 1792, 768),
    ("Three books and a lamp on a wooden table", 1280, 1024),
    ("A fox in a snowy forest", 768, 1344),
    ("Bauhaus poster, bold and warm", 1024, 1365),
    ("Hot air balloons over green hills", 1365, 1024),
    ("A whale under water, calm", 1820, 1024),
    ("A windmill among flowers in spring", 1024, 1280),
    ("A camera on a wooden table", 1024, 1024),
    ("Mountains under a red moon", 1536, 1024),
]


@dataclass
class Room:
    """A workspace, its people and its agent; it hangs pictures."""

    owner: User
    organization: Organization
    agent: Agent
    number: int = 0

    def job(self, prompt: str = "A red boat", **fields: object) -> Job:
        """Write a job as it is after its end."""
        told: dict[str, object] = {
            "organization": self.organization,
            "agent": self.agent,
            "operation": "create",
            "state": Job.State.COMPLETED,
            "capability_id": "image.create",
            "model_id": "canvas.draft",
            "prompt": prompt,
            "parameters": {"seed": 7},
            "selection": {},
            "output_count": 1,
            "credits_required": 1,
            "credits_per_output": 1,
            "settled_credits": 1,
            "cost_micros": 0,
            "pricing_confidence": "known",
            "price_version": "canvas.draft/2026-11-01",
            "trace_id": new_id("trace"),
            "created_at": timezone.now(),
        }
        return Job.objects.create(**(told | fields))

    def hang(self, prompt: str = "A red boat", *, data: bytes | None = None, **fields: object) -> Asset:
        """Hang one picture of a job of its own, with thumbnails."""
        return self.print_of(self.job(prompt, **fields), data=data)

    def print_of(self, job: Job | None, *, position: int = 0, data: bytes | None = None) -> Asset:
        """Write one picture of a job, or an upload, with its bytes and thumbnails."""
        self.number += 1
        data = data or drawn(self.number)
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
        pk = new_id("image")
        key = storage.upload_key(pk, "image/png")
        storage.write(key, data)
        asset = Asset.objects.create(
            id=pk,
            organization=job.organization if job is not None else self.organization,
            agent=job.agent if job is not None else self.agent,
            job=job,
            kind=Asset.Kind.GENERATED if job is not None else Asset.Kind.UPLOADED,
            position=position,
            storage_key=key,
            mime_type="image/png",
            content_length=len(data),
            width=width,
            height=height,
            sha256=f"{self.number:064x}",
            created_at=timezone.now(),
        )
        thumbnails.make(asset)
        asset.refresh_from_db()
        return asset

    def edit(self, of: Asset, prompt: str = "Make it warmer") -> Asset:
        """Hang an edit of a picture."""
        job = self.job(prompt, operation="edit", model_id="canvas.edit")
        JobInput.objects.create(job=job, asset=of, role=JobInput.Role.INPUT)
        return self.print_of(job)

    def fail(self, prompt: str = "A forbidden thing", **fields: object) -> Job:
        """Write a job that ended without a picture and was not charged."""
        told: dict[str, object] = {
            "state": Job.State.FAILED,
            "settled_credits": 0,
            "error_code": "CONTENT_POLICY_DENIED",
            "error_message": "The provider's safety system refused this prompt.",
        }
        return self.job(prompt, **(told | fields))

    def merge_shell(self) -> Organization:
        """Let a shell be merged into the workspace, as a claim does."""
        shell = Organization.objects.create(name="shell", created_at=timezone.now())
        Organization.objects.filter(pk=shell.pk).update(merged_into=self.organization, merged_at=timezone.now())
        return shell

    @property
    def path(self) -> str:
        return f"/w/{self.organization.pk}/gallery"


def drawn(number: int, size: tuple[int, int] | None = None) -> bytes:
    """Return the bytes of a small plain PNG, every one another, in a few shapes."""
    size = size or [(96, 64), (64, 64), (64, 96), (128, 54)][number % 4]
    file = io.BytesIO()
    Image.new("RGB", size, f"#{(number * 2654435) % 0xFFFFFF:06x}").save(file, "PNG")
    return file.getvalue()


def painted(prompt: str, width: int, height: int, seed: int = 3) -> bytes:
    """Return the bytes of a real picture of the draft painter, at most 900 pixels long."""
    scale = max(1.0, max(width, height) / 900)
    file = io.BytesIO()
    brief = Brief(prompt, seed, 0, round(width / scale), round(height / scale), "auto", "auto", "medium", "paper")
    paint(brief).save(file, "PNG")
    return file.getvalue()


def make_room(address: str = PERSON, name: str = "Studio North") -> Room:
    """Make a workspace whose owner is `address`, with one claimed agent and a bare wall."""
    owner = User.objects.filter(email=address).first() or make_user(address)
    organization = make_workspace(owner, name=name)
    return Room(owner, organization, make_agent(organization))


def make_agent(organization: Organization, name: str = "atlas-7") -> Agent:
    return Agent.objects.create(
        organization=organization,
        name=name,
        runtime="python",
        claim_state="claimed",
        signup_network="loopback",
        created_at=timezone.now() - timedelta(days=9),
    )


def add_viewer(room: Room, address: str = "bo@example.com") -> User:
    user = make_user(address)
    join(user, room.organization, Role.VIEWER)
    return user


def key_of(asset: Asset) -> str:
    """Return what a query names a picture by."""
    return asset.pk.removeprefix("image_")
