"""Narratives are formatting and nothing else; what would run or fetch something is refused."""

from __future__ import annotations

import pytest

from babyconnect.fhir import narrative
from babyconnect.fhir.malformed import Malformed

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def test_formatting_is_kept_as_it_is() -> None:
    div = f'<div {XHTML}><p style="color:red">één &amp; <b>twee</b><br/></p><a href="https://x.nl">x</a></div>'

    assert narrative.normalise(div) == div


def test_another_spelling_of_the_same_becomes_the_one_spelling() -> None:
    spelt = '<x:div xmlns:x="http://www.w3.org/1999/xhtml" ><!-- c --><x:b>a&nbsp;b</x:b><x:i></x:i></x:div>'

    assert narrative.normalise(spelt) == f"<div {XHTML}><b>a\u00a0b</b><i/></div>"


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        "<iframe src='https://x'/>",
        "<p onclick='x()'>a</p>",
        "<a href='javascript:alert(1)'>a</a>",
        "<a href=' JaVaScRiPt:alert(1)'>a</a>",
        "<a href='&#106;avascript:alert(1)'>a</a>",
        "<a href='data:text/html;base64,PHNjcmlwdD4='>a</a>",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='/>",
        "<p style='background:url(https://x)'>a</p>",
        "<p style='width:expression(alert(1))'>a</p>",
        "<form action='x'><input/></form>",
        "<object data='x'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<style>@import 'x'</style>",
        "<p>",
        "&bestaatniet;",
    ],
)
def test_what_runs_fetches_or_breaks_is_refused(inner: str) -> None:
    with pytest.raises(Malformed) as fault:
        narrative.normalise(f"<div {XHTML}>{inner}</div>")

    assert fault.value.rule == "narrative"


@pytest.mark.parametrize(
    "div", ["", "tekst", "<div>a</div>", f"<p {XHTML}/>", f"<!DOCTYPE div><div {XHTML}/>", f"<div {XHTML}/><div/>"]
)
def test_a_narrative_is_one_xhtml_div(div: str) -> None:
    with pytest.raises(Malformed):
        narrative.normalise(div)
