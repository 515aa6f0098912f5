"""The settings of a node and of a region: their names, their defaults and how a TOML file becomes them.

`wiring` is the only reader.  Every key may be overridden by `BABYCONNECT_<SECTION>_<KEY>`; a key that ends in `_file`
names a file that holds a secret, so that none stands in the configuration itself.  Relative paths are relative to the
configuration file.  `docs/configuration.md` documents each key (tests/architecture compares).
"""

from __future__ import annotations

import os
import pathlib
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from babyconnect.birthcare.parties import Function, Kind, Role


class SettingsRefused(Exception):
    """A configuration that cannot be used; the text names the file, the key and the rule."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section: an unknown key is refused, since a misspelt safety setting must not be ignored."""


class NodeSection(Strict, frozen=True):
    name: str
    ura: str
    kind: Kind
    base_url: str
    listen: str
    workers: int = 1
    agb: str = ""
    fault: str = ""


class StoreSection(Strict, frozen=True):
    engine: str = "sqlite"
    path: str = "store.sqlite"
    dsn_file: str = ""
    tenant: str = "default"


class AuditSection(Strict, frozen=True):
    folder: str = "audit"
    checkpoint_minutes: float = 10.0
    retention_years: int = 5
    watch_file: str = ""


class KeysSection(Strict, frozen=True):
    signing_key_file: str = "organisation.jwk"
    tenant_secret_file: str = "tenant.secret"


class TokensSection(Strict, frozen=True):
    """Tokens that this node gives out and asks for."""

    seconds: int = 300
    replays_file: str = "replays"
    suppliers_file: str = ""
    dpop_nonce: bool = False
    grant: str = ""


class TlsSection(Strict, frozen=True):
    """Mutual TLS with other organisations and the region; absent: a proxy does it, or nobody."""

    listen: str = ""
    base_url: str = ""
    certificate_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    crl_file: str = ""
    minimum_version: str = "1.3"
    machines_over_plain: bool = False


class RegionLink(Strict, frozen=True):
    url: str
    name: str
    server_name: str = ""
    retention_days: int = 365


class IntakeSection(Strict, frozen=True):
    token_sha256_file: str = ""
    file_bytes: int = 9_000_000
    check_profiles: bool = True
    ada_version: str = ""
    ultrasound_table: str = ""


class LoginSection(Strict, frozen=True):
    """Where the organisation's people log in, and what that issuer calls things."""

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    scope: str = "openid profile"
    userinfo: bool = False
    role_claim: str = "role"
    organisation_claim: str = "organization_ura"
    functions_claim: str = "functions"
    assurance_claim: str = "acr"
    roles: dict[str, Role] = {}
    levels: dict[str, str] = {}
    functions: dict[str, tuple[Function, ...]] = {}


class DeziSection(Strict, frozen=True):
    """The register of professionals; with `jku` set, its verklaring says who somebody is."""

    jku: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    userinfo: str = ""
    status: str = ""
    status_seconds: int = 300
    decryption_key_file: str = ""


class CareSystemRow(Strict, frozen=True):
    """One care system that may open the viewer."""

    iss: str
    client_id: str
    client_secret_file: str = ""


class LaunchSection(Strict, frozen=True):
    """Care systems that may open the viewer on their client (SMART App Launch 2)."""

    systems: tuple[CareSystemRow, ...] = ()


class ClientLoginSection(Strict, frozen=True):
    """Where clients log in; apart from `login`, since no client's log-in may ever open the viewer."""

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    scope: str = "openid profile"
    bsn_claim: str = "bsn"
    name_claim: str = "name"
    assurance_claim: str = "acr"
    least_assurance: str = "substantial"
    levels: dict[str, str] = {}


class ConsultSection(Strict, frozen=True):
    deadline_seconds: float = 5.0


class MitzSection(Strict, frozen=True):
    """The national register of consent choices, asked beside the region's; absent: not asked."""

    base_url: str = ""
    dialect: str = "mitz-3.8"
    seconds: float = 1.0
    certificate_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    notify_token_file: str = ""
    gateway_system: str = ""
    source_system: str = ""


