"""Checks the proof of one entry of a Gestand ledger. Needs Python and, for time stamps, openssl; nothing of Gestand.
python3 check_proof.py PROOF.json --ca AUTHORITY.pem        it was there when that authority stamped the ledger
python3 check_proof.py PROOF.json --head "#42 9f86d08…"     it is in the ledger whose head was printed so
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path


def must(holds, what):
    if not holds:
        sys.exit(f"NOT PROVED: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


def entry_hash(fields):  # docs/ledger.md, "The algorithm", step 3
    return sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hex()


def root(top, place, last, path):  # RFC 9162, 2.1.3.2
    for beside in map(bytes.fromhex, path):
        must(0 <= place <= last and last > 0, "the path does not fit the tree")
        left = place % 2 or place == last
        top = sha256(b"\x01" + (beside + top if left else top + beside))
        while left and not place % 2:
            place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    must(place == last == 0, "the path does not fit the tree")
    return top.hex()


def stamped(digest, stamp, authority):
    with tempfile.TemporaryDirectory() as folder:
        (answer := Path(folder, "stamp")).write_bytes(base64.b64decode(stamp))
        asked = ["openssl", "ts", "-reply", "-in", answer, "-text"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False)
        must(time := re.search(r"\nTime stamp: (.{15})[.\d]* (\d{4}) GMT\n", said.stdout), "the stamp cannot be read")
        moment = datetime.strptime(f"{time[1]} {time[2]} +0000", "%b %d %H:%M:%S %Y %z")
        when = ["-attime", str(int(moment.timestamp()))]  # the certificates must have been valid then, not today
        asked = ["openssl", "ts", "-verify", "-digest", digest, "-in", answer, "-CAfile", authority, *when]
        must(subprocess.run(asked, capture_output=True, check=False).returncode == 0, "the stamp does not hold")
    return f"it was there on {moment:%Y-%m-%d %H:%M:%S} UTC"


def printed(entries, head):
    must(re.fullmatch("#[0-9]+ [0-9a-f]{16,64}", head), "write the head as it was printed: #42 9f86d081884c7d65")
    for before, after in zip(entries, entries[1:], strict=False):
        must((after[0], after[6]) == (before[0] + 1, entry_hash(before)), "the entries do not follow one another")
    must(f"#{entries[-1][0]} {entry_hash(entries[-1])}".startswith(head), "it does not lead to that head")
    return f"it is in the ledger whose head was printed as {head}"


def main(file, option, value):
    entry = (proof := json.loads(Path(file).read_text("utf-8")))["entry"]
    shown = {key: entry[key] for key in ("seq", "at", "actor", "kind", "commitment", "payload", "prev")}
    fields = list(shown.values())
    if (body := entry.get("body")) is not None:
        must(sha256(body.encode()).hex() == json.loads(entry["payload"])["body"], "the texts are not the entry's")
    if option == "--head":
        found = printed([fields, *proof["later"]], value)
    else:
        size, leaf = int(proof["tree"]["size"]), sha256(b"\x00" + bytes.fromhex(entry_hash(fields)))
        top = root(leaf, shown["seq"] - 1, size - 1, proof["tree"]["path"])
        said = rf"gestand ledger\n#{size} [0-9a-f]{{64}}\ntree {top}\n"
        must(re.fullmatch(said, proof["statement"]), "the entry is not in what was stamped")
        found = stamped(sha256(proof["statement"].encode()).hex(), proof["stamp"], value)
    print(f"{json.dumps({**shown, 'body': body}, indent=1)}\nPROVED: {found}")


main(*sys.argv[1:])
