"""Unexpected exceptions end in a dialog, without chat text."""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from PySide6.QtCore import qWarning
from PySide6.QtGui import QGuiApplication

from app.core.errors import AppError, ErrorCode
from app.core.report import trace_of, versions
from app.ui.crash import CrashHook
from app.ui.crash_dialog import crash_details


@pytest.fixture
def hook(qapp):
    made = CrashHook()
    made.install()
    yield made
    made.uninstall()
    if made.dialog is not None:
        made.dialog.close()
    made.deleteLater()


def caught(error):
    try:
        raise error
    except type(error) as raised:
        return raised


@pytest.mark.expects_log
@pytest.mark.qt_log_ignore("This plugin does not support")
def test_an_exception_shows_a_dialog_with_details_to_copy(hook, qtbot):
    error = caught(ValueError("my secret diary"))
    sys.excepthook(type(error), error, error.__traceback__)
    qtbot.waitUntil(lambda: hook.dialog is not None)
    assert hook.dialog.isVisible()
    hook.dialog.copy()
    details = QGuiApplication.clipboard().text()
    assert "ValueError" in details
    assert "test_crash.py" in details
    assert "Nibble: " in details
    assert "Python: " in details
    assert "secret" not in details
    first = hook.dialog
    sys.excepthook(type(error), error, error.__traceback__)
    assert hook.dialog is first
    first.close()
    qtbot.waitUntil(lambda: hook.dialog is None)


@pytest.mark.expects_log
@pytest.mark.qt_log_ignore("This plugin does not support")
def test_an_exception_on_a_thread_is_shown_too(hook, qtbot):
    def work():
        raise ValueError("on a thread")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: hook.dialog is not None)


@pytest.mark.expects_log
def test_messages_of_qt_go_to_the_log(hook, caplog):
    with caplog.at_level(logging.WARNING, "app.ui.crash"):
        qWarning("odd thing")
    assert "odd thing" in caplog.text


def test_the_hooks_are_given_back(qapp):
    before = (sys.excepthook, threading.excepthook)
    hook = CrashHook()
    hook.install()
    assert sys.excepthook != before[0]
    hook.uninstall()
    assert (sys.excepthook, threading.excepthook) == before
    hook.deleteLater()


def test_only_harmless_messages_are_repeated():
    assert "what I wrote" not in trace_of(caught(ValueError("what I wrote")))
    assert "no-model" in trace_of(caught(AppError(ErrorCode.NO_MODEL)))
    assert "has no attribute" in trace_of(caught(AttributeError("x has no attribute y")))


def test_details_name_places_without_the_persons_folders():
    details = crash_details(caught(KeyError("diary")))
    assert "/home" not in details.split("\n\n")[0]
    assert "diary" not in details
    assert versions()["Nibble"] in details
