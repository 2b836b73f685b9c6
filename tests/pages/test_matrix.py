"""Each route, each role, each method: how it is answered stands in a table, so that no route is there unjudged.

A route that is new, gone or answers otherwise fails; what fails says what to write into the table, after a look at
whether it ought to be so. `pytest --write-matrix` writes all of it.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import get_resolver

from accounts import freshness, staff
from accounts.models import Role
from tests.cast import sign_up
from tests.console.desk import add_passkey, enter, make_staff
from tests.pages import matrix
from tests.pages.people import join, make_user, make_workspace
from tests.pages.routes import API, ARGUMENT, ROUTES, SAMPLES, WALKED, path_of, walk
from tests.pages.studio import Studio, make_studio

pytestmark = pytest.mark.django_db

PAGES: Final = Path(__file__).with_name("matrix.txt")
WIRE: Final = Path(__file__).with_name("matrix_of_the_wire.txt")
LEFT_OUT: Final = {
    "healthz": "answers by what it finds, whoever asks",
    "account/2fa/webauthn/add/": "asks a device, which these people have not; a test in a browser does",
    "account/2fa/webauthn/reauthenticate/": "asks a device, as above",
}
"""Routes that the table cannot hold, and why."""


@pytest.fixture(autouse=True)
def _everybody_signed_in_just_now(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """However long the walk takes."""
    monkeypatch.setattr(freshness, "LASTS", timedelta(hours=2))
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 7200


@pytest.fixture
def studio() -> Studio:
    return make_studio()


def member(studio: Studio, address: str, role: Role) -> Client:
    user = make_user(address)
    join(user, studio.organization, role)
    return enter(user)


def people(studio: Studio) -> dict[str, Client]:
    """Return a browser for each role, each just signed in."""
    stranger = make_user("stranger@example.com")
    make_workspace(stranger)
    root = make_user("root@example.com")
    add_passkey(root)
    return {
        "nobody": Client(),
        "stranger": enter(stranger),
        "viewer": member(studio, "viewer@example.com", Role.VIEWER),
        "admin": member(studio, "admin@example.com", Role.ADMIN),
        "owner": enter(studio.owner),
        "weak": enter(make_staff("weak@example.com"), record={"method": "code"}),
        "staff": enter(make_staff("staff@example.com")),
        "super": enter(staff.grant(root.email, is_superuser=True)),
    }


def pages(studio: Studio) -> dict[str, str]:
    """Return an address of each route outside /v1, by the name under which the table has it."""
    samples = {name: SAMPLES[name](studio) for name in sorted({name for one in WALKED for name in one.arguments})}
    return {one.pattern or "/": path_of(one, samples) for one in WALKED if one.pattern not in LEFT_OUT}


def test_every_page_answers_every_role_as_is_written(studio: Studio, request: pytest.FixtureRequest) -> None:
    assert len(WALKED) == len(ROUTES)
    askers = {role: matrix.browser(client) for role, client in people(studio).items()}
    assert tuple(askers) == matrix.ROLES
    found = matrix.measured(pages(studio), askers)
    if request.config.getoption("--write-matrix", default=False):
        PAGES.write_text("\n".join(matrix.lines(found, matrix.ROLES)) + "\n")
    told = matrix.differences(found, matrix.written(PAGES))
    assert not told, "\n".join(told)


def wire(studio: Studio) -> dict[str, str]:
    """Return an address of each route of the wire, with what belongs to the studio's agent."""
    samples = {
        "v1/models/": "canvas.draft",
        "v1/capabilities/": "is.image.generate.preview.v1",
        "v1/assets/": studio.assets[-1].pk,
        "v1/jobs/": studio.jobs[-1].pk,
        "v1/activity/": studio.jobs[-1].pk,
        "v1/feedback/": SAMPLES["feedback_id"](studio),
    }
    patterns = [pattern for pattern, _ in walk(get_resolver()) if API.match(pattern)]
    found = {}
    for pattern in patterns:
        value = next((value for start, value in samples.items() if pattern.startswith(start)), "")
        found[pattern] = "/" + ARGUMENT.sub(str(value), pattern)
    return found


def test_the_wire_knows_tokens_alone_and_each_agent_its_own(
    studio: Studio, request: pytest.FixtureRequest
) -> None:
    other = sign_up("other@example.com", name="other")
    askers = {
        "nobody": matrix.program(None),
        "cookie": matrix.program(None, enter(studio.owner)),
        "other": matrix.program(other.token),
        "agent": matrix.program(studio.agent.token),
    }
    assert tuple(askers) == matrix.CALLERS
    found = matrix.measured(wire(studio), askers)
    if request.config.getoption("--write-matrix", default=False):
        WIRE.write_text("\n".join(matrix.lines(found, matrix.CALLERS)) + "\n")
    told = matrix.differences(found, matrix.written(WIRE))
    assert not told, "\n".join(told)
    assert all(words[0] == words[1] for words in found.values()), "a cookie changes an answer of the wire"


def test_no_role_is_let_in_where_its_kind_may_not_be() -> None:
    """What the table may never say, whoever writes it."""
    wrong = []
    for pattern, words in matrix.written(PAGES).items():
        nobody, stranger, viewer, _, _, weak, of_staff, _ = words
        inside = pattern.startswith("w/")
        if inside and "+" in nobody + stranger + weak + of_staff:
            wrong.append(f"{pattern} lets somebody in who is no member")
        if inside and "+" in viewer[2:6] and pattern not in OF_A_VIEWER:
            wrong.append(f"{pattern} lets a viewer change something")
        if pattern.startswith(("console", "admin")) and "+" in "".join(words[:6]):
            wrong.append(f"{pattern} lets somebody in who is no staff, or used no factor")
        if pattern.startswith("admin") and set(of_staff) != {"."}:
            wrong.append(f"{pattern} is there for staff that is no superuser")
        if "!" in "".join(words):
            wrong.append(f"{pattern} breaks")
    assert wrong == []


OF_A_VIEWER: Final = {
    "w/<str:organization_id>/leave",
    "w/<str:organization_id>/seen",
}
"""What a viewer changes about itself."""
