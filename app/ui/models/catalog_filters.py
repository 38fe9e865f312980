"""The filters above the catalog."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from app.core.models.catalog import Ability, CatalogQuery, LicenceKind
from app.ui.models.browse import FilterBar
from app.ui.models.size_button import SizeButton
from app.ui.models.words import ability_word, licence_word, tr
from app.ui.widgets.menu_button import MenuButton


class CatalogFilters(FilterBar):
    """Text, fit, size, ability, licence."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Search the catalog"), tr("Search the catalog"), parent)
        self.search_field.textChanged.connect(self.changed)
        self.fits_button = QPushButton(tr("Fits this computer"), self)
        self.fits_button.setCheckable(True)
        self.fits_button.toggled.connect(self.changed)
        self.size_button = SizeButton(self)
        abilities = [(ability.value, ability_word(ability)) for ability in Ability]
        self.ability_button = MenuButton(tr("Ability"), [("", tr("Any ability")), *abilities], self)
        kinds = [(kind.value, licence_word(kind)) for kind in LicenceKind]
        self.licence_button = MenuButton(tr("Licence"), [("", tr("Any licence")), *kinds], self)
        for button in (self.size_button, self.ability_button, self.licence_button):
            button.chosen.connect(self.changed)
        self.lay_out(self.fits_button, self.size_button, self.ability_button, self.licence_button)

    @property
    def fits_only(self) -> bool:
        """Whether only models are wanted that fit this computer."""
        return self.fits_button.isChecked()

    @property
    def query(self) -> CatalogQuery:
        """What is wanted, but for the fit."""
        least, most = self.size_button.bounds
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
