"""Take the pictures of the report in docs/images: `python -m docs.screenshots [HOME]`.

HOME is a home with a publication, by default the one that `make run` makes. Its report is written anew, then opened in
a headless Chromium at the widths of a desk and of a phone.
"""

import sys
from pathlib import Path

from docs.browser import chromium
from siyu.report import write_report
from siyu.settings import PROJECT, existing_home, load_settings

IMAGES = PROJECT / "docs" / "images"
DEMO = PROJECT / ".siyu" / "demo" / "home"
# name, width of the window, height of the picture, language
PICTURES = (
    ("report-1440", 1440, 3600, "en"),
    ("report-390", 390, 3600, "en"),
    ("report-zh", 1440, 3600, "zh"),
)


def take(report: Path) -> None:
    """Write one PNG per picture, from the top of the page down to its height."""
    IMAGES.mkdir(exist_ok=True)
    with chromium() as browser:
        for name, width, height, language in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(f"{report.as_uri()}?lang={language}")
            clip = {"x": 0, "y": 0, "width": width, "height": height}
            page.screenshot(path=IMAGES / f"{name}.png", full_page=True, clip=clip)
            page.close()


if __name__ == "__main__":
    home = existing_home(Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO)
    take(write_report(home, load_settings(home)).file)
