"""How long 200 rows with links take as text and HTML (bar: 20 ms), and how large they are (bar: 100 kB of HTML).

The message has the table and the calendar attached; the time for it is that of every digest but the first, which pays
for the entries of the calendar once for all readers.

Run `PYTHONPATH=.:tests python benchmarks/digest.py`.
"""

import time
from dataclasses import replace

from sample_digest import ITEMS, digest

from engine.digests.build import attached
from engine.workspace.settings import Settings, shipped
from notifications.content.digest import Digest
from notifications.content.render import render
from notifications.message.mailbox import Mailbox
from notifications.message.message import message

ROUNDS = 30
BASE = "https://gestand.example.org"
WORKSPACE = replace(shipped(), settings=Settings(base_address=BASE))


def two_hundred(language: str) -> Digest:
    """A digest of 200 rows for seven parties, of every kind that the samples have."""
    rows = [(item, number) for number in range(20) for item in ITEMS]
    items = [
        replace(
            item,
            commitment=item.commitment.model_copy(
                update={"id": f"{item.commitment.id}-{number}", "by": (f"nl/regering/{number % 7}",)}
            ),
        )
        for item, number in rows
    ]
    return digest(language, *items)


def timed(language: str) -> None:
    made = two_hundred(language)
    rendered = render(made, base=BASE)
    rendering, writing = [], []
    for _ in range(ROUNDS):
        start = time.process_time()
        rendered = render(made, base=BASE)
        middle = time.process_time()
        body = message(
            made,
            rendered,
            sender=Mailbox("gestand@example.org"),
            message_id="<1@example.org>",
            attachments=attached(WORKSPACE, made),
        )
        rendering.append(middle - start)
        writing.append(time.process_time() - middle)
    median = ROUNDS // 2
    sizes = f"text {len(rendered.text.encode()) / 1000:.0f} kB, HTML {len(rendered.html.encode()) / 1000:.0f} kB"
    print(
        f"{language}: rendered in {1000 * sorted(rendering)[median]:.1f} ms, "
        f"made a message in {1000 * sorted(writing)[median]:.1f} ms; {sizes}, message {len(body) / 1000:.0f} kB"
    )


if __name__ == "__main__":
    for language in ("en", "nl"):
        timed(language)
