"""The sites of a node for people, and which chapters each of them has: the viewer for staff, her own for a client."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from babyconnect.api.server import App
from babyconnect.exchange.http1 import Http
from babyconnect.flows.completeness import Completeness
from babyconnect.flows.handing_in import HandingIn
from babyconnect.flows.oversight import Oversight
from babyconnect.network.staff import Staff
from babyconnect.web.administration import completeness, handing_in
from babyconnect.web.client import record
from babyconnect.web.client.session import ClientSession
from babyconnect.web.compression import Compressed
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.records import ViewerSession
from babyconnect.wiring import consents, deciding_pages, drawing, oversight, people, ultrasound
from babyconnect.wiring.answering import Holder, Kept
from babyconnect.wiring.consulting import consulting_node
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.own_record import asking_of, everywhere, own_looks, own_record, wards
from babyconnect.wiring.own_staff import shielding_pages
from babyconnect.wiring.publishing import publishing_node
from babyconnect.workers.giving import Work


def sites(
    link: Link,
    keeps: Kept,
    holds: Holder,
    overseen: Oversight,
    opening: contextlib.AsyncExitStack,
    *,
    work: Work | None = None,
) -> list[tuple[str, App]]:
    """Those whose log-in is set.  `work`: by which the node's workers fill screens, when it has any."""
    found: list[tuple[str, App]] = []
    http = Http(security=link.secured)
    opening.callback(http.close)
    if link.chosen.login.issuer:
        chapters = _for_staff(link, keeps, holds, overseen)
        staff = Staff(link.beside(link.chosen.store.path).with_suffix(".staff.sqlite"))
        opening.callback(staff.close)
        glass = holds.decides.break_glass
        viewer = people.viewer(link, holds.door, http, keeps.journal, chapters, glass, staff, work)
        opening.push_async_callback(viewer.close)
        found.append(("/viewer", viewer))
    if link.chosen.client_login.issuer:
        own = own_record(link, holds.door)
        node = consulting_node(link, keeps.log, http, keeps.journal.key)
        hers = everywhere(link, own, node, keeps.journal)
        who_looked = oversight.client_chapter(
            link, own_looks(link, overseen, node), asking_of(hers, consents.since_login)
        )
        beside = record.Beside(drawing.hers_by(work), drawing.copied_by(work)) if work else None
        about_her = [record.chapter(hers, consents.since_login, beside), *_for_clients(link, keeps, holds, who_looked)]
        client = people.client_site(link, keeps.journal, about_her, wards(own))
        opening.push_async_callback(client.close)
        found.append(("/client", client))
    # Workers compress what they answer of these: of the one process that has the pages there is no more.
    return found if work else [(path, Compressed(site)) for path, site in found]


def _for_staff(link: Link, keeps: Kept, holds: Holder, overseen: Oversight) -> Sequence[Chapter[ViewerSession]]:
    return [
        consents.staff_chapter(link, keeps.journal),
        *deciding_pages.staff_chapters(link, keeps.journal, holds.decides, holds.door),
        *shielding_pages(link, keeps, holds),
        oversight.staff_chapter(link, overseen),
        completeness.chapter(Completeness(link.tallies, now, table=ultrasound.table_of(link))),
        handing_in.chapter(_handing_in(link, keeps), time.monotonic),
    ]


def _handing_in(link: Link, keeps: Kept) -> HandingIn:
    """By hand what the intake takes of a source system; the pointers go to the region at their next turn."""
    node = publishing_node(link, keeps.store.writer)
    return HandingIn(node, keeps.journal, link.chosen.intake.file_bytes)


def _for_clients(
    link: Link, keeps: Kept, holds: Holder, who_looked: Chapter[ClientSession]
) -> Sequence[Chapter[ClientSession]]:
    return [
        consents.client_chapter(link, keeps.journal),
        who_looked,
        deciding_pages.client_chapter(link, holds.decides),
    ]
