"""A picture by the offline renderer over the wire: what is promised is what is delivered."""

import hashlib
import io

import pytest
from PIL import Image

from creative.models import Asset, Job
from tests.cast import Member
from tests.creative.evidence import content_of, fetch, path_of

pytestmark = pytest.mark.django_db


def test_the_delivered_bytes_are_the_picture_that_was_asked_for(agent: Member) -> None:
    made = agent.create(
        "An unmistakable zebra by a lake",
        model="canvas.draft",
        aspect_ratio="16:9",
        output_format="webp",
        model_parameters={"seed": 7, "long_side": 320},
    )
    assert made.ok, made.body
    data = content_of(fetch(path_of(made.data["assets"][0])))
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert (picture.format, picture.size) == ("WEBP", (320, 180))
    assert b"zebra" not in data
    asset = Asset.objects.get()
    assert (asset.width, asset.height, asset.mime_type) == (320, 180, "image/webp")
    assert asset.sha256 == hashlib.sha256(data).hexdigest()
    assert Job.objects.get().state == Job.State.COMPLETED


def test_the_same_request_twice_delivers_the_same_bytes(agent: Member) -> None:
    for _ in range(2):
        assert agent.create(model="canvas.draft", model_parameters={"seed": 3, "long_side": 256}).ok
    first, second = Asset.objects.values_list("sha256", flat=True)
    assert first == second


def test_the_pictures_of_one_request_differ(agent: Member) -> None:
    made = agent.create(model="canvas.draft", output_count=2, model_parameters={"long_side": 256})
    assert made.ok, made.body
    first, second = Asset.objects.values_list("sha256", flat=True)
    assert first != second
