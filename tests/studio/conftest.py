import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SERVE = "from amadeus.cli.main import run; run()"
DESKTOP = {"viewport": {"width": 1360, "height": 850}}


@pytest.fixture(scope="module")
def start_server():
    """Starts servers in separate processes; yields their addresses. more: further options."""
    running = []

    def start(data: Path, *more: str) -> tuple[str, subprocess.Popen]:
        options = ["--json", "--port", "0", "--data", str(data), *more]
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", *options], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        return json.loads(process.stdout.readline())["url"], process

    yield start
    for process in running:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="module")
def served(start_server, tmp_path_factory):
    """The address of a server."""
    return start_server(tmp_path_factory.mktemp("pieces"))[0]


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Studio:
    """A page of the studio, and the actions of its user."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.asked, self.faults = [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda m: m.type == "error" and self.faults.append(m.text))

    def open(self, hash=""):
        self.page.goto(f"{self.address}/{hash}")
        self.js("amadeus.synth.ready.then(() => true)")
        return self

    def js(self, expression):
        return self.page.evaluate(expression)

    def until(self, expression, seconds=120):
        """Wait until an expression holds. Our policy forbids what `wait_for_function` does."""
        deadline = time.monotonic() + seconds
        while not self.js(expression):
            assert time.monotonic() < deadline, f"{expression} never came true"
            self.page.wait_for_timeout(40)

    def write(self, prompt):
        """Type a prompt, and wait until it is understood."""
        self.page.fill("#prompt", "")
        with self.page.expect_response("**/prompts/parse"):
            self.page.fill("#prompt", prompt)
        self.page.wait_for_timeout(50)

    def compose(self, prompt):
        self.write(prompt)
        self.page.press("#prompt", "Enter")
        self.until("amadeus.state.job !== null")
        self.finish()

    def finish(self):
        """Wait until nothing is being composed; returns the piece's id."""
        self.until("amadeus.state.job === null && amadeus.state.piece?.id")
        # Nothing can be clicked before it is laid out and drawn.
        frames = "requestAnimationFrame(() => requestAnimationFrame(() => done(true)))"
        self.js(f"new Promise((done) => {frames})")
        return self.js("amadeus.state.piece.id")

    def select_bars(self, first, last):
        """Drag over bars in the ruler."""
        roll = self.page.locator("#roll").bounding_box()
        edges = self.js(
            "(() => { const g = amadeus.roll.geometry, bars = amadeus.state.piece.grid;"
            f"return [g.x(bars[{first - 1}].onset), g.x(bars[{last - 1}].end)]; }})()"
        )
        left, right, y = roll["x"] + edges[0] + 6, roll["x"] + edges[1] - 6, roll["y"] + 36
        self.page.mouse.move(left, y)
        self.page.mouse.down()
        self.page.mouse.move(right, y, steps=6)
        self.page.mouse.up()

    def drag_over_notes(self, first, last):
        """Drag a rectangle over the upper half of some bars."""
        roll = self.page.locator("#roll").bounding_box()
        left, right, top, bottom = self.js(
            "(() => { const g = amadeus.roll.geometry, bars = amadeus.state.piece.grid;"
            "const [low, high] = amadeus.state.piece.range;"
            f"return [g.x(bars[{first - 1}].onset), g.x(bars[{last - 1}].end) - 4,"
            " g.y(high) - 2, g.y((low + high) / 2)]; })()"
        )
        self.page.mouse.move(roll["x"] + left + 1, roll["y"] + top)
        self.page.mouse.down()
        self.page.mouse.move(roll["x"] + right, roll["y"] + bottom, steps=6)
        self.page.mouse.up()

    def export(self, kind):
        """The bytes of a file that is downloaded."""
        self.page.click("#export")
        with self.page.expect_download(timeout=120_000) as download:
            self.page.click(f"[data-export={kind}]")
        return Path(download.value.path()).read_bytes()

    def peak(self, seconds=1.5):
        """The loudest that is heard for a while, 0 to 1."""
        loudest, end = 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            loudest = max(loudest, self.js("amadeus.synth.peak"))
            self.page.wait_for_timeout(20)
        return loudest

    def picture(self, name):
        """Keep a screenshot where AMADEUS_SCREENSHOTS says so."""
        if folder := os.environ.get("AMADEUS_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png")


@pytest.fixture
def open_studio(browser, served):
    """Opens the studio in a window of its own; afterwards, nothing has gone wrong in it, and
    nothing was asked for elsewhere."""
    opened = []

    def open(hash="", address=served, faults=(), **window):
        context = browser.new_context(**({**DESKTOP, "reduced_motion": "reduce"} | window))
        studio = Studio(context.new_page(), address)
        opened.append((context, studio, faults))
        return studio.open(hash)

    yield open
    for context, studio, faults in opened:
        context.close()
        foreign = [u for u in studio.asked if not u.startswith((studio.address, "blob:", "data:"))]
        assert foreign == []
        assert [f for f in studio.faults if not any(known in f for known in faults)] == []


@pytest.fixture
def studio(open_studio):
    return open_studio()
