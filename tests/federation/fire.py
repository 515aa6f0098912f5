"""A node in a process of its own, to be killed and starved: the real source API and door over the real log.

python -m tests.federation.fire PORT FOLDER        prints a token for each asker, a line each, then serves
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from babyconnect.api.health import Measured
from babyconnect.audit import log as audit_log
from babyconnect.audit.log import AuditLog, Sizes
from babyconnect.birthcare.access import Consent
from babyconnect.flows.door import Happening
from babyconnect.flows.door_events import as_event
from babyconnect.wiring.oversight import state_of
from tests.federation.serving import serving
from tests.support.material import episode, observation, woman
from tests.support.node import HOLDER, Node

ASKERS = 16
BSN = "999990019"


class Logged(Node):
    """The node of the tests, with a log that is one."""

    def __init__(self, log: AuditLog) -> None:
        self._audit = log
        super().__init__()

    async def note(self, happening: Happening) -> None:
        await self._audit.append(as_event(happening, HOLDER, HOLDER.ura.value, "http://node.test"))


async def main(port: int, folder: Path) -> None:
    audit_log.RETRY_SECONDS = 0.2
    log = AuditLog.open(folder, HOLDER.ura.value, sizes=Sizes(segment_bytes=200_000, checkpoint_records=100))
    node = Logged(log)
    await node.publish(woman("anna", BSN), episode("anna"), observation("anna", "o1"))
    node.consents["anna"] = (Consent("c1", True, "*"),)
    tokens = [node.token() for _ in range(ASKERS)]
    app: Any = Measured(node.api, lambda: state_of(log))
    async with serving(app, port):
        print("\n".join(tokens), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
