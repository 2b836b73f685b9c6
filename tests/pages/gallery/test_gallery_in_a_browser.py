"""The gallery in Chromium: nothing jumps, keys rate, pictures are chosen, compared, shared and taken home."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from creative.models import Asset, Rating, ShareLink
from tests.pages.gallery.rooms import PRINTS, Room, add_viewer, drawn, key_of, make_agent, make_room, painted
from tests.pages.looking import look, look_here
from tests.pages.people import sign_in, take_session

pytestmark = pytest.mark.django_db(transaction=True)

SHIFTS = """
window.shifts = [];
const told = source => (source.node && (source.node.outerHTML || source.node.textContent) || 'gone').slice(0, 80);
const isOfTheFrame = source => source.node && source.node.closest && source.node.closest('.rail');
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.sources.length || !entry.sources.every(isOfTheFrame))
    window.shifts.push(entry.value + ' ' + entry.sources.map(told));
})).observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture
def room(context: BrowserContext, live_server: Any, settings: LazySettings) -> Room:
    settings.MEDIA_URL_BASE = settings.BASE_URL = live_server.url
    made = make_room()
    take_session(context, sign_in())
    return made


def hang_many(room: Room, count: int) -> list[Asset]:
    sizes = [(96, 64), (64, 64), (64, 96), (128, 54), (64, 80), (54, 96), (85, 64)]
    return [room.hang(f"Boat {number}", data=drawn(number, sizes[number % len(sizes)])) for number in range(count)]


def tile(page: Page, asset: Asset) -> Any:
    return page.locator(f"#t-{key_of(asset)}")


@pytest.mark.parametrize("width", [1280, 390])
def test_scrolling_brings_every_picture_and_nothing_ever_moves(
    page: Page, context: BrowserContext, room: Room, width: int
) -> None:
    assets = hang_many(room, 75)
    context.add_init_script(SHIFTS)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(room.path)
    for _ in range(1_000):
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(60)
        if page.locator(".tile:not(.waits)").count() == len(assets) and not page.locator(".ahead").count():
            break
    page.wait_for_timeout(300)
    expect(page.locator(".tile:not(.waits)")).to_have_count(len(assets))
    assert page.evaluate("new Set([...document.querySelectorAll('.tile')].map(one => one.id)).size") == len(assets)
    assert page.evaluate("window.shifts") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_rows_reach_both_edges_and_every_tile_has_its_proportions(page: Page, room: Room) -> None:
    hang_many(room, 28)
    page.goto(room.path)
    told = page.evaluate(
        """() => [...document.querySelectorAll('.tile')].map(one => {
          const box = one.querySelector('.frame').getBoundingClientRect(), img = one.querySelector('img')
          const ratio = img.getAttribute('width') / img.getAttribute('height')
          return [Math.round(box.top), box.left, box.right, box.height, ratio * box.height / box.width]
        })"""
    )
    wall = page.evaluate("(box => [box.left, box.right])(document.getElementById('wall').getBoundingClientRect())")
    rows: dict[int, list[Any]] = {}
    for row in told:
        rows.setdefault(row[0], []).append(row)
    assert len(rows) > 2
    for row in list(rows.values())[:-1]:
        assert abs(row[0][1] - wall[0]) < 1
        assert abs(row[-1][2] - wall[1]) < 1
        assert max(one[3] for one in row) - min(one[3] for one in row) < 1.5
    assert all(abs(one[4] - 1) < 0.016 for one in told)


def test_without_script_the_pages_follow_each_other_and_pictures_are_rated(
    browser: Browser, live_server: Any, room: Room, context: BrowserContext
) -> None:
    assets = hang_many(room, 35)
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    plain.add_cookies(context.cookies())
    page = plain.new_page()
    page.goto(room.path)
    expect(page.locator(".tile")).to_have_count(30)
    page.get_by_role("link", name="Older pictures").click()
    expect(page.locator(".tile")).to_have_count(5)
    tile(page, assets[0]).hover()
    tile(page, assets[0]).get_by_role("button", name="Star").click()
    expect(tile(page, assets[0]).locator('[aria-pressed="true"]')).to_have_attribute("data-rate", "star")
    expect(page.locator(".tile")).to_have_count(5)
    assert Rating.objects.get().asset == assets[0]
    plain.close()


