"""English words for the terminal and the reports; the window has its own, translatable ones."""

from __future__ import annotations

from typing import Final

from app.core.advice.results import QualityWord
from app.core.compare.results import Note, NoteCode, Step

QUALITIES: Final = {
    QualityWord.LIKE_ORIGINAL: "like the reference",
    QualityWord.VERY_GOOD: "very near to it",
    QualityWord.VISIBLE: "visible loss",
    QualityWord.WEAK: "clearly worse",
    QualityWord.BROKEN: "broken",
}
STEPS: Final = {
    Step.ANSWERS: "answers",
    Step.SPEED: "speed",
    Step.QUALITY: "quality",
    Step.TASKS: "questions",
}
_NOTES: Final = {
    NoteCode.BUSY: "other programs kept {cores} cores busy while the speed was measured",
    NoteCode.ON_BATTERY: "the speed was measured on battery",
    NoteCode.SAFE_KERNELS: "measured without the fastest kernels, which do not work on this processor",
    NoteCode.SHORT_TEXT: "only {positions} positions were scored: the quality is a rough figure",
    NoteCode.OTHER_VOCABULARY: "it cuts text into other tokens than the reference, so quality cannot be compared",
    NoteCode.REFERENCE_QUANTIZED: "the reference has {bits} bits a weight itself: losses are against that, not against "
    "the original",
    NoteCode.FAILED: "{step} could not be measured: {code}",
    NoteCode.NO_TEMPLATE: "the file has no chat template; a plain one was used",
}


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "unknown"


def note_text(note: Note) -> str:
    """A note as a sentence."""
    step = STEPS[note.step] if note.step else "a part"
    facts = _Facts({"step": step, **note.facts})
    reason = note.facts.get("reason")
    tail = f" ({reason})" if note.code is NoteCode.FAILED and reason else ""
    return _NOTES[note.code].format_map(facts) + tail
