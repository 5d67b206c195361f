"""How many examples a property is tried on: few in every run, GESTAND_EXAMPLES times as many in `make thorough`."""

import os

TIMES = int(os.environ.get("GESTAND_EXAMPLES", "1"))


def examples(few: int) -> int:
    """So many in every run, and more where there is time for them."""
    return few * TIMES
