"""Draw the digest of tests/snapshots as a reader sees it: 600 and 360 pixels wide, light and dark, into docs/img/.

Run `python benchmarks/pictures.py` where Chromium is installed; CHROMIUM names it if it is not /usr/bin/chromium.
"""

import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIGEST = ROOT / "tests" / "snapshots" / "digest-en.html"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
HEIGHTS = {600: 1480, 360: 2290}
THEMES = {"light": 1, "dark": 0}


def draw(width: int, theme: str, folder: Path) -> Path:
    """The picture of the digest, inside a frame of that width: a headless window has a least width of its own."""
    target = ROOT / "docs" / "img" / f"digest-{width}-{theme}.png"
    frame = folder / "frame.html"
    style = f"width:{width}px;height:{HEIGHTS[width]}px;border:0;display:block"
    frame.write_text(f'<!doctype html><body style="margin:0"><iframe src="{DIGEST.as_uri()}" style="{style}"></iframe>')
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += [f"--user-data-dir={folder}/profile", f"--blink-settings=preferredColorScheme={THEMES[theme]}"]
    flags += [f"--screenshot={target}", f"--window-size={width},{HEIGHTS[width]}"]
    subprocess.run([CHROMIUM, *flags, frame.as_uri()], check=True, capture_output=True, timeout=60)
    return target


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for width in HEIGHTS:
            for theme in THEMES:
                picture = draw(width, theme, Path(folder))
                print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} kB")
