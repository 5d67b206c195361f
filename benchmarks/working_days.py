"""Twenty working days on, call by call, against the libraries that are installed; and a whole `due` with its steps.

Run `PYTHONPATH=. python benchmarks/working_days.py`; about 10 seconds. Ratios are to our own call in the same run.
"""

import importlib
import operator
import sys
import timeit
from datetime import date
from functools import partial

from commitments.model.dates import Window
from rules.calendars.calendar import SHIPPED, Calendars
from rules.counting.deadline import compute
from rules.counting.due import Due

DAY, EXPECTED = date(2018, 7, 13), date(2018, 8, 10)
MICROSECOND = 1e-6
CALENDARS, PROBLEMS = Calendars.load([SHIPPED])
NL = CALENDARS.get("nl")
BAR, WHOLE_BAR = 1.0, 15.0


def best(call, number):
    """The best of five, in microseconds a call."""
    return min(timeit.repeat(call, number=number, repeat=5)) / number / MICROSECOND


def ours():
    return partial(NL.add_working_days, DAY, 20), 100_000


def with_holidays():
    country = importlib.import_module("holidays").country_holidays("NL", years=range(2017, 2029))
    return partial(country.get_nth_working_day, DAY, 20), 2_000


def with_numpy():
    numpy = importlib.import_module("numpy")
    calendar = numpy.busdaycalendar(holidays=sorted(NL.days_off))
    return partial(numpy.busday_offset, numpy.datetime64(DAY), 20, busdaycal=calendar), 20_000


def with_workalendar():
    country = importlib.import_module("workalendar.europe").Netherlands()
    return partial(country.add_working_days, DAY, 20), 1_000


def with_pandas():
    pandas = importlib.import_module("pandas")
    step = pandas.offsets.CustomBusinessDay(20, holidays=sorted(NL.days_off))
    start = pandas.Timestamp(DAY)
    return partial(operator.add, start, step), 5_000


def with_quantlib():
    quantlib = importlib.import_module("QuantLib")
    calendar = quantlib.BespokeCalendar("nl")
    for weekday in (quantlib.Saturday, quantlib.Sunday):
        calendar.addWeekend(weekday)
    for day in NL.days_off:
        calendar.addHoliday(quantlib.Date(day.day, day.month, day.year))
    start = quantlib.Date(DAY.day, DAY.month, DAY.year)
    return partial(calendar.advance, start, 20, quantlib.Days), 20_000


RIVALS = {
    "holidays": with_holidays,
    "numpy scalar": with_numpy,
    "workalendar": with_workalendar,
    "pandas": with_pandas,
    "QuantLib": with_quantlib,
}

DUES = {
    "4 weeks, rolled": {"period": "4 weeks", "after": "letter", "roll": "following", "calendar": "nl"},
    "20 working days": {"period": "20 working days", "after": "letter", "calendar": "nl"},
    "1 month, minimum": {"period": "1 month", "after": "letter", "minimum": "2 working days", "roll": "following",
                         "calendar": "nl"},
}  # fmt: skip


def _day(answer):
    """What a rival answered, as a date."""
    return answer.to_date() if hasattr(answer, "to_date") else date.fromisoformat(str(answer)[:10])


def rows():
    """Each rival with its time, or why there is none."""
    for name, make in RIVALS.items():
        try:
            call, number = make()
        except ImportError:
            yield name, None
            continue
        assert _day(call()) == EXPECTED, name
        yield name, best(call, number)


if __name__ == "__main__":
    call, number = ours()
    assert call() == EXPECTED
    own = best(call, number)
    print(f"+20 working days   {own:8.2f} µs")
    slower = True
    for name, taken in rows():
        print(f"  {name:<16} " + (f"{taken:8.2f} µs  {taken / own:6.1f} ×" if taken else "not installed"))
        slower &= taken is None or taken > own
    anchors = {"letter": Window.on(DAY)}
    slowest = 0.0
    for name, mapping in DUES.items():
        due = Due.model_validate(mapping)
        taken = best(partial(compute, due, anchors, CALENDARS), 10_000)
        slowest = max(slowest, taken)
        print(f"a due: {name:<16} {taken:6.1f} µs")
    sys.exit(0 if own <= BAR and slower and slowest <= WHOLE_BAR else "a bar is not met")
