"""Two web processes and two workers on one database, a provider that answers when it may, and owners of agents."""

import http.client
import http.cookies
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.at_once import at_once
from tests.deploy.conftest import Deployment, deployed
from tests.deploy.load import HOST, Line, Told, held_socket
from tests.deploy.servers import Cluster, until
from tests.pages.claim.claimants import HARMLESS, terms
from tests.providers.loopback import Asked as Request
from tests.providers.loopback import Reply
from tests.providers.openai_server import KEY, OpenAIServer

MODEL = "openai.gpt-image-2"
PICTURE = {"prompt": "A boat", "model": MODEL, "model_parameters": {"quality": "low"}}
"""The cheapest picture of the provider that can be held back: a credit."""
# Made up; of the live form, since a priced provider has a key.
PAYMENTS = {"STRIPE_SECRET_KEY": f"sk_{'live'}_made0up", "STRIPE_WEBHOOK_SECRET": "made-up"}
_FORM = "application/x-www-form-urlencoded"


class HeldBack(OpenAIServer):
    """A provider that notes every call at once and answers none before `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def _answer(self, request: Request) -> Reply:
        reply = super()._answer(request)
        self.go_on.wait(120)
        return reply

    def hold_back(self) -> None:
        """Forget the calls, and answer none from now on."""
        self.seen.clear()
        self.go_on.clear()

    @property
    def calls(self) -> int:
        """How many pictures were asked for."""
        return sum(request.method == "POST" for request in self.seen)

    def settings(self) -> dict[str, str]:
        """Return the settings of a service that calls it, whose free credits buy its pictures."""
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.base, "PREVIEW_MODELS": f"{MODEL},canvas.draft"}


class Pair:
    """Two web processes, each on a socket of its own as on two machines, and two workers of one thread each."""

    def __init__(self, deployment: Deployment, **given: str) -> None:
        self.deployment = deployment
        deployment.settings |= {"WORKER_THREADS": "1"} | given
        self.sockets = [held_socket(), held_socket()]
        self.lines = [Line(held.getsockname()[1]) for held in self.sockets]
        for held in self.sockets:
            deployment.web(held)
        for _ in range(2):
            deployment.worker()
        deployment.line = self.lines[0]
        deployment.until_fit()

    def close(self) -> None:
        for held in self.sockets:
            held.close()

    def at_once(self, count: int, act: Callable[[Line, int], Told]) -> list[Told]:
        """Let so many threads call at the same moment, half of them each process; return their answers."""
        told: list[Told] = at_once(*(partial(act, self.lines[number % 2], number) for number in range(count)))
        assert None not in told
        return told

    def count(self, query: str, *given: object) -> int:
        """Return the one number that a query tells."""
        return int(self.deployment.rows(query, *given)[0][0])


@contextmanager
def paired(cluster: Cluster, prepared: Path, provider: HeldBack, folder: Path) -> Iterator[Pair]:
    """Run a pair; at its end all jobs end and the books are checked, whatever happened meanwhile."""
    with deployed(cluster, prepared, folder) as deployment:
        pair = Pair(deployment, **provider.settings(), **PAYMENTS)
        yield pair
        provider.go_on.set()
        deployment.until_idle()
        deployment.prove()
        pair.close()


@dataclass(frozen=True)
class Asked:
    """Jobs that were asked for at both processes: of these each worker runs one, and the others wait."""

    pair: Pair
    provider: HeldBack
    jobs: tuple[str, ...]

    def states(self) -> Counter[tuple[str, str, str, int]]:
        """Count the jobs by state, why they ended, the state of their hold, and what was charged."""
        query = (
            "SELECT job.state, job.error_reason, hold.state, job.settled_credits FROM creative_job job"
            " JOIN billing_hold hold ON hold.id = job.hold_id WHERE job.id = ANY(%s)"
        )
        return Counter(self.pair.deployment.rows(query, list(self.jobs)))


def asked_for(pair: Pair, provider: HeldBack, token: str, count: int) -> Asked:
    """Ask for so many pictures, and return once both workers wait for the provider."""
    provider.hold_back()
    jobs = []
    for number in range(count):
        told = pair.lines[number % 2].call("POST", "/v1/create", PICTURE, token=token, prefer="respond-async")
        assert told.status == 202, told
        jobs.append(str(told.body["data"]["job_id"]))
    until(lambda: provider.calls == 2, "each worker has called the provider")
    made = Asked(pair, provider, tuple(jobs))
    assert made.states() == {("running", "", "open", 0): 2, ("queued", "", "open", 0): count - 2}
    return made


class Owner:
    """Somebody who has signed in by a mailed code, at whichever process: a session is one for both."""

    def __init__(self, pair: Pair, address: str) -> None:
        self._pair = pair
        self.address = address
        self._cookies: dict[str, str] = {}
        self.post(pair.lines[0], "/account/signup/", {"email": address})
        self.post(pair.lines[1], "/account/confirm-email/", {"code": self._mailed_code()})
        assert self._send(pair.lines[0], "GET", "/home").status in (200, 302)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What opens the owner's pages."""
        return (self._cookies["sessionid"], self._cookies["csrftoken"], self._code)

    def _mailed_code(self) -> str:
        query = "SELECT text FROM core_outbox WHERE recipient = %s ORDER BY id DESC LIMIT 1"
        until(lambda: self._pair.deployment.rows(query, self.address), "the code is mailed")
        text = self._pair.deployment.rows(query, self.address)[0][0]
        found = re.search(r"\b([A-Z]{4}-[A-Z]{4}|\d{6})\b", text)
        assert found, text
        self._code = found[1]
        return self._code

    def post(self, line: Line, path: str, fields: dict[str, Any]) -> Told:
        """Send a form as a browser does, and see that it was taken."""
        if "csrftoken" not in self._cookies:
            self._send(line, "GET", "/account/login/code/")
        told = self._send(line, "POST", path, fields | {"csrfmiddlewaretoken": self._cookies["csrftoken"]})
        assert told.status == 302, told
        return told

    def _send(self, line: Line, method: str, path: str, fields: dict[str, Any] | None = None) -> Told:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {"accept": "text/html", "content-type": _FORM, "cookie": cookies, "origin": f"https://{HOST}"}
        sent |= {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": line.address}
        connection = http.client.HTTPConnection("127.0.0.1", line.port, timeout=60)
        body = urlencode(fields, doseq=True) if fields is not None else None
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        for set_cookie in answer.headers.get_all("set-cookie", []):
            for name, morsel in http.cookies.SimpleCookie(set_cookie).items():
                self._cookies[name] = morsel.value
        told = {"text": answer.read().decode(), "location": answer.headers.get("location", "")}
        connection.close()
        return Told(method, path, answer.status, told, 0.0)


@dataclass(frozen=True)
class Owned:
    """An agent with its owner: its token, the address of its page, and all that must stay between the two."""

    owner: Owner
    token: str
    page: str
    secrets: tuple[str, ...]


def unclaimed(pair: Pair, owner: Owner) -> dict[str, Any]:
    """Return what an agent is told that has signed up with its owner's address."""
    body = {"agent_name": "atlas", "runtime": "tests", "human_email": owner.address, "return_claim_secret": True}
    made: dict[str, Any] = pair.lines[0].call("POST", "/v1/agent-signups", body).body["data"]
    return made


def claim(line: Line, owner: Owner, made: dict[str, Any], *, workspace: str = "new", **limits: int) -> Told:
    """Have an owner take an agent over by its code."""
    opened = owner.post(line, "/claim/code", {"code": made["claim"]["user_code"]}).body["location"]
    paints = [*HARMLESS, "create", "edit"]
    told = terms(rights=paints, workspace=workspace, cap_per_job=min(25, *limits.values(), 25)) | limits
    done = owner.post(line, f"{opened}/allow", told)
    assert done.body["location"] == f"{opened}/done"
    return done


def owned(pair: Pair, address: str, **limits: int) -> Owned:
    """Have an agent sign up at one process, its owner claim it at the other, and the agent collect its token."""
    one, other = pair.lines
    owner = Owner(pair, address)
    made = unclaimed(pair, owner)
    claim(other, owner, made, **limits)
    of = made["claim"]
    asked = {"claim_id": of["claim_id"], "claim_secret": of["claim_secret"]}
    token = str(one.call("POST", "/v1/agent-claims/collect", asked).body["data"]["token"])
    told = other.call("GET", "/v1/whoami", token=token).body["data"]
    page = f"/w/{told['organization']['organization_id']}/agents/{told['agent']['agent_id']}"
    secrets = (token, made["token"], of["user_code"], of["claim_secret"], *owner.secrets)
    return Owned(owner, token, page, secrets)