def test_one_key_rates_and_another_takes_it_back(page: Page, room: Room) -> None:
    first, second = room.hang("One"), room.hang("Two")
    page.goto(room.path)
    tile(page, second).get_by_role("link").focus()
    page.keyboard.press("k")
    expect(tile(page, second).locator('[aria-pressed="true"]')).to_have_attribute("data-rate", "keep")
    page.keyboard.press("ArrowRight")
    expect(tile(page, first).get_by_role("link")).to_be_focused()
    page.keyboard.press("r")
    expect(tile(page, first).locator('[aria-pressed="true"]')).to_have_attribute("data-rate", "reject")
    page.keyboard.press("s")
    expect(tile(page, first).locator('[aria-pressed="true"]')).to_have_attribute("data-rate", "star")
    assert dict(Rating.objects.values_list("asset_id", "state")) == {first.pk: "star", second.pk: "keep"}
    for pressed in ("reject", None):
        page.keyboard.press("u")
        if pressed:
            expect(tile(page, first).locator('[aria-pressed="true"]')).to_have_attribute("data-rate", pressed)
    expect(tile(page, first).locator('[aria-pressed="true"]')).to_have_count(0)
    assert dict(Rating.objects.values_list("asset_id", "state")) == {second.pk: "keep"}
    page.locator("#facet-q").fill("kers")
    assert Rating.objects.count() == 1


def test_a_key_rates_the_picture_on_its_own_page(page: Page, room: Room) -> None:
    asset = room.hang()
    page.goto(f"{room.path}/{asset.pk}")
    page.keyboard.press("s")
    expect(page.locator('.rating [aria-pressed="true"]')).to_have_attribute("data-rate", "star")
    assert Rating.objects.get().state == "star"


def test_the_label_shows_where_one_points_or_stands(page: Page, room: Room) -> None:
    asset = room.hang("A very quiet harbour")
    page.goto(room.path)
    about = tile(page, asset).locator(".about")
    expect(about).to_have_css("opacity", "0")
    tile(page, asset).get_by_role("link").focus()
    expect(about).to_have_css("opacity", "1")
    expect(about).to_contain_text("A very quiet harbour")
    expect(about).to_contain_text("canvas.draft, atlas-7")


def test_chosen_pictures_are_summed_compared_and_taken_home(page: Page, room: Room) -> None:
    assets = [room.hang(f"Boat {number}", settled_credits=number + 1) for number in range(6)]
    page.goto(room.path)
    bulk = page.locator("#bulk")
    expect(bulk).not_to_be_visible()
    tile(page, assets[5]).get_by_role("link").focus()
    page.keyboard.press("x")
    expect(bulk).to_contain_text("1 picture")
    expect(bulk.get_by_role("button", name="Compare")).to_be_disabled()
    tile(page, assets[2]).locator(".choose").click(modifiers=["Shift"])
    expect(bulk).to_contain_text("4 pictures")
    expect(bulk).to_contain_text("18 credits, $0.18")
    with page.expect_download() as waited:
        bulk.get_by_role("button", name="Download a zip").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(waited.value.path()).read_bytes()))
    manifest = json.loads(archive.read("manifest.json"))
    assert [row["credits"] for row in manifest["pictures"]] == [6, 5, 4, 3]
    bulk.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Side by side")
    expect(page.locator("tr.differs").first).to_contain_text("differs")
    expect(page.locator(".beside img")).to_have_count(4)


def test_a_picture_is_shared_opened_by_somebody_else_and_ended(
    page: Page, browser: Browser, live_server: Any, room: Room, settings: LazySettings
) -> None:
    settings.MEDIA_PRIVATE = True
    asset = room.hang("A secret garden", data=painted("a garden with flowers", 640, 480))
    page.goto(f"{room.path}/{asset.pk}")
    page.get_by_role("link", name="Share").first.click()
    page.get_by_label("1 day").check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The link is ready")
    address = page.locator(".command code").inner_text()
    fresh = browser.new_context()
    other = fresh.new_page()
    wrong: list[str] = []
    other.on("console", lambda line: wrong.append(line.text))
    with other.expect_response("**/opened"):
        other.goto(address)
    shown = other.locator(".shown img")
    expect(shown).to_have_count(1)
    other.wait_for_function("document.querySelector('.shown img').complete")
    assert shown.evaluate("one => one.naturalWidth") > 300
    assert "secret" not in other.content()
    assert wrong == []
    page.get_by_role("link", name="All share links").click()
    expect(page.get_by_text("opened 1 time,")).to_be_visible()
    page.get_by_role("button", name="End this link").click()
    expect(page.get_by_text("The link shows nothing any more.")).to_be_visible()
    assert ShareLink.objects.get().revoked_at is not None
    answer = other.goto(address)
    assert answer is not None
    assert answer.status == 410
    expect(other.get_by_role("heading")).to_have_text("This link has ended")
    fresh.close()


