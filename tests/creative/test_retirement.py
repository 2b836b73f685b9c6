import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine

from creative import execution
from creative.catalogue import loader
from tests.cast import Caller, Member
from tests.creative.evidence import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("paints", "flux_retires")]


@pytest.fixture
def flux_retires(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Let the first model of the catalogue end on the last day of 2026."""
    shutil.copytree(loader.DATA, tmp_path / "data")
    file = tmp_path / "data" / "fal.flux-dev.json"
    entry = json.loads(file.read_text())
    entry["retirement"] |= {"retires_on": "2026-12-31", "replaced_by": "canvas.draft", "notes": "It ends."}
    file.write_text(json.dumps(entry))
    monkeypatch.setattr(loader, "DATA", tmp_path / "data")
    loader.current.cache_clear()
    yield
    loader.current.cache_clear()


@pytest.mark.parametrize(
    ("day", "status", "default"),
    [("2026-12-30", "deprecated", "fal.flux-dev"), ("2026-12-31", "retired", "xai.grok-imagine-image")],
)
def test_a_model_that_ends_says_so_before_and_is_called_no_more_afterwards(
    anonymous: Caller, day: str, status: str, default: str
) -> None:
    with time_machine.travel(f"{day}T23:59:00+00:00", tick=False):
        shown = anonymous.get("/v1/models/fal.flux-dev").data
        planned = anonymous.create(model="fal.flux-dev", dry_run=True)
        assert anonymous.get("/v1/models/default").data["id"] == default
        notices = anonymous.get("/v1/capabilities/is.image.generate.preview.v1").data["deprecation_notices"]
    assert (shown["status"], shown["migration"]["retires_on"]) == (status, "2026-12-31")
    assert [(notice["model_id"], notice["status"]) for notice in notices] == [("fal.flux-dev", status)]
    if status == "deprecated":
        assert planned.data["cost"]["credit_pricing"]["credits_required"] == 5
        return
    assert shown["availability_reason"] == "Retired on 2026-12-31. Use canvas.draft."
    refused = assert_refused(planned, "PROVIDER_UNAVAILABLE", 7, 503)
    assert refused["suggested_command"] == "image-skill models list --available --json"


@pytest.mark.usefixtures("nobody_works")
def test_what_was_begun_with_a_model_is_finished_after_its_end(
    agent: Member, give: Callable[[Member, int], None]
) -> None:
    with time_machine.travel("2026-12-30T23:59:50+00:00", tick=False):
        give(agent, 10)
        asked = {"prompt": "A red boat", "model": "fal.flux-dev"}
        job_id = agent.post("/v1/create", asked, headers={"prefer": "respond-async"}).data["job_id"]
    with time_machine.travel("2026-12-31T00:00:10+00:00", tick=False):
        execution.run(job_id)
        assert agent.get(f"/v1/jobs/{job_id}").data["status"] == "completed"
