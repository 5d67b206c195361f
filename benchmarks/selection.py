"""Which rules apply to 100,000 commitments: our matchers beside durable_rules' own Host.post and other rule engines.

Run `python benchmarks/selection.py [COMMITMENTS]`. Every engine gets the same 20 rules, each of which asks for all 7
facts, and the same commitments, in its own form; every answer is checked. An engine that is not installed is left out.
The rules exclude each other, because Host.post gives only the first that matches. Building the rules counts.
"""

import collections
import collections.abc
import json
import sys
import time
from datetime import date, timedelta
from importlib import import_module
from itertools import product
from random import Random

from engine.matching.matcher import DurableMatcher, ReferenceMatcher
from rules.conditions.condition import parse

KINDS, FORCES = ("reply", "report"), ("requested", "binding")
BANDS = ((-400, -31), (-30, -1), (0, 0), (1, 30), (31, 400))
RULES = {f"rule-{n:02}": rule for n, rule in enumerate(product(KINDS, FORCES, BANDS))}
SINCE = date(2010, 1, 1)
NOT = {"by": "fr", "to": "fr", "dossier": "1"}
SINCE_DAY = SINCE.toordinal()
PEERS_GET = 2_000


def commitments(count):
    random = Random(7)
    parties = [f"nl/eerste-kamer/committee-{n}" for n in range(30)]
    return [
        {
            "kind": random.choice(KINDS),
            "force": random.choice(FORCES),
            "by": (random.choice(parties),),
            "to": (random.choice(parties),),
            "dossier": f"{random.randint(30_000, 36_999)}",
            "made": date(2018, 1, 1) + timedelta(random.randrange(3_000)),
            "days_late": random.randint(-400, 400),
        }
        for _ in range(count)
    ]


def flat(facts):
    """The same commitment as other engines take it: text and whole numbers."""
    return {**facts, "by": facts["by"][0], "to": facts["to"][0], "made": facts["made"].toordinal()}


def expected(facts):
    return next(
        name
        for name, (kind, force, (low, high)) in RULES.items()
        if facts["kind"] == kind and facts["force"] == force and low <= facts["days_late"] <= high
    )


# ------------------------------------------------------------------------------------------------- ours


def ours(matcher):
    others = {"made": f">= {SINCE}", **{field: f"!= {other}" for field, other in NOT.items()}}
    conditions = {
        name: parse({"kind": kind, "force": force, "days_late": f"{low} .. {high}", **others})
        for name, (kind, force, (low, high)) in RULES.items()
    }
    applying = matcher(conditions).applying

    def choose(facts):
        (name,) = applying(facts)
        return name

    return choose


def unlike():
    """The worst case: 20 rules that ask for 20 other facts, and hardly two commitments that share them."""
    random = Random(20)
    applying = DurableMatcher({f"rule-{n}": parse({f"anchors.a{n}": "present"}) for n in range(20)}).applying

    def choose(facts):
        known = {f"anchors.a{n}": SINCE for n in range(20) if random.random() < 0.5}
        assert len(applying(known)) == len(known)
        return expected(facts)

    return choose


# ------------------------------------------------------------------------------------------------- others


def host_post():
    engine = import_module("durable.engine")

    class Host(engine.Host):
        def _run(self):
            """No threads in the background: they would count against it, and crash it in the end."""

    fired = []

    others = [{"$gte": {"made": SINCE_DAY}}, *({"$neq": {field: other}} for field, other in NOT.items())]

    def pattern(kind, force, low, high):
        late = [{"$gte": {"days_late": low}}, {"$lte": {"days_late": high}}]
        return {"$and": [{"kind": kind}, {"force": force}, *late, *others]}

    def rule(name, kind, force, band):
        return {"all": [{"m": pattern(kind, force, *band)}], "run": lambda _: fired.append(name)}

    host = Host({"selection": {name: rule(name, *parts) for name, parts in RULES.items()}})

    def choose(facts):
        host.post("selection", dict(facts))
        return fired.pop()

    return choose


def clips():
    environment = import_module("clips").Environment()
    slots = " ".join(f"(slot {name})" for name in ("kind", "force", "by", "to", "dossier", "made", "days_late"))
    environment.build(f"(deftemplate c {slots})")
    fired = []
    environment.define_function(fired.append, "chosen")
    for name, (kind, force, (low, high)) in RULES.items():
        asked = f'(kind "{kind}") (force "{force}") (days_late ?d&:(<= {low} ?d {high})) (made ?m&:(>= ?m {SINCE_DAY}))'
        asked += "".join(f' ({field} ~"{other}")' for field, other in NOT.items())
        environment.build(f'(defrule {name} (c {asked}) => (chosen "{name}"))')
    template = environment.find_template("c")

    def choose(facts):
        fact = template.assert_fact(**facts)
        environment.run()
        fact.retract()
        return fired.pop()

    return choose


