"""A window on the fake engine, and the texts that the pictures show."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QSize, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.context import Context
from app.core.engine.base import FinishReason, LoadOptions, ModelInfo, ReplyStats
from app.core.engine.fake import FakeEngine, FakeReply
from app.core.paths import Paths, guide_path
from app.core.settings import Look, SettingsStore
from app.ui import start
from app.ui.main_window import MainWindow

TIMEOUT_S = 40
FILE_NAME = re.compile(r"(?P<name>.+)-(?P<type>[A-Z]+\d\w*)")
QUESTION = "Which build of an 8B model should I take with 8 GB of memory, and what do I lose?"
MODEL = Path("Qwen3-4B-Instruct-Q4_K_M.gguf")
ANSWER = """A build with about **4.8 bits per weight** (`Q4_K_M`) is the usual choice: it takes some 4.9 GB \
and leaves room for the context and everything else that runs.

| Build | Size | Quality |
| :-- | --: | :-- |
| Q8_0 | 8.5 GB | like the original |
| Q5_K_M | 5.7 GB | hardly any loss |
| Q4_K_M | 4.9 GB | very good |
| Q2_K | 3.2 GB | clearly worse |

What you lose, roughly:

1. Rare facts and names go first.
2. Long chains of reasoning break a little earlier.
3. Plain conversation stays as it was.

You can see the difference yourself:

```python
def bits_per_weight(size_bytes: int, parameters: int) -> float:
    \"\"\"Average storage per weight, in bits.\"\"\"
    return size_bytes * 8 / parameters
```

> A smaller model with more bits often loses against a bigger one with fewer.
"""
README_ANSWER = """Take the one with about **4.8 bits per weight**, `Q4_K_M`. It fills 4.9 GB and leaves room for the \
context and for everything else that runs:

| Build | Size | Quality |
| :-- | --: | :-- |
| Q8_0 | 8.5 GB | like the original, but too big here |
| Q5_K_M | 5.7 GB | hardly any loss, tight |
| **Q4_K_M** | **4.9 GB** | **very good, fits well** |
| Q2_K | 3.2 GB | clearly worse |

What you lose, roughly:

- Rare facts and names go first.
- Long chains of reasoning break a little earlier.
- Plain conversation stays as it was.

> A bigger model with fewer bits usually beats a smaller one with more.
"""
THOUGHT = "<think>The person asks for a poem. Four lines will do.</think>"
POEM = "Four bits to a weight,\nand still it remembers rain:\nsmall numbers, rounded,\nfalling like the same again."
TITLES = (
    ("Trip to Oslo", 0),
    ("SQL question", 0),
    ("A letter to the landlord", 1),
    ("Names for a cat", 1),
    ("Why is the sky blue at noon and red in the evening?", 4),
    ("Sourdough, day three", 5),
    ("Rust lifetimes", 20),
    ("Gift ideas", 33),
    ("Chess openings for beginners", 40),
)


def wait(condition: Callable[[], object], timeout_s: float = TIMEOUT_S) -> None:
    """Run the event loop until the condition holds."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the window did not get there")
        pause(15)


def pause(time_ms: int) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(time_ms, loop.quit)
    loop.exec()


class StageEngine(FakeEngine):
    """The fake engine with facts that real models of these names have, and numbers that a laptop reaches."""

    def _pretend(self, path: Path, options: LoadOptions) -> ModelInfo:
        made = super()._pretend(path, options)
        if path == guide_path():
            return replace(made, file_type="F16")
        found = FILE_NAME.fullmatch(path.stem)
        if found is None:
            return made
        return replace(made, name=found["name"].replace("-", " "), file_type=found["type"])


def believable(text: str) -> ReplyStats:
    """The numbers of a reply as a laptop would give them: about four characters to a token."""
    tokens = max(len(text) // 4, 2)
    return ReplyStats(38, 0, tokens, 0.42, 18.4 - tokens / 400, 92.0, FinishReason.END)


class Stage:
    """One window in a home of its own.

    Args:
        home: an empty folder.
        look: theme and text size.
        size: of the window.

    ``closing`` ends what a picture needs besides the window.
    """

    def __init__(self, home: Path, look: Look, size: QSize) -> None:
        self.closing = ExitStack()
        self.paths = Paths(home)
        self.paths.create()
        settings = SettingsStore(self.paths.settings_file)
        settings.change(replace(settings.current, look=look))
        self.engine = StageEngine()
        context = Context(self.paths, settings, self.engine)
        self.store = context.store
        self.fill_list()
        self.parts = start.make_parts(context, start.make_application())
        self.window = MainWindow(self.parts)
        self.window.resize(size)
        self.view = self.window.chat_page.view
        self.turns = self.window.chat_page.turns

    def fill_list(self) -> None:
        """Conversations of the last weeks."""
        now = time.time()
        for title, age_days in reversed(TITLES):
            self.store._db.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at) VALUES (?, ?, ?, ?)",
                (title, title, now - age_days * 86_400, now - age_days * 86_400 - 60),
            )

    def begin(self) -> None:
        """Show the window and wait for the model and the list."""
        self.window.show()
        start.begin(self.window)
        wait(lambda: self.parts.models.ready and self.parts.tasks.idle)

    def say(self, text: str, *chunks: str, **options: object) -> None:
        """Say something; the scripted reply begins."""
        options.setdefault("stats", believable("".join(chunks)))
        self.engine.replies = [FakeReply(chunks, **options)]
        self.view.composer.edit.setPlainText(text)
        self.view.composer.send_button.click()

    def ask(self, text: str, *chunks: str, **options: object) -> None:
        """Say something and wait for the whole reply."""
        before = len(self.view.path.messages)
        self.say(text, *chunks, **{"prompt_delay_s": 0.12, **options})
        wait(lambda: len(self.view.path.messages) >= before + 2 and self.turns.live is None)
        wait(lambda: self.parts.tasks.idle)

    def save(self, path: Path) -> None:
        """A picture of the window as it is."""
        pause(450)
        self.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888).save(
            str(path), "PNG", 0
        )

    def close(self) -> None:
        """End the window and everything behind it."""
        self.window.close()
        start.close_down(self.parts)
        self.closing.close()
        self.window.deleteLater()
        self.parts.owner.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
