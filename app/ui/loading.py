"""The model in use: loading it on a worker with progress and cancel, and what to show when that fails."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

from app.core.cancel import CancelToken
from app.core.engine.base import Engine, KvType, LoadOptions, ModelInfo, Switch
from app.core.errors import AppError, ErrorCode
from app.core.paths import guide_path
from app.core.settings import Loading
from app.ui.messages import Action, Explanation, explain_error
from app.ui.state import SettingsLink, StateKeeper
from app.ui.tasks import Lane, Task, TaskRunner


def guide_label() -> str:
    """What the guide is, in the words used everywhere."""
    return QCoreApplication.translate(
        "models", "Nibble Guide: a tiny built-in model that knows quantization and this app"
    )


def display_name(info: ModelInfo) -> str:
    """The name of a loaded model for people."""
    if info.path == guide_path():
        return QCoreApplication.translate("models", "Nibble Guide")
    return info.name.strip() or info.path.stem


def bits_label(file_type: str) -> str:
    """Name the width of a file type: "4-bit" for "Q4_K_M"; the file type itself where no width is in it."""
    found = re.search(r"(?:IQ|TQ|Q|BF|F|FP|MXFP)(\d+)", file_type.upper())
    if found is None:
        return file_type
    return QCoreApplication.translate("models", "{bits}-bit").format(bits=found.group(1))


@dataclasses.dataclass(frozen=True)
class Change:
    """What is loaded otherwise than the settings say: tokens of context (0: as set), type of the cache, layers on the GPU."""

    context_length: int = 0
    kv_type: str = ""
    gpu_layers: int | None = None

    @classmethod
    def of(cls, told: Explanation) -> Change:
        """What a message offers."""
        if told.action is Action.SMALLER_CACHE:
            return cls(kv_type=told.kv_type)
        if told.action is Action.FEWER_LAYERS:
            return cls(gpu_layers=told.gpu_layers)
        return cls(context_length=told.context_tokens)


AS_SET = Change()


def load_options(loading: Loading, change: Change = AS_SET) -> LoadOptions:
    """The engine's options for the person's settings and a change to them."""
    layers = loading.gpu_layers if change.gpu_layers is None else change.gpu_layers
    return LoadOptions(
        context_length=change.context_length or loading.context_length,
        threads=loading.threads,
        gpu_layers=layers,
        kv_type=KvType(change.kv_type or loading.kv_type),
        flash_attention=Switch(loading.flash_attention),
    )


@dataclasses.dataclass(frozen=True)
class LoadFailure:
    """A load that did not work: the file, what to say, and the file that helps instead (a split model's first part)."""

    path: Path
    explanation: Explanation
    first_part: Path | None = None


class ModelLoader(QObject):
    """Loads one model at a time; the one before stays in use until the new one is there.

    Signals:
        changed: `loading_path`, `info` or `failure` changed.
        progressed: 0 to 1.
        loaded: a `ModelInfo`.
    """

    changed = Signal()
    progressed = Signal(float)
    loaded = Signal(object)
    _progress_told = Signal(int, float)

    def __init__(
        self,
        engine: Engine,
        settings: SettingsLink,
        state: StateKeeper,
        tasks: TaskRunner,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._settings = settings
        self._state = state
        self._tasks = tasks
        self._task: Task | None = None
        self._serial = 0
        self._loading: Path | None = None
        self.info: ModelInfo | None = None
        self.failure: LoadFailure | None = None
        self._progress_told.connect(self._on_progress)

    @property
    def loading_path(self) -> Path | None:
        """The file that is being loaded."""
        return self._loading

    @property
    def ready(self) -> bool:
        """Whether a reply can start now."""
        return self.info is not None and self._loading is None

    def start(self, path: Path | None = None) -> None:
        """Load the first model of this run: ``path``, else the one used last, else the guide."""
        last = self._settings.current.last_model
        self.load(path or (Path(last) if last else guide_path()))

    def load_guide(self) -> None:
        """Load the guide."""
        self.load(guide_path())

    def load(self, path: Path, change: Change = AS_SET, *, keep_failure: bool = False) -> None:
        """Load ``path``, instead of whatever is being loaded now.

        Args:
            path: a GGUF file.
            change: what differs from the settings.
            keep_failure: leave the last failure on show (used to bring back the model before).
        """
        if self._task is not None:
            self._task.cancel()
        if not keep_failure:
            self.failure = None
        self._loading = path
        options = load_options(self._settings.current.loading, change)
        self._serial += 1
        serial = self._serial

        def work(cancel: CancelToken) -> ModelInfo:
            return self._engine.load(
                path, options, cancel, lambda part: self._progress_told.emit(serial, part)
            )

        task = self._tasks.start(Lane.ENGINE, work)
        self._task = task
        task.done.connect(lambda info: self._on_done(task, info))
        task.failed.connect(lambda error: self._on_failed(task, path, error))
        task.cancelled.connect(lambda: self._on_cancelled(task))
        self.changed.emit()

    def cancel(self) -> None:
        """Stop loading; the model before is used again."""
        if self._task is not None:
            self._task.cancel()

    def load_as_fits(self) -> None:
        """Load the file that failed once more, with the settings that fit."""
        if self.failure is not None:
            self.load(self.failure.path, Change.of(self.failure.explanation))

    def dismiss_failure(self) -> None:
        """Forget the failure on show."""
        self.failure = None
        self.changed.emit()

    def _on_progress(self, serial: int, part: float) -> None:
        if serial == self._serial and self._task is not None:
            self.progressed.emit(part)

    def _on_done(self, task: Task, info: ModelInfo) -> None:
        if task is not self._task:
            return
        self._end()
        self.info = info
        is_guide = info.path == guide_path()
        if not is_guide:
            self._state.change(self._state.current.with_recent(info.path))
        if self.failure is None:
            last = "" if is_guide else str(info.path)
            if self._settings.current.last_model != last:
                self._settings.change(lambda old: dataclasses.replace(old, last_model=last))
        self.changed.emit()
        self.loaded.emit(info)

    def _on_failed(self, task: Task, path: Path, error: object) -> None:
        if task is not self._task:
            return
        self._end()
        first = None
        if isinstance(error, AppError) and error.code is ErrorCode.GGUF_SPLIT_PART:
            first = Path(str(error.facts["first"])) if error.facts.get("first") else None
        if self.failure is None or path != guide_path():
            self.failure = LoadFailure(path, explain_error(error), first)
        self._bring_back(path)

    def _on_cancelled(self, task: Task) -> None:
        if task is self._task:
            path = self._loading
            self._end()
            self._bring_back(path)

    def _bring_back(self, failed: Path | None) -> None:
        """Use the model before again; without one, the guide."""
        before = self.info.path if self.info else guide_path()
        if self._engine.model is not None or failed == before:
            self.info = self._engine.model
            self.changed.emit()
        else:
            self.load(before, keep_failure=True)

    def _end(self) -> None:
        self._task = None
        self._loading = None
