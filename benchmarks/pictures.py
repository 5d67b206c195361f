"""Draw digests and a letter as a reader sees them into docs/img/: 600 and 360 pixels wide, light and dark.

Run `make pictures` where Chromium is installed; CHROMIUM names it if it is not /usr/bin/chromium.
"""

import os
import re
import subprocess
import tempfile
from html import escape
from pathlib import Path

from sample_digest import LETTER, digest

from notifications.content.digest import Digest
from notifications.content.render import render
from notifications.letters.letter import Facts, as_html, draft

ROOT = Path(__file__).parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
BASE = "https://gestand.example.org"
WIDTHS = (600, 360)
THEMES = {"light": 1, "dark": 0}
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars --disable-sync
--disable-background-networking --disable-component-update""".split()
MEASURE = "document.title = document.querySelector('iframe').contentDocument.documentElement.scrollHeight"


def draw(name: str, html: str, width: int, theme: str, folder: Path) -> Path:
    """The picture of a page, as high as the page is; in a frame, for a headless window has a least width of its own."""
    target = ROOT / "docs" / "img" / f"{name}-{width}-{theme}.png"
    flags = [f"--user-data-dir={folder}/profile", f"--blink-settings=preferredColorScheme={THEMES[theme]}"]
    frame = folder / "frame.html"
    frame.write_text(framed(html, width, 100))
    seen = chromium(*flags, "--dump-dom", frame.as_uri())
    height = int(re.search(r"<title>(\d+)</title>", seen)[1])
    frame.write_text(framed(html, width, height))
    chromium(*flags, f"--screenshot={target}", f"--window-size={width},{height}", frame.as_uri())
    return target


def framed(html: str, width: int, height: int) -> str:
    style = f"width:{width}px;height:{height}px;border:0;display:block"
    return (
        f'<!doctype html><title></title><body style="margin:0"><iframe srcdoc="{escape(html)}" style="{style}" '
        f'onload="{MEASURE}"></iframe>'
    )


def chromium(*flags: str) -> str:
    return subprocess.run([CHROMIUM, *FLAGS, *flags], check=True, capture_output=True, timeout=60, text=True).stdout


def page(made: Digest) -> str:
    return render(made, note="clerk", base=BASE, leave=f"{BASE}/unsubscribe/1").html


def letter() -> str:
    """The draft about the letter of 13 July 2018, two weeks after its date."""
    facts = Facts(
        language="nl",
        date="27 augustus 2018",
        sender="commissie Immigratie en Asiel / JBZ-Raad",
        addressee="Staatssecretaris van Justitie en Veiligheid",
        id="34964-B",
        kind="reply",
        title="Vervolgvragen over de Global Compacts over vluchtelingen en migratie",
        dossier="34 964",
        document="Kamerstukken I 2017-2018, 34 964, B",
        letter_of="13 juli 2018",
        made_on="",
        term="",
        quote=LETTER.reason.quote,
        original="vrijdag 10 augustus 2018",
        due="vrijdag 10 augustus 2018",
        overdue=True,
        late="17 dagen",
        late_original="17 dagen",
    )
    return as_html(draft(facts))[0]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        drawn = [draw("digest", page(digest("en")), width, theme, Path(folder)) for width in WIDTHS for theme in THEMES]
        drawn.append(draw("letter", letter(), 760, "light", Path(folder)))
    for picture in drawn:
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} kB")