def zen():
    others = {"made": f">= {SINCE_DAY}", **{field: f'not in ["{other}"]' for field, other in NOT.items()}}
    rows = [
        {"_id": name, "kind": f'"{kind}"', "force": f'"{force}"', "days_late": f"[{low}..{high}]"}
        | others
        | {"o1": f'"{name}"'}
        for name, (kind, force, (low, high)) in RULES.items()
    ]
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": f, "name": f, "field": f} for f in ("kind", "force", "days_late", *others)],
        "outputs": [{"id": "o1", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "e2", "type": "edge", "sourceId": "table", "targetId": "out"},
    ]
    decision = import_module("zen").ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    return lambda facts: decision.evaluate(facts)["result"]["rule"]


def business_rules():
    actions, engine, fields, variables = (
        import_module(f"business_rules.{part}") for part in ("actions", "engine", "fields", "variables")
    )

    def variable(field, kind):
        def read(self):
            return self.facts[field]

        return kind(label=field)(read)

    class Variables(variables.BaseVariables):
        def __init__(self, facts):
            self.facts = facts

    text, number = variables.string_rule_variable, variables.numeric_rule_variable
    kinds = {"kind": text, "force": text, **dict.fromkeys(NOT, text), "made": number, "days_late": number}
    for field, kind in kinds.items():
        setattr(Variables, field, variable(field, kind))

    class Actions(actions.BaseActions):
        def __init__(self):
            self.chosen = ""

        @actions.rule_action(params={"name": fields.FIELD_TEXT})
        def choose(self, name):
            self.chosen = name

    def test(name, operator, value):
        return {"name": name, "operator": operator, "value": value}

    def tests(kind, force, low, high):
        return [
            test("kind", "equal_to", kind),
            test("force", "equal_to", force),
            test("days_late", "greater_than_or_equal_to", low),
            test("days_late", "less_than_or_equal_to", high),
            test("made", "greater_than_or_equal_to", SINCE_DAY),
            *(test(field, "non_empty", True) for field in NOT),  # it has no "is not"
        ]

    rules = [
        {
            "conditions": {"all": tests(kind, force, low, high)},
            "actions": [{"name": "choose", "params": {"name": name}}],
        }
        for name, (kind, force, (low, high)) in RULES.items()
    ]

    def choose(facts):
        done = Actions()
        engine.run_all(rules, Variables(facts), done, stop_on_first_trigger=True)
        return done.chosen

    return choose


def experta():
    collections.Mapping = collections.abc.Mapping  # it was written for Python 3.9
    lib = import_module("experta")

    class Engine(lib.KnowledgeEngine):
        chosen = ""

    def rule(name, kind, force, low, high):
        def run(self):
            self.chosen = name

        late, made = lib.P(lambda days: low <= days <= high), lib.P(lambda day: day >= SINCE_DAY)
        others = {field: ~lib.L(other) for field, other in NOT.items()}
        return lib.Rule(lib.Fact(kind=kind, force=force, days_late=late, made=made, **others))(run)

    for name, (kind, force, band) in RULES.items():
        setattr(Engine, name.replace("-", "_"), rule(name, kind, force, *band))
    engine = Engine()

    def choose(facts):
        engine.reset()
        engine.declare(lib.Fact(**facts))
        engine.run()
        return engine.chosen

    return choose


def json_logic():
    others = [{">=": [{"var": "made"}, SINCE_DAY]}, *({"!=": [{"var": f}, other]} for f, other in NOT.items())]
    logic = {"if": []}
    for name, (kind, force, (low, high)) in RULES.items():
        late = {"<=": [low, {"var": "days_late"}, high]}
        same = [{"==": [{"var": "kind"}, kind]}, {"==": [{"var": "force"}, force]}]
        logic["if"] += [{"and": [*same, late, *others]}, name]
    logic["if"].append("none")
    decide = import_module("json_logic").jsonLogic
    return lambda facts: decide(logic, facts)


ENGINES = [
    ("Gestand, with durable_rules", lambda: ours(DurableMatcher), True, None),
    ("Gestand, reference", lambda: ours(ReferenceMatcher), True, None),
    ("the same, no two alike", unlike, True, PEERS_GET),
    ("durable_rules Host.post", host_post, False, None),
    ("clipspy", clips, False, PEERS_GET),
    ("zen-engine", zen, False, PEERS_GET),
    ("business-rules", business_rules, False, PEERS_GET),
    ("experta", experta, False, PEERS_GET),
    ("json-logic", json_logic, False, PEERS_GET),
]


def measure(make, asked):
    """Microseconds a commitment, building included, and how many answers were wrong."""
    begun = time.perf_counter()
    choose = make()
    answers = [choose(facts) for facts in asked]
    spent = time.perf_counter() - begun
    return spent / len(asked) * 1e6, answers


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    register = commitments(count)
    flattened, right = [flat(facts) for facts in register], [expected(facts) for facts in register]
    rows = []
    for name, make, own_form, most in ENGINES:
        try:
            spent, answers = measure(make, (register if own_form else flattened)[:most])
        except ImportError as error:
            print(f"{name}: left out ({error})")
            continue
        wrong = sum(answer != wanted for answer, wanted in zip(answers, right, strict=False))
        rows.append((name, len(answers), spent, wrong))
    for name, answered, spent, wrong in rows:
        print(f"{name:28} {answered:>8,} commitments  {spent:7.2f} µs each  {spent / rows[0][2]:6.1f} ×  {wrong} wrong")


if __name__ == "__main__":
    main()
