"""Every zone of the tz database, 2024 to 2030, slots at 00:00, 02:30 and 07:00: one for each local day, in order (T1).

Run `PYTHONPATH=. python benchmarks/slots.py`; about 20 seconds.
"""

import sys
import time
import zoneinfo
from datetime import UTC, datetime
from itertools import pairwise

from notifications.content.slots import Cadence, next_slots

START, DAYS = datetime(2024, 1, 2, tzinfo=UTC), 2550
TIMES = ("00:00", "02:30", "07:00")


def sound(zone: str, at: str) -> bool:
    """Whether each local day has one slot, in order."""
    slots = next_slots(Cadence.parse(f"daily {at}"), zone, START, DAYS)
    days = [slot.astimezone(zoneinfo.ZoneInfo(zone)).date() for slot in slots]
    ordered = all(earlier < later for earlier, later in pairwise(slots))
    return ordered and len(set(days)) == DAYS and (days[-1] - days[0]).days == DAYS - 1


if __name__ == "__main__":
    began = time.perf_counter()
    zones = sorted(zoneinfo.available_timezones())
    wrong = [f"{zone} {at}" for zone in zones for at in TIMES if not sound(zone, at)]
    slots = len(zones) * len(TIMES) * DAYS
    print(f"{len(zones)} zones, {slots:,} slots in {time.perf_counter() - began:.0f} s; wrong: {len(wrong)}")
    sys.exit("\n".join(wrong) or 0)
