import pytest
from django.conf import settings

from imageskill.site.reference import PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_the_code_is_up_to_date(name: str) -> None:
    written = (settings.REPOSITORY / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: manage.py write_reference"
