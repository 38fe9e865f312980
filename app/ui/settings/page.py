"""The settings page. Every change is saved and takes effect at once; loading settings with the next load."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QLocale, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.settings import Generation, Loading, Look, Settings, Theme
from app.ui.messages import explain_error
from app.ui.parts import Parts
from app.ui.settings.fields import Number, Range, setting_row
from app.ui.settings.folders import FoldersSection
from app.ui.settings.network import NetworkSection, network_defaults
from app.ui.theme import SCALES
from app.ui.widgets.bar import MessageBar
from app.ui.widgets.choice import Choice

COLUMN_PX = 720
FILL = 10_000  # against a stretch of 1: takes the whole width up to its maximum
SAVE_AFTER_MS = 250


def _decimal(value: float) -> str:
    return QLocale().toString(value, "f", 2)


def _percent(value: float) -> str:
    return f"{round(value * 100)} %"


class SettingsPage(QScrollArea):
    """Look, replies, loading, data."""

    def __init__(self, parts: Parts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._waiting: list[Callable[[Settings], Settings]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)
        self.error_bar = MessageBar(self)
        self._make_fields()
        self._make_replies()
        self._make_loading()
        self._lay_out()
        self.show_settings(parts.settings.current)
        parts.settings.changed.connect(lambda _old, new: self.show_settings(new))

    def _make_fields(self) -> None:
        self.theme_choice = Choice(
            self.tr("Theme"),
            [
                (Theme.SYSTEM, self.tr("System")),
                (Theme.LIGHT, self.tr("Light")),
                (Theme.DARK, self.tr("Dark")),
            ],
        )
        self.theme_choice.chosen.connect(lambda key: self._set("look", theme=Theme(key)))
        self.scale_range = Range(self.tr("Text size"), (*SCALES, 0.1), _percent)
        self.scale_range.changed.connect(lambda value: self._set("look", text_scale=value))
        self.network = NetworkSection(self)
        self.network.forget_wanted.connect(self._forget_token)
        self.network.changed.connect(self._add_update)
        self.folders = FoldersSection(self._parts, self)
        self.reset_button = QPushButton(self.tr("Restore the defaults"), self)
        self.reset_button.clicked.connect(self._reset)
        self.folder_button = QPushButton(self.tr("Open the folder"), self)
        self.folder_button.clicked.connect(self._open_folder)

    def _make_replies(self) -> None:
        self.temperature_range = Range(self.tr("Temperature"), (0.0, 2.0, 0.05), _decimal)
        self.top_p_range = Range(self.tr("Top-p"), (0.05, 1.0, 0.05), _decimal)
        self.min_p_range = Range(self.tr("Min-p"), (0.0, 0.5, 0.01), _decimal)
        self.repeat_range = Range(self.tr("Repeat penalty"), (1.0, 1.5, 0.01), _decimal)
        self.top_k_number = Number(self.tr("Top-k"), (0, 1000), self.tr("Off"))
        self.length_number = Number(
            self.tr("Longest reply"), (0, 131_072), self.tr("Until it is done")
        )
        for field, name in (
            (self.temperature_range, "temperature"),
            (self.top_p_range, "top_p"),
            (self.min_p_range, "min_p"),
            (self.repeat_range, "repeat_penalty"),
        ):
            field.changed.connect(lambda value, name=name: self._set("generation", **{name: value}))
        self.top_k_number.chosen.connect(lambda value: self._set("generation", top_k=value))
        self.length_number.chosen.connect(lambda value: self._set("generation", max_tokens=value))
        self.prompt_edit = QPlainTextEdit(self)
        self.prompt_edit.setProperty("kind", "field")
        self.prompt_edit.setAccessibleName(self.tr("System prompt"))
        self.prompt_edit.setPlaceholderText(self.tr("For example: answer briefly."))
        self.prompt_edit.setTabChangesFocus(True)
        self.prompt_edit.setFixedHeight(96)
        self.prompt_edit.textChanged.connect(
            lambda: self._set("generation", system_prompt=self.prompt_edit.toPlainText())
        )

    def _make_loading(self) -> None:
        automatic = self.tr("Automatic")
        self.context_number = Number(self.tr("Context"), (0, 1_048_576), automatic)
        self.context_number.setSingleStep(1024)
        self.threads_number = Number(self.tr("Threads"), (0, 512), automatic)
        self.gpu_number = Number(self.tr("Layers on the GPU"), (-1, 999), automatic)
        self.kv_choice = Choice(
            self.tr("Memory of the context"),
            [
                ("f16", self.tr("16-bit")),
                ("q8_0", self.tr("8-bit")),
                ("q4_0", self.tr("4-bit")),
            ],
        )
        self.context_number.chosen.connect(lambda value: self._set("loading", context_length=value))
        self.threads_number.chosen.connect(lambda value: self._set("loading", threads=value))
        self.gpu_number.chosen.connect(lambda value: self._set("loading", gpu_layers=value))
        self.kv_choice.chosen.connect(lambda key: self._set("loading", kv_type=key))
        self.flash_choice = Choice(
            self.tr("Flash attention"),
            [("auto", automatic), ("on", self.tr("On")), ("off", self.tr("Off"))],
        )
        self.flash_choice.chosen.connect(lambda key: self._set("loading", flash_attention=key))
        self.load_button = QPushButton(self.tr("Load the model again"), self)
        self.load_button.clicked.connect(self._load_again)

    def _lay_out(self) -> None:
        body = QWidget(self)
        body.setObjectName("page")
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = QLabel(self.tr("Settings"))
        title.setProperty("type", "display")
        column.addWidget(title)
        column.addSpacing(8)
        column.addWidget(self.error_bar)
        own: list[QWidget] = [self.folders]
        for heading, rows in (
            (self.tr("Look"), self._look_rows()),
            (self.tr("Replies"), self._reply_rows()),
            (self.tr("Loading models"), self._loading_rows()),
            (self.tr("Folders with models"), own),
            (self.tr("Network and downloads"), self.network.rows()),
            (self.tr("Your data"), self._data_rows()),
        ):
            self._add_section(column, heading, rows)
        column.addStretch(1)
        inner = QWidget(body)
        inner.setLayout(column)
        inner.setMaximumWidth(COLUMN_PX)
        outer = QHBoxLayout(body)
        outer.setContentsMargins(32, 24, 32, 32)
        outer.addStretch(1)
        outer.addWidget(inner, FILL)
        outer.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _add_section(self, column: QVBoxLayout, heading: str, rows: list[QWidget]) -> None:
        column.addSpacing(24)
        label = QLabel(heading)
        label.setProperty("type", "title")
        column.addWidget(label)
        column.addSpacing(4)
        for place, row in enumerate(rows):
            if place:
                line = QFrame()
                line.setProperty("kind", "line")
                line.setFixedHeight(1)
                column.addWidget(line)
            column.addWidget(row)

    def _look_rows(self) -> list[QWidget]:
        return [
            setting_row(
                self.tr("Theme"),
                self.tr("Light, dark, or as the system has it."),
                self.theme_choice,
            ),
            setting_row(
                self.tr("Text size"), self.tr("Everything grows with it."), self.scale_range
            ),
        ]

    def _reply_rows(self) -> list[QWidget]:
        tr = self.tr
        told = [
            (
                tr("Temperature"),
                tr("0 always takes the likeliest word; more is livelier and less reliable."),
                self.temperature_range,
            ),
            (
                tr("Top-p"),
                tr("Only the likeliest words that together reach this share."),
                self.top_p_range,
            ),
            (
                tr("Min-p"),
                tr("Drops words far less likely than the best one."),
                self.min_p_range,
            ),
            (tr("Top-k"), tr("Only this many of the likeliest words."), self.top_k_number),
            (
                tr("Repeat penalty"),
                tr("Makes words that were just used less likely; 1.00 is off."),
                self.repeat_range,
            ),
            (
                tr("Longest reply"),
                tr("In tokens, about three quarters of a word each."),
                self.length_number,
            ),
            (
                tr("System prompt"),
                tr("Said to the model before every chat. The guide always answers its own way."),
                self.prompt_edit,
            ),
        ]
        return [setting_row(*row) for row in told]

    def _loading_rows(self) -> list[QWidget]:
        tr = self.tr
        told = [
            (
                tr("Context"),
                tr("Tokens the model can look back on. More takes more memory."),
                self.context_number,
            ),
            (
                tr("Threads"),
                tr("Automatic takes one for each core; more than that is slower."),
                self.threads_number,
            ),
            (
                tr("Layers on the GPU"),
                tr("Automatic puts there what fits."),
                self.gpu_number,
            ),
            (
                tr("Memory of the context"),
                tr("8-bit halves what the context takes, with hardly any loss."),
                self.kv_choice,
            ),
            (
                tr("Flash attention"),
                tr("On the processor it reads prompts faster and writes replies slower."),
                self.flash_choice,
            ),
            (
                tr("Use these settings now"),
                tr("Otherwise they take effect when a model is loaded next."),
                self.load_button,
            ),
        ]
        return [setting_row(*row) for row in told]

    def _data_rows(self) -> list[QWidget]:
        return [
            setting_row(
                self.tr("Where it is"),
                str(self._parts.services.paths.data_dir),
                self.folder_button,
            ),
            setting_row(
                self.tr("Start over"),
                self.tr("Chats, models and their folders stay."),
                self.reset_button,
            ),
        ]

    def show_settings(self, settings: Settings) -> None:
        """Show settings, unless a change of the person's still waits to be saved."""
        if self._waiting:
            return
        look, generation, loading = settings.look, settings.generation, settings.loading
        self.theme_choice.show_value(look.theme)
        self.scale_range.show_value(look.text_scale)
        self.network.show_settings(settings)
        self.temperature_range.show_value(generation.temperature)
        self.top_p_range.show_value(generation.top_p)
        self.min_p_range.show_value(generation.min_p)
        self.repeat_range.show_value(generation.repeat_penalty)
        self.top_k_number.show_value(generation.top_k)
        self.length_number.show_value(generation.max_tokens)
        if self.prompt_edit.toPlainText() != generation.system_prompt:
            self.prompt_edit.blockSignals(True)
            self.prompt_edit.setPlainText(generation.system_prompt)
            self.prompt_edit.blockSignals(False)
        self.context_number.show_value(loading.context_length)
        self.threads_number.show_value(loading.threads)
        self.gpu_number.show_value(loading.gpu_layers)
        self.kv_choice.show_value(loading.kv_type)
        self.flash_choice.show_value(loading.flash_attention)

    def leave(self) -> None:
        """Before the window closes: save what waits."""
        if self._waiting:
            self._save()

    def _set(self, branch: str, **values: Any) -> None:  # noqa: ANN401 - fields of the branch
        def update(settings: Settings) -> Settings:
            changed = dataclasses.replace(getattr(settings, branch), **values)
            return dataclasses.replace(settings, **{branch: changed})

        self._add_update(update)

    def _add_update(self, update: Callable[[Settings], Settings]) -> None:
        self._waiting.append(update)
        self._timer.start()

    def _save(self) -> None:
        updates, self._waiting = self._waiting, []

        def apply(settings: Settings) -> Settings:
            for update in updates:
                settings = update(settings)
            return settings

        task = self._parts.settings.change(apply)
        task.failed.connect(self._on_failed)
        task.done.connect(lambda _nothing: self.error_bar.hide())

    def _on_failed(self, error: object) -> None:
        told = explain_error(error)
        self.error_bar.show_message("error", told.title, told.sentence)
        self.show_settings(self._parts.settings.current)

    def _reset(self) -> None:
        def defaults(settings: Settings) -> Settings:
            return dataclasses.replace(
                network_defaults(settings), look=Look(), generation=Generation(), loading=Loading()
            )

        self._waiting.append(defaults)
        self._save()

    def _load_again(self) -> None:
        if self._waiting:
            self._save()
        models = self._parts.models
        task = self._parts.settings.change(lambda settings: settings)
        task.done.connect(lambda _nothing: models.start(models.info.path if models.info else None))

    def _forget_token(self) -> None:
        task = self._parts.settings.forget_token()
        task.done.connect(lambda _nothing: self.network.show_forgotten())
        task.failed.connect(self._on_failed)

    def _open_folder(self) -> None:
        folder = str(self._parts.services.paths.data_dir)
        QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
