"""The filters above the catalog."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.core.models.catalog import Ability, CatalogQuery, LicenceKind
from app.ui.models.words import ability_word, licence_word, tr
from app.ui.widgets.menu_button import MenuButton

SIZES = {
    "": (0, 0),
    "tiny": (0, 2_000_000_000),
    "small": (2_000_000_000, 10_000_000_000),
    "medium": (10_000_000_000, 40_000_000_000),
    "large": (40_000_000_000, 0),
}


class CatalogFilters(QWidget):
    """Text, fit, size, ability, licence.

    Signals:
        changed: another choice was made.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.search_field = QLineEdit(self)
        self.search_field.setPlaceholderText(tr("Search the catalog"))
        self.search_field.setAccessibleName(tr("Search the catalog"))
        self.search_field.setClearButtonEnabled(True)
        self.search_field.textChanged.connect(self.changed)
        self.fits_button = QPushButton(tr("Fits this computer"), self)
        self.fits_button.setCheckable(True)
        self.fits_button.toggled.connect(self.changed)
        self.size_button = MenuButton(
            tr("Size"),
            [
                ("", tr("Any size")),
                ("tiny", tr("Up to 2B")),
                ("small", tr("2B to 10B")),
                ("medium", tr("10B to 40B")),
                ("large", tr("Over 40B")),
            ],
            self,
        )
        abilities = [(ability.value, ability_word(ability)) for ability in Ability]
        self.ability_button = MenuButton(tr("Ability"), [("", tr("Any ability")), *abilities], self)
        kinds = [(kind.value, licence_word(kind)) for kind in LicenceKind]
        self.licence_button = MenuButton(tr("Licence"), [("", tr("Any licence")), *kinds], self)
        for button in (self.size_button, self.ability_button, self.licence_button):
            button.chosen.connect(self.changed)
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        grid.addWidget(self.fits_button, 0, 0)
        grid.addWidget(self.size_button, 0, 1)
        grid.addWidget(self.ability_button, 1, 0)
        grid.addWidget(self.licence_button, 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        column.addWidget(self.search_field)
        column.addLayout(grid)

    @property
    def fits_only(self) -> bool:
        """Whether only models are wanted that fit this computer."""
        return self.fits_button.isChecked()

    @property
    def query(self) -> CatalogQuery:
        """What is wanted, but for the fit."""
        least, most = SIZES[self.size_button.key]
        ability, kind = self.ability_button.key, self.licence_button.key
        return CatalogQuery(
            text=self.search_field.text(),
            abilities=frozenset({Ability(ability)}) if ability else frozenset(),
            licences=frozenset({LicenceKind(kind)}) if kind else frozenset(),
            min_parameters=least,
            max_parameters=most,
        )

    def clear(self) -> None:
        """Take every condition away."""
        self.blockSignals(True)
        self.search_field.clear()
        self.fits_button.setChecked(False)
        for button in (self.size_button, self.ability_button, self.licence_button):
            button.show_value("")
        self.blockSignals(False)
        self.changed.emit()