class MedicationSection(Strict, frozen=True):
    """The table of warnings for pregnancy and breastfeeding that the viewer judges medicines by."""

    warnings_file: str = ""


class RulesSection(Strict, frozen=True):
    """Where an administrator's versions of the rules of access are kept."""

    folder: str = "rules"


class FourEyesSection(Strict, frozen=True):
    """What one person decides and a second, another one, confirms.  `false` only where there is one such person."""

    activation: bool = True
    destruction: bool = True
    staff_file: str = ""


class BreakGlassSection(Strict, frozen=True):
    """How this node answers an emergency of another organisation, and how long one of its own people's lasts."""

    answered: bool = True
    overrides_objection: bool = False
    minutes: int = 60


class AccessSection(Strict, frozen=True):
    """The decision offered to the node's own systems (AuthZEN); absent: not offered."""

    token_sha256_file: str = ""


class LimitsSection(Strict, frozen=True):
    """How much others may ask of this node."""

    requests_per_second: float = 2_000.0
    clients_per_minute: float = 120.0
    tokens_per_second: float = 100.0
    strangers_per_second: float = 200.0


class Node(Strict, frozen=True):
    """Everything one node needs to know."""

    node: NodeSection
    region: RegionLink
    store: StoreSection = StoreSection()
    audit: AuditSection = AuditSection()
    keys: KeysSection = KeysSection()
    intake: IntakeSection = IntakeSection()
    login: LoginSection = LoginSection()
    dezi: DeziSection = DeziSection()
    launch: LaunchSection = LaunchSection()
    client_login: ClientLoginSection = ClientLoginSection()
    consult: ConsultSection = ConsultSection()
    medication: MedicationSection = MedicationSection()
    rules: RulesSection = RulesSection()
    four_eyes: FourEyesSection = FourEyesSection()
    break_glass: BreakGlassSection = BreakGlassSection()
    access: AccessSection = AccessSection()
    mitz: MitzSection = MitzSection()
    tls: TlsSection = TlsSection()
    tokens: TokensSection = TokensSection()
    limits: LimitsSection = LimitsSection()


class RegionSection(Strict, frozen=True):
    name: str
    listen: str
    base_url: str
    home: str = "."
    organisations_file: str = "organisations.json"
    client_portals: tuple[str, ...] = ()
    emergency_overrides: tuple[str, ...] = ()


class ProviderSection(Strict, frozen=True):
    """The local identity providers of the demo, one for staff and one for clients; absent in earnest."""

    users_file: str = ""
    clients_file: str = ""
    care_systems_file: str = ""
    mitz_file: str = ""


class Region(Strict, frozen=True):
    """Everything the regional services need to know."""

    region: RegionSection
    audit: AuditSection = AuditSection()
    provider: ProviderSection = ProviderSection()
    tls: TlsSection = TlsSection()


Settings = TypeVar("Settings", Node, Region)


def read(path: pathlib.Path, kind: type[Settings], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in `path`; raises SettingsRefused with the file, the key and the rule."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsRefused(f"{path}: cannot be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsRefused(f"{path}: not TOML: {problem}") from problem
    _override(content, kind, os.environ if environment is None else environment)
    try:
        return msgspec.convert(content, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise SettingsRefused(f"{path}: {problem}") from problem


def _override(content: dict[str, Any], kind: type[msgspec.Struct], environment: Mapping[str, str]) -> None:
    for section in msgspec.structs.fields(kind):
        for key in msgspec.structs.fields(section.type):
            value = environment.get(f"BABYCONNECT_{section.name}_{key.name}".upper())
            if value is not None:
                content.setdefault(section.name, {})[key.name] = value


def beside(path: pathlib.Path, name: str) -> pathlib.Path:
    """`name` as the configuration file at `path` means it."""
    return (path.parent / name).resolve()
