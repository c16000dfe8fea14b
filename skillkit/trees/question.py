"""``ask``: a question to an operator; the answer arrives as a stamped input, like everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit.documents import Where, describe
from skillkit.option import Initiation
from skillkit.trees.node import Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import Run, Treelike

YES_NO = ("yes", "no")


class Wanted(NamedTuple):
    """What a plan is to reach, every parameter filled in.

    Attributes:
        goal: an expression; or, where it is empty, that ``skill`` may start with ``parameters``.
        arm: the arm that does it.
    """

    goal: str
    skill: str
    parameters: Mapping[str, Any]
    arm: str


class Question(NamedTuple):
    """What a running node waits to be told from outside.

    Attributes:
        path: of the node; an answer names it.
        since: when it began to wait, on the task clock [s].
        answers: the words it takes; none where a plan is ``wanted``.
    """

    path: str
    since: float
    text: str
    answers: tuple[str, ...] = ()
    wanted: Wanted | None = None


class Asked(Treelike):
    """Runs until one of its answers has come; only answers that come after it began count."""

    def __init__(self, path: str, run: Run, question: str, answers: Sequence[str], into: str) -> None:
        super().__init__(path)
        self.run, self.question, self.answers, self.into = run, question, tuple(answers), into
        self.seen, self.since = 0, 0.0

    def initialise(self) -> None:
        self.seen, self.since = newest_answer(self.run), self.run.now
        self.feedback_message = f"{self.question} ({' / '.join(self.answers)})"

    def update(self) -> Status:
        answers = self.run.seen.answers
        new = [answer for name in ("", self.name, self.name.rpartition("/")[2]) if (answer := answers.get(name)) and answer.count > self.seen]
        if not new:
            return Status.RUNNING
        latest = max(new, key=lambda answer: answer.count)
        if latest.text not in self.answers:
            self.seen = latest.count
            self.feedback_message = f"'{latest.text}' is no answer to: {self.question} ({' / '.join(self.answers)})"
            return Status.RUNNING
        self.feedback_message = f"{self.question} {latest.text}"
        if self.into:
            self.run.write(self.name, {self.into: latest.text})
            return Status.SUCCESS
        return Status.SUCCESS if latest.text == self.answers[0] else Status.FAILURE

    def asks(self) -> Question:
        return Question(self.name, self.since, self.question, self.answers)

    def state(self) -> list[float]:
        return [self.seen, self.since]

    def set_state(self, state: list[float]) -> None:
        self.seen, self.since = int(state[0]), state[1]


def newest_answer(run: Run) -> int:
    """The number of the last answer so far: what is asked from now on is answered by later ones only."""
    return max((answer.count for answer in run.seen.answers.values()), default=0)


class AskWord(Word):
    """A question."""

    name = "ask"
    form = "ask: Is the cup clean?, or ask: {question: …, answers: [red, blue], into: $colour}"
    description = "Asks the operator and waits; succeeds with the first answer (`yes`), fails with any other. With `into` every answer is kept and a success."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = {"question": value} if isinstance(value, str) else reader.fields(self, value, where, ("question",), ("answers", "into"))
        if given is None:
            return None
        problems = len(reader.document.problems)
        question, answers = given.get("question", ""), given.get("answers", list(YES_NO))
        if not isinstance(question, str) or (not question and "question" in given):
            reader.error((*where, "question") if isinstance(value, dict) else where, "wrong-type", f"a question is a sentence, found {describe(question)}")
        if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) and answer for answer in answers):
            reader.error((*where, "answers"), "wrong-type", f"answers is a list of words, found {describe(answers)}")
        into = reader.target(given["into"], (*where, "into"), "word") if "into" in given else ""
        if len(reader.document.problems) > problems or not question:
            return None
        return Node(self.name, values={"question": question, "answers": tuple(answers), "into": into})

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Asked(path, run, node.values["question"], node.values["answers"], node.values["into"])

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        return Initiation(True)

    def detail(self, node: Node) -> str:
        answers, into = node.values["answers"], node.values["into"]
        return f"{node.values['question']} ({' / '.join(answers)})" + (f" → ${into}" if into else "")

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1}
        answers = {"type": "array", "items": text, "minItems": 1}
        return {"anyOf": [text, self.mapping_schema({"question": text, "answers": answers, "into": text}, ("question",))]}
