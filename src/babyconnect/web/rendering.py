"""Turn values into pages: one Jinja environment in which every text is escaped, everywhere.

Also the pages for what went wrong: they name neither client nor cause.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ExceptionHandler

from babyconnect.audit.faults import AuditFault
from babyconnect.web.assets import Assets
from babyconnect.web.texts import LANGUAGES, Texts
from babyconnect.web.viewer.growth import chart
from babyconnect.web.viewer.picture import picture

LANGUAGE_COOKIE = "babyconnect_language"
log = structlog.get_logger("babyconnect.web")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("babyconnect.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["picture"] = picture
    environment.globals["growth_chart"] = chart
    return environment


class Pages:
    """Renders the templates of one application whose files are below `static`."""

    def __init__(self, static: str, home: str = "", who: Callable[[str], str] = str) -> None:
        self.assets = Assets()
        self._environment = _environment()
        self._environment.globals.update(asset=self._asset, home=home, menu=(), again="", who=who)
        self._static = static
        self._modules: dict[tuple[str, str], Any] = {}
        self._texts = {language: Texts(language) for language in LANGUAGES}

    def _asset(self, name: str) -> str:
        address = self.assets.address(name)
        return f"{self._static}/{address}" if address else ""

    def texts(self, language: str) -> Texts:
        return self._texts.get(language, self._texts[LANGUAGES[0]])

    def text(self, template: str, language: str = "", **values: Any) -> str:
        """A template as text, for a fragment."""
        return self._environment.get_template(template).render(t=self.texts(language), **values)

    def macros(self, template: str, language: str, **given: Any) -> Callable[..., str]:
        """The macros of a template in a language: `draw(name, …)` gives one fragment of a page."""
        module = self._modules.get((template, language))
        if module is None:
            module = self._environment.get_template(template).make_module({"t": self.texts(language), **given})
            self._modules[template, language] = module
        return lambda name, *arguments: str(getattr(module, name)(*arguments)).strip()

    def page(self, template: str, status: int = 200, language: str = "", **values: Any) -> HTMLResponse:
        return HTMLResponse(self.text(template, language, **{"session": None, **values}), status)

    def message(self, code: str, status: int, language: str = "", values: Mapping[str, Any] | None = None) -> Response:
        """A page that only says something, from the texts `messages.<code>_title` and `_text`."""
        return self.page("message.html", status, language, code=code, **(values or {}))

    def has_message(self, code: str) -> bool:
        return self.texts("").has(f"messages.{code}_title")


def error_handlers(pages: Pages) -> dict[Any, ExceptionHandler]:
    """Handlers for every refusal and fault: a page by status, a log line by type and place, never by content."""

    async def refused(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        code = str(status) if pages.has_message(str(status)) else "400"
        answer = pages.message(code, status, request.cookies.get(LANGUAGE_COOKIE, ""))
        if isinstance(problem, HTTPException) and problem.headers:
            answer.headers.update(problem.headers)
        return answer

    async def fault(request: Request, problem: Exception) -> Response:
        log_fault("page", problem)
        # Without the log nothing is shown; that passes by itself, and says so.
        status = 503 if isinstance(problem, AuditFault) else 500
        return pages.message(str(status), status, request.cookies.get(LANGUAGE_COOKIE, ""))

    return {HTTPException: refused, 500: fault}


def log_fault(what: str, problem: BaseException) -> None:
    """Type and place only: the message of a fault may hold something of a client."""
    frames = traceback.extract_tb(problem.__traceback__ or sys.exc_info()[2])
    where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    log.error("fault", what=what, type=type(problem).__name__, where=where)
