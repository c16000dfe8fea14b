"""Every word of the task language. A new one is a class and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from skillkit.trees.calls import SkillWord, TaskWord
from skillkit.trees.cleanup import FinallyWord, OnFailureWord
from skillkit.trees.composites import FallbackWord, ReactiveFallbackWord, ReactiveSequenceWord, SequenceWord
from skillkit.trees.decorators import ForceFailureWord, ForceSuccessWord, InvertWord, RepeatWord, RetryWord, TimeoutWord
from skillkit.trees.guard import GuardWord
from skillkit.trees.leaves import ConditionWord, WaitWord
from skillkit.trees.node import Word
from skillkit.trees.parallel import ParallelWord
from skillkit.trees.planned import PlanWord
from skillkit.trees.question import AskWord
from skillkit.trees.recovery import RecoverWord
from skillkit.trees.switch import SwitchWord
from skillkit.trees.variables import ForEachWord, SetWord

_ALL = (
    SequenceWord(), ReactiveSequenceWord(), FallbackWord(), ReactiveFallbackWord(), ParallelWord(), SwitchWord(), ForEachWord(),
    RetryWord(), RepeatWord(), TimeoutWord(), GuardWord(), RecoverWord(), OnFailureWord(), FinallyWord(), InvertWord(), ForceSuccessWord(), ForceFailureWord(),
    ConditionWord(), WaitWord(), SetWord(), AskWord(), SkillWord(), TaskWord(), PlanWord(),
)  # fmt: skip

WORDS: Mapping[str, Word] = {word.name: word for word in _ALL}
