"""Each rule of the house, shown able to fail on a small bad snippet and to let the good one pass."""

from collections.abc import Callable

import pytest

from tests.architecture import floors, shape, words, writers

Rule = Callable[[str, str], list[str]]
NOUN, VIEW = "billing/quotes.py", "billing/views.py"
LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 60
PIN = "django==5.2.19 \\\n    --hash=sha256:" + "a" * 64 + "\n    # via image-skill (pyproject.toml)\n"

BAD: list[tuple[Rule, str, str]] = [
    (shape.long_files, NOUN, "x = 1\n" * 351),
    (shape.long_functions, NOUN, LONG_FUNCTION),
    (shape.long_functions, NOUN, LONG_FUNCTION.replace("def", "async def")),
    (shape.imports_inside_functions, NOUN, "def f():\n    import json"),
    (
        shape.imports_inside_functions,
        NOUN,
        "class A:\n    def f(self):\n        if self:\n            from a import b",
    ),
    (shape.signals, NOUN, "from django.dispatch import receiver"),
    (shape.signals, NOUN, "from django.db.models import signals\nsignals.post_save.connect(f)"),
    (shape.signals, NOUN, "from django.db.models.signals import post_save"),
    (shape.empty_names, "billing/utils.py", ""),
    (shape.empty_names, "billing/common/money.py", ""),
    (floors.roof_imports, "accounts/claims.py", "from imageskill.flows import stopping"),
    (floors.roof_imports, "imageskill/core/ids.py", "from imageskill import urls"),
    (floors.http_in_nouns, NOUN, "from rest_framework.request import Request"),
    (floors.http_in_nouns, NOUN, "from django.http import HttpRequest"),
    (floors.http_in_nouns, NOUN, "from billing import presenters"),
    (floors.http_in_nouns, NOUN, "from accounts.views import Whoami"),
    (floors.http_in_nouns, "imageskill/flows/stopping.py", "import rest_framework"),
    (floors.stripe_elsewhere, "billing/fulfilment.py", "import stripe"),
    (floors.stripe_elsewhere, VIEW, "from stripe.checkout import Session"),
    (floors.http_elsewhere, "creative/storage.py", "import requests"),
    (floors.http_elsewhere, "billing/rails/fake.py", "from urllib.request import urlopen"),
    (floors.http_elsewhere, "imageskill/core/network.py", "from http import client"),
    (floors.client_dependencies, "imageskill/cli/main.py", "from imageskill.core import ids"),
    (floors.client_dependencies, "imageskill/cli/main.py", "import requests"),
    (floors.framework_shortcuts, VIEW, "from rest_framework.serializers import ModelSerializer"),
    (floors.framework_shortcuts, VIEW, "from rest_framework import viewsets"),
    (writers.foreign_writes, NOUN, "LedgerEntry.objects.create(kind='grant')"),
    (writers.foreign_writes, NOUN, "models.CreditLot(granted=1).save()"),
    (writers.foreign_writes, NOUN, "CreditAccount.objects.filter(pk=1).update(available=9)"),
    (writers.foreign_writes, NOUN, "Hold.objects.select_for_update().filter(pk=1).order_by('pk')[0].delete()"),
    (writers.foreign_writes, "creative/jobs.py", "ActivityEvent.objects.bulk_create([])"),
    (writers.foreign_writes, VIEW, "IdempotencyKey.objects.get_or_create(key='a')"),
    (writers.foreign_writes, "accounts/claims.py", "AgentToken.objects.create(digest='a')"),
    (writers.foreign_writes, NOUN, "Update(lambda pk: (Hold.objects.filter(pk=pk), {'state': 'settled'}))"),
    (writers.foreign_writes, NOUN, "statements.Update(lambda pk: (models.CreditLot.objects.filter(pk=pk), {}))"),
    (writers.foreign_writes, "creative/jobs.py", "insert(Hold(credits=5))"),
    (writers.foreign_writes, NOUN, "from imageskill.core.rows import save"),
    (writers.foreign_writes, NOUN, "from imageskill.core.rows import saved"),
    (writers.foreign_writes, NOUN, "from imageskill.core import rows\nrows.save(lot, 'held_credits')"),
    (writers.foreign_holds, "creative/create.py", "from billing import ledger\nledger.hold(credits=5)"),
    (writers.foreign_holds, "creative/create.py", "from billing.ledger import hold"),
    (writers.foreign_holds, "creative/create.py", "import billing.ledger\nbilling.ledger.hold(credits=5)"),
    (writers.foreign_storage, "creative/assets.py", "from django.core.files.storage import default_storage"),
    (
        writers.foreign_storage,
        "creative/assets.py",
        "from django.core.files import storage\nstorage.storages['media']",
    ),
    (writers.queries_in_answers, VIEW, "Quote.objects.filter(pk=1)"),
    (writers.queries_in_answers, "creative/presenters/jobs.py", "job.attempt_set.model.objects.count()"),
    (words.floats, "billing/models/quote.py", "class A:\n    cents = models.FloatField()"),
    (words.floats, "billing/models/quote.py", "class A:\n    cents = FloatField()"),
    (words.local_clocks, NOUN, "datetime.now(tz=UTC)"),
    (words.local_clocks, NOUN, "datetime.datetime.utcnow()"),
    (words.local_clocks, NOUN, "date.today()"),
    (words.test_modes, NOUN, "import sys\nif 'pytest' in sys.modules:\n    pass"),
    (words.test_modes, NOUN, "import sys\nif 'test' in sys.argv:\n    pass"),
    (words.test_modes, NOUN, "if settings.TESTING:\n    pass"),
    (words.test_modes, NOUN, "os.environ.get('PYTEST_CURRENT_TEST')"),
    (words.test_modes, NOUN, "from unittest import mock"),
    (words.test_modes, NOUN, "from django.test import Client"),
    (words.machine_paths, "docs/start.md", "cd /" + "work/main && make run"),
    (words.machine_paths, "docs/start.md", "see `/" + "root/.profile`"),
    (words.migration_faults, "billing/migrations/0002_auto_20261121_0700.py", ""),
    (words.migration_faults, "billing/migrations/0003_quotes.py", "import imageskill.core.ids"),
    (words.lock_faults, "requirements/dev.txt", "--" + "index-url https://packages.example/simple\n" + PIN),
    (words.lock_faults, "requirements/dev.txt", "-i packages.example\n" + PIN),
    (words.lock_faults, "requirements/dev.txt", "django @ file:///tmp/django.whl\n" + PIN),
    (words.lock_faults, "requirements/dev.txt", PIN + "requests==2.34.2\n    # via stripe\n"),
    (words.lock_faults, "requirements/dev.txt", PIN.replace("==", ">=")),
]

