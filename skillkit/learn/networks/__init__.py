"""How tasks share a network, one way per file."""

from __future__ import annotations

from skillkit.learn.networks.adapters import Adapters
from skillkit.learn.networks.attention import Attention
from skillkit.learn.networks.cross_stitch import CrossStitch
from skillkit.learn.networks.heads import Heads
from skillkit.learn.networks.hyper import Hyper
from skillkit.learn.networks.latents import Latents
from skillkit.learn.networks.lora import LowRank
from skillkit.learn.networks.mixture import Mixture
from skillkit.learn.networks.modular import Modular
from skillkit.learn.networks.network import Network, Shape
from skillkit.learn.networks.relation import Relation
from skillkit.learn.networks.separate import Separate, Soft
from skillkit.learn.networks.shared import Shared

NETWORKS: dict[str, type[Network]] = {
    "separate": Separate,
    "shared": Shared,
    "heads": Heads,
    "mixture": Mixture,
    "hyper": Hyper,
    "lora": LowRank,
    "adapters": Adapters,
    "cross_stitch": CrossStitch,
    "attention": Attention,
    "relation": Relation,
    "latents": Latents,
    "soft": Soft,
    "modular": Modular,
}

__all__ = ["NETWORKS", "Network", "Shape"]
