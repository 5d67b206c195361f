"""Random rule books and commitments, small enough in their words that conditions meet facts often."""

from datetime import date, timedelta
from random import Random

from rules.conditions.condition import Condition, Facts, parse

KINDS = ["reply", "report", "pledge", "question"]
PARTIES = ["nl", "nl/ek", "nl/ek/ia", "nl/tk", "nl-x", "un"]
FORCES = ["binding", "requested", "expected", "voluntary"]
FIRST = date(2018, 1, 1)


def conditions(random: Random, rules: int) -> dict[str, Condition]:
    """A book of so many rules, each of what an author could write."""
    return {f"rule-{number}": parse(written(random)) for number in range(rules)}


def written(random: Random, depth: int = 0) -> dict[str, object]:
    """A condition as an author writes it."""
    form = "tests" if depth == 3 else random.choice(["tests", "tests", "any", "all", "not"])
    if form == "tests":
        return dict(_test(random) for _ in range(random.choice([0, 1, 1, 2, 3])))
    if form == "not":
        return dict([_test(random)]) | {"not": written(random, depth + 1)}
    return {form: [written(random, depth + 1) for _ in range(random.randint(1, 4))]}


def _test(random: Random) -> tuple[str, object]:
    day, number = _day(random), random.randint(0, 9)
    words = {
        "kind": [random.choice(KINDS), random.sample(KINDS, 2), f"!= {random.choice(KINDS)}"],
        "to": [random.choice(PARTIES), random.sample(PARTIES, 2), f"!= {random.choice(PARTIES)}"],
        "force": [random.choice(FORCES), {"not": random.sample(FORCES, 2)}],
        "dossier": ["34 964", "absent"],
        "made": [f"> {day}", f"<= {day}", f"{day:%Y-%m}", f"{day} .. {day + timedelta(9)}", day],
        "anchors.letter": ["present", "absent", f">= {day}", [day, f"< {FIRST}"]],
        "days_late": [number, f"> {number}", f"< {number}", "!= 3", "2 .. 5", [1, "> 7", "absent"]],
        "partly": [True, False],
    }
    field = random.choice(list(words))
    return field, random.choice(words[field])


def facts(random: Random) -> Facts:
    """A commitment, of which now and then something is not known."""
    known = {
        "kind": random.choice(KINDS),
        "to": tuple(random.sample(PARTIES, random.randint(0, 2))),
        "force": random.choice(FORCES),
        "dossier": random.choice(["34 964", "35 000", ""]),
        "made": _day(random),
        "anchors.letter": _day(random),
        "days_late": random.randint(-1, 10),
        "partly": random.choice([True, False, None]),
    }
    return {name: value for name, value in known.items() if random.random() < 0.85}


def _day(random: Random) -> date:
    return FIRST + timedelta(random.randrange(60))
