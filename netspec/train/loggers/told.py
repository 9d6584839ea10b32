"""Tells loggers what a person is told of a training: a logger that fails is switched off, and never stops the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netspec.train.loggers.protocol import Logger, Training
from netspec.train.loggers.shelf import explain
from netspec.train.metrics_record import Record
from netspec.train.progress import Reporter

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result


@contextmanager
def telling(tell: Reporter, loggers: Mapping[str, Logger], training: Training) -> Iterator[Reporter]:
    """A reporter that tells loggers besides, where there are any; their end is behind the last line, that of the test part included."""
    if not loggers:
        yield tell
        return
    told = LoggedReporter(tell, loggers, training)
    try:
        yield told
    except BaseException:
        told.finish(failed=True)
        raise
    told.finish(failed=False)


class LoggedReporter:
    """A reporter that tells loggers besides; `training` is what they know, but for the steps. A run that goes back to a checkpoint begins
    and ends more than once for a person, and once for them."""

    def __init__(self, inner: Reporter, loggers: Mapping[str, Logger], training: Training) -> None:
        self._inner = inner
        self._loggers = dict(loggers)
        self._training = training
        self._begun = False

    def begin(self, name: str, step: int, total: int) -> None:
        self._inner.begin(name, step, total)
        if not self._begun:
            self._begun = True
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
        self._inner.end()

    def finish(self, failed: bool) -> None:
        """Tells that no line will come any more, where the training has begun."""
        if self._begun:
            self._tell(lambda logger: logger.end(failed))

    def _tell(self, what: Callable[[Logger], Any]) -> None:
        """Tells every logger that has not failed yet."""
        for name, logger in list(self._loggers.items()):
            try:
                what(logger)
            except Exception as error:
                del self._loggers[name]
                self._inner.note(f"the logger `{name}` failed and is switched off, the training goes on: {explain(error)}")
