"""A headless Chromium, driven by its debugging protocol over a pipe, which needs no port and no other package."""

import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which Chromium demands of root
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is small
    "--disable-background-networking",
    "--disable-extensions",
    "--no-first-run",
)
LIMIT_S = 120.0
ABOVE_STANDARD_STREAMS = 10
MEASURED = """(() => {
  const root = document.scrollingElement, edges = (element) => element.getBoundingClientRect();
  const pictures = [...document.querySelectorAll("svg")];
  const cut = pictures.flatMap((picture) => [...picture.querySelectorAll("text")]
    .filter((text) => edges(text).left < edges(picture).left - 1 || edges(text).right > edges(picture).right + 1)
    .map((text) => text.textContent));
  const aside = pictures.map((picture) => edges(picture).left + edges(picture).right - root.clientWidth)
    .reduce((most, each) => Math.max(most, Math.abs(each) / 2), 0);
  return [Math.max(0, root.scrollWidth - window.innerWidth), cut, Math.round(aside)];
})()"""


@dataclass(frozen=True)
class View:
    """What came of opening a page.

    Messages of its console, what it asked for, by how many pixels it is too wide, the texts that its pictures cut, and
    by how many pixels its pictures stand aside of the middle.
    """

    console: tuple[str, ...]
    requests: tuple[str, ...]
    overflow: int
    cut: tuple[str, ...]
    aside: int


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """The two ends of the pipe: commands go down, and come back with their number, between events."""

    def __init__(self, commands: int, answers: int) -> None:
        self.commands = commands
        self.answers = answers
        self.number = 0
        self.unread = b""
        self.events: list[dict[str, Any]] = []

    def view(self, page: Path, width: int, dark: bool, screenshot: Path | None = None) -> View:
        """Open a file in a window ``width`` pixels wide, in light or dark, and wait until it is loaded."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

        def ask(method: str, **parameters: Any) -> Any:
            return self.ask(method, session, **parameters)

        for domain in ("Page", "Runtime", "Log", "Network"):
            ask(f"{domain}.enable")
        ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        ask("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        ask("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())
        overflow, cut, aside = ask("Runtime.evaluate", expression=MEASURED, returnByValue=True)["result"]["value"]
        if screenshot:
            size = ask("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1}
            image = ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
            screenshot.write_bytes(b64decode(image))
        self.ask("Target.closeTarget", targetId=target)
        return View(
            tuple(_messages(self.events)), tuple(_requests(self.events, page.as_uri())), overflow, tuple(cut), aside
        )

    def ask(self, method: str, session: str = "", **parameters: Any) -> Any:
        """The result of a command.

        Raises:
            RuntimeError: the browser refuses it. TimeoutError: it does not answer.
        """
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        os.write(self.commands, json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (answer := self._read()).get("id") != self.number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + LIMIT_S
        while b"\0" not in self.unread:
            if not select.select([self.answers], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(f"the browser said nothing for {LIMIT_S:g} s")
            read = os.read(self.answers, 1 << 16)
            if not read:
                raise RuntimeError("the browser ended")
            self.unread += read
        message, _, self.unread = self.unread.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def browse(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with an empty ``profile``, which ends with the block."""
    its_commands, commands = _pipe()
    answers, its_answers = _pipe()
    # Chromium reads its commands from descriptor 3 and writes its answers to 4.
    script = f'exec "$@" 3<&{its_commands} 4>&{its_answers}'
    line = ["bash", "-c", script, "bash", program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        line, pass_fds=(its_commands, its_answers), stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    os.close(its_commands)
    os.close(its_answers)
    browser = Browser(commands, answers)
    try:
        yield browser
        browser.ask("Browser.close")
    finally:
        os.close(commands)
        os.close(answers)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _pipe() -> tuple[int, int]:
    """Both ends, with numbers that the shell below does not give to others."""
    low = os.pipe()
    read, write = (fcntl(end, F_DUPFD_CLOEXEC, ABOVE_STANDARD_STREAMS) for end in low)
    for end in low:
        os.close(end)
    return read, write


def _messages(events: list[dict[str, Any]]) -> Iterator[str]:
    """Whatever the console shows: a page without a script has nothing to say there."""
    for event in events:
        if event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            yield json.dumps(event["params"])


def _requests(events: list[dict[str, Any]], page: str) -> Iterator[str]:
    for event in events:
        if event["method"] == "Network.requestWillBeSent" and (url := event["params"]["request"]["url"]) != page:
            yield url
