"""A stage for people: a care system, a viewer, a client's site and an app of somebody else (the public SMART library).

    python -m tests.browser.launch_stage PORT

The care system answers as `localhost`, the others as `127.0.0.1`: two sites, as in earnest.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.delivery.view import View
from babyconnect.flows.viewing import Asked, Viewing
from babyconnect.web.client.session import Authority, Represented
from babyconnect.web.client.site import ClientSite, Parts
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.smart import CareSystem
from babyconnect.web.simulators.care_system.app import CareSystems, care_systems_app
from babyconnect.web.simulators.care_system.records import Listed, Practice, Works
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.users import ClientAccount, hash_password
from babyconnect.web.viewer.site import viewer_app
from tests.browser import stage
from tests.browser.stage import OWN

LIBRARY = pathlib.Path(__file__).parents[2] / "build" / "test-assets" / "fhir-client.js"
NOOR, SANNE = Listed("c1", "Noor Voorbeeld", "999900730", note="controle"), Listed("c2", "Sanne Test", "999990019")
APP = """<!doctype html><title>app</title><pre id="found"></pre>
<script src="/app/fhir-client.js"></script><script>%s</script>"""
BEGIN = """FHIR.oauth2.authorize({
  clientId: 'other-app', scope: 'launch openid fhirUser patient/Patient.rs', redirectUri: '/app/back' })"""
BACK = """const say = text => { document.getElementById('found').textContent = text }
FHIR.oauth2.ready()
  .then(c => Promise.all([c.patient.read(), c.user.read(), c.request('EpisodeOfCare/episode-' + c.patient.id)]))
  .then(([p, u, e]) => say(JSON.stringify({
    patient: p.name[0].text, user: u.name[0].text, episode: e.patient.reference })))
  .catch(fault => say('FAULT ' + fault))"""


async def consult(bsn: Bsn, person: Person, declared: Any = None) -> AsyncIterator[Asked | SourceAnswer]:
    yield Asked(stage.PARTIES[:2])
    for party in stage.PARTIES[:2]:
        yield SourceAnswer(party, "answered", ({"resourceType": "Patient", "id": bsn.value},), 50.0)


def picture(answers: Sequence[SourceAnswer], today: Any, busy: Any, kept: Any) -> View:
    """The sample view under the name of the client that was asked for."""
    names = {client.bsn: client.name for client in (NOOR, SANNE)}
    name = next((names[str(answer.resources[0]["id"])] for answer in answers if answer.resources), "")
    view = stage.big()
    return dataclasses.replace(view, header=dataclasses.replace(view.header, name=name))


async def note(event: Any) -> None:
    """The stage has no audit log."""


async def wards(bsn: Bsn, today: dt.date) -> Sequence[Represented]:
    """Noor has authority over a child of three."""
    born = today - dt.timedelta(days=3 * 366)
    return (Represented(Bsn(SANNE.bsn), "Mees Voorbeeld", born, Authority("parent", born, "birth_certificate")),)


async def nobody(person: Person) -> list[Any]:
    return []


# A page of somebody else's, with the policy that it would have; our server forbids scripts where a page says nothing.
POLICY = {"content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; connect-src *"}


async def page(request: Any) -> HTMLResponse:
    return HTMLResponse(APP % (BEGIN if request.url.path.endswith("launch") else BACK), headers=POLICY)


async def library(request: Any) -> FileResponse:
    return FileResponse(LIBRARY)


async def build(port: int) -> Any:
    """The application and how to close it, as `api.server.serve` wants them."""
    viewer_base, desk_base = f"http://127.0.0.1:{port}", f"http://localhost:{port}/zis"
    hashed = hash_password(stage.PASSWORD, b"0123456789abcdef")
    staff = tuple(Works(name.lower(), hashed, f"{name} de Vries", Role.MIDWIFE, f"90000000{n}")
                  for n, name in enumerate(("Anna", "Bea")))  # fmt: skip
    practice = Practice(OWN.ura.value, OWN.name, viewer_base, staff, (NOOR, SANNE))
    more = {"other-app": (f"{viewer_base}/app/back",)}
    key = ECKey.generate_key("P-256")
    desk = care_systems_app(CareSystems(desk_base, key, lambda: {OWN.ura.value: practice}, time.time, more=more))
    viewer = viewer_app(
        party=OWN,
        base_url=viewer_base,
        issuer=Issuer(f"{viewer_base}/idp", "viewer"),
        care_systems=[CareSystem(f"{desk_base}/{OWN.ura.value}/fhir", "babyconnect")],
        viewing=Viewing(consult, picture, stage.now),
        todays_clients=nobody,
        now=stage.now,
        note=note,
    )
    accounts = (ClientAccount("noor", hashed, NOOR.name, Bsn(NOOR.bsn), "substantial"),)
    portal = Client("portal", OWN.name, (f"{viewer_base}/client/terug",))
    clients = provider_app(f"{viewer_base}/idp-clients", accounts, (portal,), key, time.time, audience="clients")
    site = ClientSite(
        Parts(
            party=OWN,
            base_url=viewer_base,
            issuer=Issuer(f"{viewer_base}/idp-clients", "portal", hint=False),
            note=note,
            now=stage.now,
            wards=wards,
        )
    )
    routes = [Route("/app/launch", page), Route("/app/back", page), Route("/app/fhir-client.js", library)]
    other = Starlette(routes=routes)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        first = scope["path"].split("/")[1]
        await {"zis": desk, "app": other, "client": site, "idp-clients": clients}.get(first, viewer)(
            scope, receive, send
        )

    async def close() -> None:
        await viewer.close()
        await site.close()

    return app, close


if __name__ == "__main__":
    from babyconnect.api.server import serve

    number = int(sys.argv[1])
    serve(lambda: build(number), f"127.0.0.1:{number}")
