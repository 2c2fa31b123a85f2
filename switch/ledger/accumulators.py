"""A person's yearly accumulators: applying deltas, and where each year's row lies."""

from collections.abc import Mapping

from switch.model.member import Accumulators


def applied(before: Accumulators, deltas: Mapping[str, Mapping[str, int]]) -> Accumulators:
    """Return the accumulators after deltas; a value that comes back to zero leaves no trace.

    Leaving no trace makes settle-then-undo restore the very same mapping.
    """
    after = dict(before)
    for key, changes in deltas.items():
        values = dict(after.get(key, {}))
        for name, change in changes.items():
            value = values.get(name, 0) + change
            if value:
                values[name] = value
            else:
                values.pop(name, None)
        if values:
            after[key] = values
        else:
            after.pop(key, None)
    return after


def negated(deltas: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Return deltas with every sign turned."""
    return {
        key: {name: -change for name, change in changes.items()} for key, changes in deltas.items()
    }


def latest_years(values: Accumulators) -> tuple[dict[str, Mapping[str, int]], set[str]]:
    """Return (the latest year of each scheme, the keys of earlier years).

    The latest year of a scheme stands on the member row; earlier ones in `member_year`.
    """
    if len(values) <= 1:
        return dict(values), set()
    latest: dict[str, str] = {}
    for key in values:
        scheme, _, year = key.rpartition("/")
        if scheme not in latest or int(year) > int(latest[scheme].rpartition("/")[2]):
            latest[scheme] = key
    row = {key: values[key] for key in latest.values()}
    return row, set(values) - set(row)
