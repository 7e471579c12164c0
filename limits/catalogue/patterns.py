"""Turns the regular expressions of the numbering library into plain prefixes and lengths.

The library describes number ranges as regular expressions over digits. A switch cannot run
those, so this module walks the automaton of a set of expressions and answers in prefixes: the
shortest ones below which nothing more is decided.
"""

from __future__ import annotations

import re._constants as sre  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterable
from functools import cache
from typing import Any

DIGITS = "0123456789"


class Language:
    """The set of digit strings that a list of expressions accepts."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self._moves: list[tuple[frozenset[str], int]] = []  # (digits, target) by edge number
        self._edges: list[list[int]] = []
        self._free: list[list[int]] = []  # moves that eat nothing, by state
        start, self._end = self._state(), self._state()
        for expression in expressions:
            self._free[start].append(begin := self._state())
            self._free[self._build(parser.parse(expression), begin)].append(self._end)
        self.start = self._closure({start})
        self.step = cache(self._step)
        self.lengths = cache(self._lengths)
        self.settled = cache(self._settled)

    def _state(self) -> int:
        self._edges.append([])
        self._free.append([])
        return len(self._edges) - 1

    def _eat(self, state: int, digits: frozenset[str]) -> int:
        target = self._state()
        self._edges[state].append(len(self._moves))
        self._moves.append((digits, target))
        return target

    def _build(self, tokens: Iterable[tuple[Any, Any]], state: int) -> int:
        for kind, value in tokens:
            if kind is sre.LITERAL:
                state = self._eat(state, frozenset(chr(value)))
            elif kind is sre.IN:
                state = self._eat(state, _members(value))
            elif kind is sre.SUBPATTERN:
                state = self._build(value[-1], state)
            elif kind is sre.BRANCH:
                joined = self._state()
                for branch in value[1]:
                    self._free[self._build(branch, state)].append(joined)
                state = joined
            elif kind is sre.MAX_REPEAT:
                least, most, body = value
                for _ in range(least):
                    state = self._build(body, state)
                joined = self._state()
                for _ in range(most - least):
                    self._free[state].append(joined)
                    state = self._build(body, state)
                self._free[state].append(joined)
                state = joined
            else:
                raise ValueError(f"cannot read {kind} in a number pattern")
        return state

    def _closure(self, states: set[int]) -> frozenset[int]:
        found, todo = set(states), list(states)
        while todo:
            for target in self._free[todo.pop()]:
                if target not in found:
                    found.add(target)
                    todo.append(target)
        return frozenset(found)

    def _step(self, states: frozenset[int], digit: str) -> frozenset[int]:
        edges = (self._moves[number] for state in states for number in self._edges[state])
        return self._closure({target for digits, target in edges if digit in digits})

    def _lengths(self, states: frozenset[int]) -> frozenset[int]:
        """How many more digits may follow."""
        found = {0} if self._end in states else set()
        for digit in DIGITS:
            following = self.step(states, digit)
            if following:
                found |= {length + 1 for length in self.lengths(following)}
        return frozenset(found)

    def _settled(self, states: frozenset[int]) -> bool:
        """Whether only the number of digits that follow matters, not which."""
        following = [self.step(states, digit) for digit in DIGITS]
        if not any(following):
            return True
        return len({self.lengths(each) for each in following}) == 1 and all(
            each and self.settled(each) for each in following
        )


def _members(items: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    found: set[str] = set()
    for kind, value in items:
        if kind is sre.LITERAL:
            found.add(chr(value))
        elif kind is sre.RANGE:
            found |= {chr(code) for code in range(value[0], value[1] + 1)}
        elif kind is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
            found |= set(DIGITS)
        else:
            raise ValueError(f"cannot read {kind} in a digit class")
    return frozenset(found)


def prefix_rules(expressions: Iterable[str], depth: int) -> list[tuple[str, list[int]]]:
    """``(prefix, whole lengths)``, no prefix beginning another, at most ``depth`` digits long."""
    language = Language(expressions)
    rules: list[tuple[str, list[int]]] = []

    def walk(prefix: str, states: frozenset[int]) -> None:
        if language.settled(states) or len(prefix) == depth:
            rules.append((prefix, sorted(len(prefix) + more for more in language.lengths(states))))
            return
        for digit in DIGITS:
            following = language.step(states, digit)
            if following:
                walk(prefix + digit, following)

    walk("", language.start)
    return rules


def strings(expressions: Iterable[str]) -> list[str]:
    """Every string accepted; for small sets such as emergency numbers."""
    language = Language(expressions)

    def walk(prefix: str, states: frozenset[int]) -> Iterable[str]:
        if 0 in language.lengths(states):
            yield prefix
        for digit in DIGITS:
            following = language.step(states, digit)
            if following:
                yield from walk(prefix + digit, following)

    return sorted(walk("", language.start))


def owners(patterns: dict[str, list[str]], main: str) -> dict[str, list[str]]:
    """Prefixes of each owner but ``main``: the shortest that only it uses.

    What several share down to the last digit stays with ``main``, which needs no prefix of its
    own: it has everything that is not somebody else's.
    """
    languages = {owner: Language(expressions) for owner, expressions in patterns.items()}

    @cache
    def below(states: frozenset[tuple[str, frozenset[int]]]) -> tuple[tuple[str, str], ...]:
        """``(owner, what follows)`` for a point that these owners' numbers pass through."""
        if len(states) == 1:
            ((owner, _),) = states
            return () if owner == main else ((owner, ""),)
        found: list[tuple[str, str]] = []
        for digit in DIGITS if states else ():
            following = ((owner, languages[owner].step(each, digit)) for owner, each in states)
            deeper = below(frozenset((owner, each) for owner, each in following if each))
            found.extend((owner, digit + suffix) for owner, suffix in deeper)
        return tuple(found)

    found: dict[str, list[str]] = {owner: [] for owner in patterns if owner != main}
    for owner, prefix in below(frozenset((o, each.start) for o, each in languages.items())):
        found[owner].append(prefix)
    return found
