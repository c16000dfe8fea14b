"""From images to features: what a camera sees, beside the state, and what it is to see in the end."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from skillkit.exceptions import InvalidValue


class Encoder(Protocol):
    """A module (n, H, W, 3) of bytes → (n, size)."""

    size: int

    def __call__(self, images: Tensor) -> Tensor:
        """The features."""


class Cnn(nn.Module):
    """Three convolutions and where each channel is active: the expected place (x, y) under a softmax over the image (Levine et al., "End-to-End Training
    of Deep Visuomotor Policies", JMLR 2016; Finn et al., "Deep Spatial Autoencoders for Visuomotor Learning", ICRA 2016, §IV)."""

    CHANNELS = 16

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.size = 2 * self.CHANNELS
        layers = [nn.Conv2d(3, self.CHANNELS, 5, stride=2, padding=2), *(nn.Conv2d(self.CHANNELS, self.CHANNELS, 3, padding=1) for _ in range(2))]
        self.layers = nn.ModuleList(layers)
        self.sharpness = nn.Parameter(torch.ones(()))
        rows, columns = torch.linspace(-1.0, 1.0, (height + 1) // 2), torch.linspace(-1.0, 1.0, (width + 1) // 2)
        self.places: Tensor
        self.register_buffer("places", torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1).flatten(0, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        x = images.movedim(-1, 1).to(torch.float32) / 255.0 - 0.5
        for number, layer in enumerate(self.layers):
            x = layer(x) if number == len(self.layers) - 1 else torch.relu(layer(x))
        shares = torch.softmax(self.sharpness * x.flatten(2), dim=-1)  # (n, channels, places)
        return (shares @ self.places).flatten(1)


class Vit(nn.Module):
    """A small vision transformer: patches as tokens with a learned place, the first token put out (Dosovitskiy et al., "An Image is Worth 16x16 Words",
    ICLR 2021, §3.1)."""

    PATCH, LAYERS, HEADS = 8, 4, 4

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        if height % self.PATCH or width % self.PATCH:
            raise InvalidValue("the size of images for a vision transformer", (height, width), f"multiples of {self.PATCH} pixels")
        self.size = 96
        self.patches = nn.Conv2d(3, self.size, self.PATCH, stride=self.PATCH)
        count = (height // self.PATCH) * (width // self.PATCH)
        self.first = nn.Parameter(torch.zeros(1, 1, self.size))
        self.places = nn.Parameter(0.2 * torch.randn(1, count + 1, self.size))  # about as large as the tokens of patches
        layer = nn.TransformerEncoderLayer(self.size, self.HEADS, 2 * self.size, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, self.LAYERS, norm=nn.LayerNorm(self.size), enable_nested_tensor=False)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images.movedim(-1, 1).to(torch.float32) / 127.5 - 1.0).flatten(2).mT  # (n, patches, size)
        found: Tensor = self.layers(torch.cat([self.first.expand(len(tokens), -1, -1), tokens], dim=1) + self.places)
        return found[:, 0]


ENCODERS: dict[str, type[Cnn] | type[Vit]] = {"cnn": Cnn, "vit": Vit}
