"""Tells loggers what a person is told of a training: a logger that fails is switched off, and never stops the run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netspec.train.loggers.protocol import Logger, Training
from netspec.train.loggers.shelf import explain
from netspec.train.metrics_log import Record
from netspec.train.progress import Reporter

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result


class LoggedReporter:
    """A reporter that tells loggers besides; `training` is what they know, but for the steps."""

    def __init__(self, inner: Reporter, loggers: Mapping[str, Logger], training: Training) -> None:
        self._inner = inner
        self._loggers = dict(loggers)
        self._training = training
        self._before = sys.exception()

    def begin(self, name: str, step: int, total: int) -> None:
        self._inner.begin(name, step, total)
        training = replace(self._training, name=name, step=step, total=total)
        self._tell(lambda logger: logger.begin(training))

    def note(self, text: str) -> None:
        self._inner.note(text)

    def advance(self, step: int, values: Mapping[str, Result], rate: float, wait: float = 0.0) -> None:
        self._inner.advance(step, values, rate, wait)

    def record(self, record: Record) -> None:
        self._inner.record(record)
        self._tell(lambda logger: logger.record(record))

    def end(self) -> None:
        failed = sys.exception() is not self._before
        self._tell(lambda logger: logger.end(failed))
        self._inner.end()

    def _tell(self, what: Callable[[Logger], Any]) -> None:
        """Tells every logger that has not failed yet."""
        for name, logger in list(self._loggers.items()):
            try:
                what(logger)
            except Exception as error:
                del self._loggers[name]
                self._inner.note(f"the logger `{name}` failed and is switched off, the training goes on: {explain(error)}")
