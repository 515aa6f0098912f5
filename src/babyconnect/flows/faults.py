"""A fault of ours in what is made of one input: that input is refused and told so, and no other is lost by it.

Only where nothing but the input is at work (reading, translating, labelling): what breaks in a store or a log is no
input's fault, and stops everything.  Half of an input is never kept: what makes it breaks inside the store's one write.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import structlog

from babyconnect.flows.findings import Finding

RULE = "fault"
P = ParamSpec("P")
T = TypeVar("T")
_log = structlog.get_logger(__name__)


class OwnFault(Exception):
    """Something broke on one input; its cause is what did."""


def own(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What comes of work on one input; raises only `OwnFault`."""
    try:
        return work(*args, **kwargs)
    except Exception as fault:
        raise OwnFault from fault


def each(items: Iterator[T]) -> Iterator[T]:
    """The same, for what is made one by one."""
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except Exception as fault:
            raise OwnFault from fault
        yield item


def told(place: str, fault: BaseException) -> Finding:
    """For whoever sent it; the log says where, and neither repeats the fault's own words, which may be a client's."""
    broke = fault.__cause__ or fault if isinstance(fault, OwnFault) else fault
    _log.error("input_fault", fault=type(broke).__name__, at=where(broke))
    text = "this program broke on it, which is no fault of the sender: nothing of it is kept; the log says where it was"
    return Finding("error", place, RULE, text)


def where(fault: BaseException) -> str:
    """File and line where it broke."""
    frames = traceback.extract_tb(fault.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