GOOD: list[tuple[Rule, str, str]] = [
    (shape.long_files, NOUN, "x = 1\n" * 350),
    (shape.long_functions, NOUN, LONG_FUNCTION.removesuffix("    x = 1\n")),
    (shape.imports_inside_functions, NOUN, "import json\n\ndef f():\n    return json"),
    (shape.signals, "deploy/server.py", "import signal"),
    (shape.empty_names, "billing/quotes.py", ""),
    (floors.roof_imports, "accounts/claims.py", "from imageskill.core import events"),
    (floors.roof_imports, "imageskill/site/pages.py", "from imageskill.flows import claiming"),
    (floors.http_in_nouns, VIEW, "from rest_framework.request import Request"),
    (floors.http_in_nouns, NOUN, "from billing.models import Quote"),
    (floors.stripe_elsewhere, "billing/rails/stripe_checkout.py", "import stripe"),
    (floors.stripe_elsewhere, "billing/webhooks.py", "import stripe"),
    (floors.http_elsewhere, "creative/providers/http.py", "import requests"),
    (floors.http_elsewhere, "imageskill/core/api.py", "from http import HTTPStatus"),
    (floors.client_dependencies, "imageskill/cli/main.py", "import json\nfrom imageskill.cli import commands"),
    (floors.framework_shortcuts, VIEW, "from rest_framework import serializers"),
    (writers.foreign_writes, "billing/ledger/posting.py", "LedgerEntry.objects.create(kind='grant')"),
    (writers.foreign_writes, NOUN, "CreditLot.objects.filter(available__gt=0).order_by('pk')"),
    (writers.foreign_writes, NOUN, "Quote.objects.create(credits=5)"),
    (writers.foreign_writes, NOUN, "Select(lambda pk: Hold.objects.filter(pk=pk))"),
    (writers.foreign_writes, NOUN, "Update(lambda pk: (Job.objects.filter(pk=pk), {'state': 'done'}))"),
    (writers.foreign_writes, "billing/ledger/holding.py", "Update(lambda pk: (Hold.objects.filter(pk=pk), {}))"),
    (writers.foreign_writes, "billing/ledger/posting.py", "from imageskill.core.rows import insert, save"),
    (writers.foreign_holds, "billing/authorisations.py", "from billing import ledger\nledger.hold(credits=5)"),
    (writers.foreign_holds, "creative/jobs.py", "job.hold.credits"),
    (writers.foreign_storage, "creative/storage.py", "from django.core.files.storage import storages"),
    (writers.queries_in_answers, NOUN, "Quote.objects.filter(pk=1)"),
    (words.floats, "billing/models/quote.py", "class A:\n    cents = models.IntegerField()"),
    (words.local_clocks, NOUN, "timezone.now()"),
    (words.test_modes, "imageskill/settings.py", "DATABASES['default']['TEST'] = {'NAME': 'test.sqlite3'}"),
    (words.test_modes, NOUN, "'''As pytest sees it.'''\ntesting = 1"),
    (words.machine_paths, "docs/start.md", "POST /v1/work, /workspaces, artwork/root, https://a.example/work"),
    (words.migration_faults, "billing/migrations/0003_quotes.py", "from django.db import migrations"),
    (words.lock_faults, "requirements/dev.txt", PIN + PIN.replace("django", "tzdata")),
]


