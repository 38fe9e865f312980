"""Words for people about models: sizes, abilities, licences, where a file is from, why it cannot be used."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.core.models.catalog_entries import Ability, Licence, LicenceKind
from app.core.models.download_types import DownloadState, DownloadStatus
from app.core.models.header_facts import ModelStatus
from app.core.models.library import LibraryModel
from app.core.models.places import Source
from app.core.models.transfer_types import TransferState
from app.ui.messages import number, size

SECONDS_PER_HOUR = 3600


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("models", text)


def context_text(tokens: int | None) -> str:
    """A context length; empty if unknown."""
    return tr("{count} tokens of context").format(count=number(tokens)) if tokens else ""


def ability_word(ability: Ability) -> str:
    """One word for an ability."""
    return {
        Ability.CHAT: tr("chat"),
        Ability.CODE: tr("code"),
        Ability.REASONING: tr("reasoning"),
        Ability.VISION: tr("pictures"),
        Ability.AUDIO: tr("sound"),
        Ability.TOOLS: tr("tools"),
        Ability.TRANSLATION: tr("translation"),
        Ability.EMBEDDING: tr("embedding"),
    }[ability]


def licence_word(kind: LicenceKind) -> str:
    """How free a kind of licence is, in a few words."""
    return {
        LicenceKind.OPEN: tr("free for every use"),
        LicenceKind.TERMS: tr("free with conditions"),
        LicenceKind.NON_COMMERCIAL: tr("not for business"),
    }[kind]


def licence_line(licence: Licence) -> str:
    """The licence and what it allows."""
    allowed = [
        tr("use at work") if licence.commercial else "",
        tr("change") if licence.change else "",
        tr("share") if licence.share else "",
    ]
    words = tr("You may: {list}.").format(list=", ".join(part for part in allowed if part))
    return " ".join(part for part in (f"{licence.name}.", words, licence.conditions) if part)


def shown_name(model: LibraryModel) -> str:
    """What people call a model on this computer."""
    return tr("Nibble Guide") if model.source is Source.GUIDE else model.name


def source_word(source: Source) -> str:
    """Whose file it is."""
    return {
        Source.GUIDE: tr("built in"),
        Source.NIBBLE: tr("Nibble"),
        Source.FOLDER: tr("your folder"),
        Source.HUGGING_FACE: tr("Hugging Face cache"),
        Source.LLAMA_CPP: "llama.cpp",
        Source.OLLAMA: "Ollama",
        Source.LM_STUDIO: "LM Studio",
        Source.JAN: "Jan",
        Source.GPT4ALL: "GPT4All",
    }[source]


def status_word(status: ModelStatus) -> str:
    """Why a model cannot be used, in a word; empty if it can."""
    return {
        ModelStatus.OK: "",
        ModelStatus.INCOMPLETE: tr("incomplete"),
        ModelStatus.BROKEN: tr("damaged"),
        ModelStatus.UNSUPPORTED: tr("not supported"),
        ModelStatus.UNREADABLE: tr("cannot be read"),
    }[status]


def duration_text(seconds: float) -> str:
    """A time left, rounded to what people need."""
    whole = max(1, round(seconds))
    if whole < 60:
        return tr("{count} s").format(count=whole)
    if whole < SECONDS_PER_HOUR:
        return tr("{count} min").format(count=round(whole / 60))
    hours, rest = divmod(round(whole / 60), 60)
    return tr("{hours} h {minutes} min").format(hours=hours, minutes=rest)


def download_line(status: DownloadStatus) -> str:
    """Where a download stands, in one line."""
    amount = tr("{done} of {total}").format(
        done=size(status.done_bytes), total=size(status.size_bytes)
    )
    words = {
        DownloadState.QUEUED: tr("waits for its turn"),
        DownloadState.PAUSED: tr("paused"),
        DownloadState.FAILED: tr("stopped"),
        DownloadState.DONE: tr("done, checked"),
    }
    if status.state is DownloadState.DONE:
        return " · ".join((size(status.size_bytes), words[status.state]))
    if status.state is DownloadState.WAITING:
        wait = tr("tries again in {time}").format(time=duration_text(status.wait_s))
        return " · ".join((amount, wait if status.wait_s else tr("tries again")))
    if status.state is not DownloadState.RUNNING:
        return " · ".join((amount, words[status.state]))
    return " · ".join((amount, *_running(status)))


def _running(status: DownloadStatus) -> list[str]:
    if status.detail is TransferState.CHECKING:
        return [tr("asking the hub")]
    if status.detail is TransferState.VERIFYING:
        return [tr("checking the bytes")]
    if status.detail is TransferState.WAITING:
        return [tr("the connection is gone, trying again")]
    parts = []
    if status.bytes_per_s > 0:
        parts.append(tr("{size}/s").format(size=size(status.bytes_per_s)))
    if status.eta_s is not None:
        parts.append(tr("{time} left").format(time=duration_text(status.eta_s)))
    return parts or [tr("starting")]


def short(text: str, length: int = 60) -> str:
    """A text that fits into one line of a message."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
