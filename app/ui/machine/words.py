"""Words about a computer: what is unknown and why, where numbers come from, purposes and ranks."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QLocale

from app.core.advice.results import BuildAdvice, Fit, Purpose, Rank
from app.core.hardware.machine import Bandwidth, BandwidthSource
from app.ui.messages import size

GIGA = 1e9
_MARKS = re.compile(
    r"\((?:R|TM|C)\)|\bCPU\b|@.*$|\b\d+-Core Processor\b|\bProcessor\b", re.IGNORECASE
)


def tr(text: str) -> str:
    """``text`` in the person's language."""
    return QCoreApplication.translate("machine", text)


def short_name(name: str) -> str:
    """A processor's name without trade marks, clock and other repetition."""
    return " ".join(_MARKS.sub(" ", name).split()) or name


def why_unknown(reason: str) -> str:
    """Why a fact is not known, as the end of a sentence."""
    words = {
        "no-driver": tr("no driver for it is installed"),
        "driver-refuses": tr("the driver refuses to answer"),
        "driver-crash": tr("the driver crashed when it was asked"),
        "timeout": tr("the driver did not answer in time"),
        "not-supported": tr("this system does not tell"),
        "unreadable": tr("it cannot be read"),
        "child-does-not-start": tr("the part of Nibble that asks did not start"),
    }
    return words.get(reason.partition(":")[0], reason)


def rate(bytes_per_s: float) -> str:
    """Bytes a second: "21.4 GB/s", "350 MB/s"."""
    if bytes_per_s < GIGA:
        return tr("{size}/s").format(size=size(bytes_per_s))
    digits = 0 if bytes_per_s >= 100 * GIGA else 1
    return tr("{count} GB/s").format(count=QLocale().toString(bytes_per_s / GIGA, "f", digits))


def speed_text(tokens_per_s: float) -> str:
    """Tokens a second, as exact as an estimate deserves."""
    return QLocale().toString(tokens_per_s, "f", 0 if tokens_per_s >= 10 else 1)


def bandwidth_words(bandwidth: Bandwidth) -> str:
    """Where a bandwidth comes from."""
    return {
        BandwidthSource.MEASURED: tr("measured here"),
        BandwidthSource.NOMINAL: tr("from its data sheet"),
        BandwidthSource.ESTIMATED: tr("estimated"),
    }[bandwidth.source]


def purpose_word(purpose: Purpose) -> str:
    """What a model is wanted for."""
    return {
        Purpose.CHAT: tr("Chat"),
        Purpose.CODE: tr("Code"),
        Purpose.REASONING: tr("Reasoning"),
        Purpose.BATTERY: tr("On battery"),
    }[purpose]


def rank_word(rank: Rank) -> str:
    """What a recommended model is best at."""
    return {
        Rank.FAST: tr("Fast"),
        Rank.BALANCED: tr("Balanced"),
        Rank.BEST: tr("Best answers"),
    }[rank]


def fit_word(fit: Fit) -> str:
    """How something fits, in a word."""
    return {
        Fit.EASILY: tr("easily"),
        Fit.YES: tr("yes"),
        Fit.TIGHT: tr("tight"),
        Fit.NO: tr("no"),
    }[fit]


def billions(parameters: int) -> str:
    """A size of model: "8B"."""
    return tr("{count}B").format(count=QLocale().toString(parameters / GIGA, "g", 3))


def brief_size(size_bytes: int) -> str:
    """A size for narrow places: no decimals from 10 GB on."""
    digits = 0 if size_bytes >= 10 * GIGA else 1
    form = QLocale.DataSizeFormat.DataSizeSIFormat
    return QLocale().formattedDataSize(size_bytes, digits, form)


def second_line(advice: BuildAdvice) -> str:
    """What matters most about a build: its speed, or what it lacks."""
    if advice.fit is Fit.NO:
        return tr("{size} short").format(size=brief_size(max(0, -advice.spare_bytes)))
    if advice.speed is None:
        return ""
    return tr("~ {speed}/s").format(speed=speed_text(advice.speed.middle))
