import io
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from billing import ledger
from tests.cast import Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.usefixtures("provider")
def test_an_agent_creates_a_picture_and_fetches_it(agent: Member) -> None:
    made = agent.create("A compact field camera on a stainless workbench")
    assert made.status == 200, made.body
    asset = made.data["assets"][0]
    response: Any = Client().get(asset["url"].removeprefix("http://testserver"))
    data = b"".join(response.streaming_content)
    assert Image.open(io.BytesIO(data)).size == (asset["width"], asset["height"])
    assert len(data) == asset["content_length"]
    assert made.data["quota"] == {
        "consumed_credits": 1,
        "remaining_credits": 49,
        "payment_backed_remaining_credits": 0,
        "held_credits": 0,
    }
    assert ledger.verify() == []
