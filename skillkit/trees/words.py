"""Every word of the task language. A new one is a class and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from skillkit.trees.composites import FallbackWord, ReactiveFallbackWord, ReactiveSequenceWord, SequenceWord
from skillkit.trees.decorators import ForceFailureWord, ForceSuccessWord, InvertWord, RepeatWord, RetryWord, TimeoutWord
from skillkit.trees.leaves import ConditionWord, SkillWord, TaskWord, WaitWord
from skillkit.trees.node import Word

_ALL = (
    SequenceWord(), ReactiveSequenceWord(), FallbackWord(), ReactiveFallbackWord(), RetryWord(), RepeatWord(), TimeoutWord(),
    InvertWord(), ForceSuccessWord(), ForceFailureWord(), ConditionWord(), WaitWord(), SkillWord(), TaskWord(),
)  # fmt: skip

WORDS: Mapping[str, Word] = {word.name: word for word in _ALL}
