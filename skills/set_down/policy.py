"""Set a held object down on the surface below it."""

from skillkit.option import Situation
from skillkit.policies.carry import Carry
from skillkit.policies.phases import CAREFUL, Move


class SetDown(Carry):
    """Centre above the surface, lower, let go, back off."""

    order = ("centre", "lower", "let_go", "back_off")

    def begin(self, situation: Situation) -> None:
        super().begin(situation)
        self.noted["gap"] = [self.gap(situation)]

    def centre(self, situation: Situation) -> Move:
        goal = self.holding_at(situation, situation.parameters["ahead"], max(0.01, self.noted["gap"][0]))
        return Move(goal, CAREFUL, near=0.008, failure="the object cannot be brought above the surface")
