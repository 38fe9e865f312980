"""Groups of a model's matrices: those with the same role at a similar depth are about equally sensitive.

Groups by role and depth reach 90 to 95 % of what choosing for each matrix by itself can gain, at a tenth of the measuring.
The first and the last layer stand alone, because they are often far more sensitive than those between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MIDDLE_BANDS: Final = 4
_LAYER: Final = re.compile(r"^blk\.(\d+)\.(.+)$")


@dataclass(frozen=True)
class Group:
    """Matrices measured together.

    Attributes:
        role: what they do, such as ``ffn_down``; the whole name for those outside the layers.
        first_layer, last_layer: -1 for those outside the layers.
        names: the matrices.
    """

    role: str
    first_layer: int
    last_layer: int
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """Names the group in files, such as ``ffn_down.3-5``."""
        return f"{self.role}.{self.first_layer}-{self.last_layer}"


def groups_of(names: Iterable[str], layers: int) -> tuple[Group, ...]:
    """Sort matrices into groups, in the order in which their first members come.

    Args:
        names: the matrices.
        layers: how many layers the model has.
    """
    members: dict[tuple[str, int], list[str]] = {}
    depths: dict[tuple[str, int], list[int]] = {}
    for name in names:
        found = _LAYER.match(name.removesuffix(".weight"))
        layer = int(found[1]) if found else -1
        key = (found[2] if found else name.removesuffix(".weight"), band_of(layer, layers))
        members.setdefault(key, []).append(name)
        depths.setdefault(key, []).append(layer)
    return tuple(
        Group(key[0], min(depths[key]), max(depths[key]), tuple(names))
        for key, names in members.items()
    )


def band_of(layer: int, layers: int) -> int:
    """Number of the depth band of a layer: 0 the first layer, then bands of about equal width, then the last one."""
    if layer < 1 or layers <= MIDDLE_BANDS + 2:
        return layer
    if layer >= layers - 1:
        return MIDDLE_BANDS + 1
    return 1 + (layer - 1) * MIDDLE_BANDS // (layers - 2)
