"""Deciding a condition on what the caller has answered."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.flow.nodes import Clause, Condition, Operator
from bridge.flow.numbers import Interval, read_key
from bridge.flow.words import words


def chosen_clause(
    condition: Condition, collected: Mapping[str, str], keys: Mapping[str, str]
) -> Clause | None:
    """The first clause that holds, or None.

    `collected`: values by question name; `keys`: the answers' keys by question name, which `equals` and
    `in` accept too. What was never answered fulfils nothing but `is_not_set`.
    """
    for clause in condition.clauses:
        value = collected.get(clause.variable)
        if _holds(clause, value, keys.get(clause.variable, "")):
            return clause
    return None


def _holds(clause: Clause, value: str | None, key: str) -> bool:
    if clause.operator is Operator.IS_NOT_SET:
        return value is None
    if value is None:
        return False
    if clause.operator is Operator.IS_SET:
        return True
    wanted = clause.values[0]
    same = any(_same(value, other) or _alike(key, other) for other in clause.values)
    match clause.operator:
        case Operator.EQUALS:
            return same
        case Operator.NOT_EQUALS:
            return not same
        case Operator.IN:
            return same or any(_inside(value, other) for other in clause.values)
        case Operator.CONTAINS:
            return f" {' '.join(words(wanted))} " in f" {' '.join(words(value))} "
    return _ordered(clause.operator, read_key(value), read_key(wanted))


def _same(value: str, wanted: str) -> bool:
    left, right = read_key(value), read_key(wanted)
    return left == right if left is not None and right is not None else _alike(value, wanted)


def _alike(left: str, right: str) -> bool:
    return bool(words(left)) and words(left) == words(right)


def _inside(value: str, wanted: str) -> bool:
    left, right = read_key(value), read_key(wanted)
    return left is not None and right is not None and left.within(right)


def _ordered(operator: Operator, value: Interval | None, wanted: Interval | None) -> bool:
    """Compare numbers; a range counts as more (or less) only where all of it is."""
    if value is None or wanted is None:
        return False
    if operator is Operator.GREATER_THAN:
        return value.low > wanted.high
    if operator is Operator.AT_LEAST:
        return value.low >= wanted.low
    if operator is Operator.LESS_THAN:
        return value.high < wanted.low
    return value.high <= wanted.high