def test_pictures_are_deleted_after_a_question(page: Page, room: Room) -> None:
    gone, left = room.hang("Old"), room.hang("New")
    page.goto(room.path)
    tile(page, gone).hover()
    tile(page, gone).locator(".choose").check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 1 picture").click()
    expect(page.get_by_text("1 picture deleted")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(1)
    expect(tile(page, left)).to_be_visible()


def test_blurred_pictures_stay_blurred_until_one_is_clicked(page: Page, room: Room) -> None:
    asset = room.hang()
    page.goto(room.path)
    page.get_by_role("button", name="Blur").click()
    picture = tile(page, asset).locator("img")
    expect(picture).to_have_css("filter", "blur(22px) saturate(0.6)")
    page.reload()
    expect(picture).to_have_css("filter", "blur(22px) saturate(0.6)")
    picture.click()
    expect(picture).to_have_css("filter", "none")
    assert page.url.endswith("/gallery")
    picture.click()
    page.wait_for_url(f"**/{asset.pk}")
    expect(page.locator("figure img")).to_have_css("filter", "blur(22px) saturate(0.6)")


def test_a_facet_is_applied_as_soon_as_it_is_chosen(page: Page, room: Room) -> None:
    room.hang("One")
    scribe = make_agent(room.organization, "scribe")
    theirs = room.hang("Two", agent=scribe)
    page.goto(room.path)
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Agent").select_option(label="scribe")
    page.wait_for_url("**agent=agt_*")
    expect(page.locator(".tile")).to_have_count(1)
    expect(tile(page, theirs)).to_be_visible()


@pytest.fixture
def full(room: Room) -> list[Asset]:
    """A wall as it is after a good week."""
    scribe = make_agent(room.organization, "scribe")
    assets = []
    for number, (prompt, width, height) in enumerate(PRINTS * 2):
        told: dict[str, Any] = {"settled_credits": 1}
        if number % 5 == 3:
            told = {"settled_credits": 24, "model_id": "openai.gpt-image-1", "agent": scribe}
        assets.append(room.hang(prompt, data=painted(prompt, width, height, number), **told))
        if number in (9, 20):
            room.fail()
    job = room.job("Four boats in the morning", output_count=3, settled_credits=3)
    assets += [
        room.print_of(job, position=place, data=painted("four boats at dawn", 1200, 900, place))
        for place in range(3)
    ]
    for number, asset in enumerate(assets):
        state = ("keep", "reject", "star", "", "keep", "")[number % 6]
        if state:
            Rating.objects.create(
                organization=room.organization,
                asset=asset,
                state=state,
                agent=asset.agent,
                model_id=asset.job.model_id if asset.job else "",
                credits=asset.job.settled_credits if asset.job else 0,
                rated_by=room.owner,
                rated_at=asset.created_at,
            )
    return assets


def test_a_bare_wall_reads_well(page: Page, room: Room, screenshots: Path | None) -> None:
    for path in ("", "/shares", "/costs"):
        look(page, room.path + path, screenshots, name=f"gallery-bare{path}")


def test_every_page_of_a_full_gallery_reads_well(
    page: Page, room: Room, full: list[Asset], screenshots: Path | None
) -> None:
    look(page, room.path, screenshots, name="gallery-full")
    page.set_viewport_size({"width": 1280, "height": 800})
    tile(page, full[-4]).hover()
    page.keyboard.press("Tab")
    page.locator(".choose").first.check()
    page.locator(".choose").nth(2).check()
    look_here(page, screenshots, name="gallery-chosen")
    look(page, f"{room.path}?group=on&agent={room.agent.pk}", screenshots, name="gallery-grouped")
    look(page, f"{room.path}?q=unicorn", screenshots, name="gallery-nothing-fits")
    look(page, f"{room.path}/costs", screenshots, name="gallery-costs")
    # On a phone, the last look: no sample stands at the end of a line and its words on the next.
    heights = page.evaluate("[...document.querySelectorAll('.legend span')].map(one => one.offsetHeight)")
    assert len(heights) == 2
    assert max(heights) < 40
    edit = room.edit(full[0], "Make it warmer and a little darker")
    room.edit(edit, "Now crop the sky")
    room.edit(full[0], "Mirror it")
    look(page, f"{room.path}/{edit.pk}", screenshots, name="gallery-edit")
    look(page, f"{room.path}/{full[0].pk}", screenshots, name="gallery-picture")
    three = "&".join(f"p={key_of(asset)}" for asset in (full[0], full[3], full[5]))
    look(page, f"{room.path}/compare?{three}", screenshots, name="gallery-compare")
    look(page, f"{room.path}/shares/new?{three}", screenshots, name="gallery-share-new")
    look(page, f"{room.path}/discard?{three}", screenshots, name="gallery-discard")
    page.goto(f"{room.path}/shares/new?{three}")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The link is ready")
    address = page.locator(".command code").inner_text()
    look_here(page, screenshots, name="gallery-share-made")
    look(page, f"{room.path}/shares", screenshots, name="gallery-shares")
    look(page, address, screenshots, name="gallery-public-share")


def test_a_viewer_s_wall_reads_well(page: Page, context: BrowserContext, room: Room, full: list[Asset]) -> None:
    add_viewer(room)
    context.clear_cookies()
    take_session(context, sign_in("bo@example.com"))
    look(page, room.path, None)
    look(page, f"{room.path}/{full[0].pk}", None)
