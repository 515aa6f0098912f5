"""The journal of one node: its log, under its own name, with the key of its pseudonyms."""

from __future__ import annotations

from babyconnect.flows.journal import Journal, Log
from babyconnect.wiring import files
from babyconnect.wiring.link import Link, now


def journal_of(link: Link, log: Log) -> Journal:
    key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
    return Journal(link.party, log, key, now, link.chosen.node.base_url)
