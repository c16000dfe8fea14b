"""Bags: one MCAP file with everything a run decided from and everything it decided."""

from skillkit.bags.columns import as_of
from skillkit.bags.compare import Difference, compare
from skillkit.bags.copy import copy_without
from skillkit.bags.fingerprint import fingerprint
from skillkit.bags.page import timeline_html
from skillkit.bags.read import Bag, Message, open_bag
from skillkit.bags.recover import Recovered, recover
from skillkit.bags.report import Summary, summary
from skillkit.bags.runs import RecordedStep
from skillkit.bags.standard import Joints
from skillkit.bags.timeline import timeline
from skillkit.bags.write import BagWriter
from skillkit.exceptions import BagError

__all__ = [
    "Bag", "BagError", "BagWriter", "Difference", "Joints", "Message", "RecordedStep", "Recovered", "Summary", "as_of",
    "compare", "copy_without", "fingerprint", "open_bag", "recover", "summary", "timeline", "timeline_html",
]  # fmt: skip
