"""The log: append-only, hash-chained, durable before anything is released (NEN 7513, trust.md §7).

What others call:

    event.event(type, outcome, moment, actor, place, about, grounds) -> dict   # never clinical content
    event.client_pseudonym(key: bytes, bsn: Bsn) -> str                        # keyed hash, for events that know a BSN
    r4.to_fhir(event)   -> dict                                                # R4 AuditEvent (IHE BALP)

    log.AuditLog.open(folder, node=name, signer=key) -> AuditLog               # one writer per folder (locked)
    await log.append(event) -> Receipt(seq, hash)                              # durable when it returns
    log.append_and_wait(event) -> Receipt                                      # the same for threads and commands
    log.close()
    AuditFault                                                                 # anything else: release nothing

    verify.verify(path, genuine=None, published=()) -> Verification            # .ok .records .problems .head
    reading.search(folder, Wanted(clients=, person=, …), newest_first=) -> Iterator[Entry]
"""

from babyconnect.audit.faults import AuditFault, Receipt

__all__ = ["AuditFault", "Receipt"]
