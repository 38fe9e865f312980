"""The picture of which tensors of a model have which type, from a file's header or from a plan."""

from __future__ import annotations

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QWidget

from app.core.models.details import TensorMap
from app.core.models.llama_facts import TENSOR_TYPES
from app.ui.models.words import tr
from app.ui.widgets.tensor_picture import PictureRow, TensorPicture

TYPE_BITS = {kind.name: kind.block_bytes * 8 / kind.block_values for kind in TENSOR_TYPES.values()}


class MixPicture(TensorPicture):
    """A `TensorPicture` of a model.

    Args:
        origin: a sentence that says where the types come from.
        parent: owner.
    """

    def __init__(self, origin: str, parent: QWidget) -> None:
        super().__init__(lambda *cell: f"{cell_words(*cell)} {origin}", parent)

    def show_mix(self, mix: TensorMap, spoken: str = "") -> None:
        """Show a mix; ``spoken`` adds to what assistive technology says."""
        rows = [PictureRow(row.kind, row.types) for row in mix.rows]
        rows += [PictureRow(name.removesuffix(".weight"), (kind,)) for name, kind in mix.outside]
        name = tr("Storage types by tensor and layer")
        self.set_rows(rows, TYPE_BITS, f"{name}. {spoken}" if spoken else name)


def cell_words(name: str, layer: int, kind: str) -> str:
    """The sentence on hover over a cell of the picture."""
    bits = QLocale().toString(TYPE_BITS.get(kind, 0.0), "g", 3)
    words = tr("{name}, layer {layer}: {kind}, {bits} bits a weight.")
    return words.format(name=name, layer=layer, kind=kind, bits=bits)