def named(cases: list[tuple[Rule, str, str]]) -> list[str]:
    return [f"{rule.__name__}-{number}" for number, (rule, _, _) in enumerate(cases)]


@pytest.mark.parametrize(("rule", "path", "source"), BAD, ids=named(BAD))
def test_it_finds_what_breaks_the_rule(rule: Rule, path: str, source: str) -> None:
    assert rule(path, source)


@pytest.mark.parametrize(("rule", "path", "source"), GOOD, ids=named(GOOD))
def test_it_lets_pass_what_keeps_the_rule(rule: Rule, path: str, source: str) -> None:
    assert rule(path, source) == []


def test_it_finds_what_does_not_belong_at_the_top_level() -> None:
    assert shape.other_top_level(["README.md", "notes.md", "scripts/a.sh", "docs/a.md"]) == ["notes.md", "scripts"]


def test_it_finds_a_second_call_of_a_provider() -> None:
    once = "def call(provider):\n    return provider.generate(1)"
    sources = {"creative/execution.py": once, "creative/create.py": once, "creative/providers/fal.py": once}
    assert writers.provider_calls(sources) == ["creative/execution.py:2", "creative/create.py:2"]


def test_it_finds_a_pin_that_is_not_tested() -> None:
    assert words.unequal_pins({"service": PIN, "dev": PIN.replace("5.2.19", "5.2.20")}) == ["django==5.2.19"]


def test_it_tells_the_medians() -> None:
    assert (
        shape.medians(["def f():\n    x = 1\n    return x\n", "x = 1\n"])
        == "medians: 2 lines a file, 3 a function"
    )
