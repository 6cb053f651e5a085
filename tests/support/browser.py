"""Show a page in Chromium without a network; run with the Python of .venv-report.

`browser.py PAGE FOLDER QUEUE MEDIUM` prints JSON: the tables of all charts before and after a queue
and a medium are chosen, the console's lines, the requests, and the widths. FOLDER gets the
screenshots.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--proxy-server=http://127.0.0.1:9",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
WIDTHS = (1280, 390)
HEIGHT = 900
CHARTS = """\
return Object.fromEntries([...document.querySelectorAll("section[data-chart]")].map((section) => [
  section.dataset.chart,
  {
    lead: section.querySelector(".lead").textContent,
    alternative: section.querySelector(".drawing > svg")?.getAttribute("aria-label") ?? null,
    shapes: section.querySelectorAll(".drawing > svg rect:not(.hit), .drawing > svg path").length,
    empty: section.querySelector(".empty")?.textContent ?? null,
    table: [...section.querySelectorAll("table tr")].map(
      (row) => [...row.cells].map((cell) => cell.textContent)),
  },
]));
"""
REFUSED = """\
const [url, done] = arguments;
document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
setTimeout(() => done("allowed"), 5000);
fetch(url).catch(() => {});
"""
HEADINGS = """\
return [...document.querySelectorAll("h1, h2, h3")].map((heading) => heading.tagName);
"""


def main() -> None:
    """Show the page, and print the results."""
    page, folder, queue, medium = sys.argv[1:]
    with tempfile.TemporaryDirectory() as profile:
        browser = _browser(profile)
        try:
            json.dump(
                _results(browser, Path(page).as_uri(), Path(folder), queue, medium), sys.stdout
            )
        finally:
            browser.quit()


def _browser(profile: str) -> Any:
    options = webdriver.ChromeOptions()
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def _results(
    browser: Any,
    url: str,
    folder: Path,
    queue: str,
    medium: str,
) -> dict[str, Any]:
    results: dict[str, Any] = {"widths": {}}
    for width in WIDTHS:
        _resize(browser, width, HEIGHT)
        browser.get(url)
        script = (
            "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        inner, height = browser.execute_script(script)
        results["widths"][width] = inner
        _resize(browser, width, height)
        browser.save_screenshot(str(folder / f"report-{width}.png"))
    _resize(browser, WIDTHS[0], HEIGHT)
    results["all"] = browser.execute_script(CHARTS)
    Select(browser.find_element(By.ID, "queue")).select_by_visible_text(queue)
    results["queue"] = browser.execute_script(CHARTS)
    Select(browser.find_element(By.ID, "medium")).select_by_visible_text(medium)
    results["both"] = browser.execute_script(CHARTS)
    browser.save_screenshot(str(folder / "report-chosen.png"))
    results["headings"] = browser.execute_script(HEADINGS)
    results["console"] = [line["message"] for line in browser.get_log("browser")]
    events = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    results["requests"] = sorted(
        {
            event["params"]["request"]["url"]
            for event in events
            # Chromium's own first page has requests, too.
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["documentURL"] == url
        }
    )
    results["refused"] = browser.execute_async_script(REFUSED, "http://127.0.0.1:9/")
    return results


def _resize(browser: Any, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


if __name__ == "__main__":
    main()
