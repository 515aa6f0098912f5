"""A node with two women: Anna consents to the hospital, Bea consents to nobody."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.access import Consent
from tests.support.material import encounter, episode, observation, organisation, practitioner, woman
from tests.support.node import Node

ANNA, BEA, NOBODY = "999900730", "999901552", "999911120"


def consent(permit: bool = True, **more: object) -> Consent:
    return Consent(id="c1", permit=permit, actor="ura:00000002", **more)  # type: ignore[arg-type]


@pytest.fixture
async def node() -> Node:
    node = Node()
    node.consents["anna"] = (consent(),)
    await node.publish(
        woman("anna", ANNA),
        episode("anna", organization="practice", manager="midwife"),
        encounter("anna", "visit1"),
        *(observation("anna", f"o{n}", value=str(n)) for n in range(5)),
        observation("anna", "v1", context="Encounter/visit1", value="in visit"),
        observation("anna", "secret", value="geheim", shielded={"safety"}),
        woman("bea", BEA, name="Bakker"),
        episode("bea"),
        observation("bea", "b1", value="van bea"),
        organisation("practice"),
        practitioner("midwife"),
    )
    return node


@pytest.fixture
async def token(node: Node) -> str:
    """A token that is bound to Anna."""
    token = node.token()
    await node.find(ANNA, token)
    return token
