"""Set up a demo's home: synthesise, make keys and configurations, start the region, publish; each step once."""

from __future__ import annotations

import datetime as dt
import hashlib
import pathlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import msgspec

from babyconnect import synthetic
from babyconnect.birthcare.parties import Role
from babyconnect.cli.demonstration import plan as plans
from babyconnect.cli.demonstration.born import Born
from babyconnect.cli.demonstration.certifying import certify, section
from babyconnect.cli.demonstration.plan import Member, Plan, Special
from babyconnect.cli.failure import Failure
from babyconnect.trust import keys
from babyconnect.web.simulators.care_system.app import CLIENT_ID
from babyconnect.web.simulators.care_system.records import Listed, Practice, Works
from babyconnect.web.simulators.dezi import REGISTER
from babyconnect.web.simulators.dezi import number as dezi_number
from babyconnect.web.simulators.users import hash_password
from babyconnect.wiring import files

Say = Callable[[str], None]
AT_ONCE = 2
SHOWN = 40
BEGIN_WITH = "showcase_born"


def new_plan(home: pathlib.Path, port: int, women: int, seed: int, say: Say) -> Plan:
    """Synthesise a region into `home/records` and plan a node for each of its organisations."""
    records = home / "records"
    today = dt.date.today()

    def progress(done: int, of: int) -> None:
        say(f"synthesising records: {done} of {of} women")

    try:
        summary = synthetic.write(records, women, seed, today, progress=progress)
    except ValueError as problem:
        raise Failure(str(problem)) from problem
    except FileExistsError:
        raise Failure(f"{records} has something in it; use another --home, or remove it") from None
    members = [
        plans.member_of(folder, port + number)
        for number, folder in enumerate(sorted(path for path in records.iterdir() if path.is_dir()), start=1)
    ]
    # Born days ago, so that six kinds of organisation treat her now, her midwife among them.
    showcase = next((known for known in summary.special if known.key == BEGIN_WITH), summary.showcase)
    plan = Plan(
        port=port,
        women=women,
        seed=seed,
        today=today,
        password=plans.new_password(),
        showcase=plans.Showcase(showcase.name, showcase.bsn or "", showcase.practice),
        special=tuple(_special(known) for known in summary.special),
        members=members,
    )
    plans.save(home, plan)
    return plan


def _special(known: synthetic.Known) -> plans.Special:
    told = {case["key"]: case["text_nl"] for case in synthetic.special_cases()}
    born = f"{known.born:%d-%m-%Y}"
    return plans.Special(told[known.key], known.name, known.bsn or "", known.practice, born)


def node_folder(home: pathlib.Path, member: Member) -> pathlib.Path:
    return home / "nodes" / member.slug


def configure(home: pathlib.Path, plan: Plan, fault: dict[str, str], mitz: bool = False) -> None:
    """Write every configuration anew: addresses, faults, members and certificates may differ from the last time."""
    plan.secure()
    region = home / "region"
    region.mkdir(parents=True, exist_ok=True, mode=0o700)
    certify(home, plan, dt.datetime.now(dt.UTC))
    listed = [_node(home, plan, member, fault.get(member.slug, ""), mitz) for member in plan.members]
    (region / "organisations.json").write_bytes(msgspec.json.encode(listed))
    _users(region, plan)
    played = 'mitz_file = "mitz.json"\n' if mitz else ""
    if mitz:
        (region / "mitz.json").write_bytes(msgspec.json.format(msgspec.json.encode(_mitz_choices(plan)), indent=1))
    (region / "region.toml").write_text(
        f'[region]\nname = "{plans.REGION}"\nlisten = "{plans.HOST}:{plan.port}"\nbase_url = "{plan.region_url}"\n'
        f"client_portals = {_list(member.ura for member in plan.members)}\n\n"
        '[provider]\nusers_file = "users.toml"\nclients_file = "clients.toml"\n'
        'care_systems_file = "care_systems.json"\n'
        + played
        + "\n"
        + section(home, plan.secured_port, plan.secured_region_url),
        encoding="utf-8",
    )


def _mitz_choices(plan: Plan) -> dict[str, object]:
    """What the played Mitz says: yes for everybody, but for the two who never gave or took back their consent."""
    words = {"nergens is toestemming": "NotApplicable", "trok die gisteren in": "Deny"}
    choices = {one.bsn: said for one in plan.special for word, said in words.items() if word in one.text and one.bsn}
    return {"otherwise": "Permit", "choices": choices}


def _mitz(plan: Plan, folder: pathlib.Path) -> str:
    """A node's section: it asks the played Mitz too, and is told of changes by a word of its own."""
    token = folder / "mitz.token"
    if not token.exists():
        token.touch(0o600)
        token.write_text(secrets.token_urlsafe(32), encoding="ascii")
    return f'\n[mitz]\nbase_url = "{plan.region_url}/mitz-simulator"\nnotify_token_file = "mitz.token"\n'


def _node(home: pathlib.Path, plan: Plan, member: Member, fault: str, mitz: bool = False) -> dict[str, object]:
    """One node's configuration and key; returns what the directory is to say of it."""
    folder = node_folder(home, member)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    broken = f'fault = "{fault}"\n' if fault and fault != "stop" else ""
    (folder / "node.toml").write_text(
        f'[node]\nname = {_text(member.name)}\nura = "{member.ura}"\nagb = "{member.agb}"\n'
        f'kind = "{member.kind.value}"\nbase_url = "{member.base_url}"\nlisten = "{plans.HOST}:{member.port}"\n'
        f"{broken}\n"
        f'[region]\nurl = "{plan.secured_region_url}"\nname = "{plans.REGION}"\nserver_name = "{plans.REGION}"\n\n'
        f"{section(home, member.secured_port, member.secured_url)}\n"
        '[intake]\ntoken_sha256_file = "intake.sha256"\n\n'
        '[audit]\nwatch_file = "watch.toml"\n\n'
        f"{_login(plan, member)}\n"
        f'[[launch.systems]]\niss = "{member.care_system(plan)}fhir"\nclient_id = "{CLIENT_ID}"\n\n'
        f'[client_login]\nissuer = "{plan.region_url}/idp-clients"\nclient_id = "{member.ura}"\n'
        + (_mitz(plan, folder) if mitz else ""),
        encoding="utf-8",
    )
    _intake_token(folder)
    _watch(folder, plan, member)
    key = files.signing_key(folder / "organisation.jwk")
    return {
        "ura": member.ura,
        "name": member.name,
        "kind": member.kind.value,
        "agb": member.agb,
        "base_url": member.base_url,
        "machine_url": member.secured_url,
        "keys": keys.jwks(key),
    }


def _watch(folder: pathlib.Path, plan: Plan, member: Member) -> None:
    """What the log cannot know: what its people are called, and the client whom everybody comes to look at."""
    people = [
        f"[[staff]]\nperson = {_text(_person(member, one.username))}\nnames = [{_text(one.name.split()[-1])}]\n"
        for one in (*member.log_ins, *member.office)
    ]
    known = [f'[[attention]]\nbsn = "{plan.showcase.bsn}"\n'] if member.slug == plan.showcase.member else []
    _private(folder / "watch.toml", people + (known if plan.showcase.bsn else []))


def _person(member: Member, username: str) -> str:
    """As the log names somebody: by what her log-in goes by."""
    return f"dezi:{dezi_number(username)}" if member.dezi else f"local:{username}"


def _login(plan: Plan, member: Member) -> str:
    """Where the member's people log in, and what the provider does not say of them."""
    if not member.dezi:
        return f'[login]\nissuer = "{plan.region_url}/idp"\nclient_id = "{member.ura}"\n'
    dezi = f"{plan.region_url}/dezi"
    office = "".join(
        f'"dezi:{dezi_number(one.username)}" = {msgspec.json.encode(one.functions).decode()}\n' for one in member.office
    )
    return (
        f'[login]\nissuer = "{dezi}"\nclient_id = "{member.ura}"\n\n[login.functions]\n{office}\n'
        f'[dezi]\njku = ["{dezi}/dezi/jwks.json"]\nissuers = ["{REGISTER}"]\nuserinfo = "{dezi}/userinfo"\n'
        f'status = "{dezi}/status/v1/verklaring/"\n'
    )


def _intake_token(folder: pathlib.Path) -> None:
    """The token of the source system, for whoever wants to try `POST /intake`; the node knows its hash only."""
    path = folder / "intake.token"
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="ascii")
    digest = hashlib.sha256(path.read_bytes().strip()).hexdigest()
    (folder / "intake.sha256").write_text(digest, encoding="ascii")


def _users(region: pathlib.Path, plan: Plan) -> None:
    """All log-ins, with the demo's one password under one salt: hashing is slow on purpose."""
    hashed = hash_password(plan.password, secrets.token_bytes(16))
    blocks = [
        f"[[user]]\nusername = {_text(person.username)}\npassword = {_text(hashed)}\nname = {_text(person.name)}\n"
        f'role = "{person.role}"\nura = "{member.ura}"\norganisation = {_text(member.name)}\n'
        f"functions = {msgspec.json.encode(person.functions).decode()}\n"
        for member in plan.members
        for person in (*member.log_ins, *member.office)
    ]
    _private(region / "users.toml", blocks)
    clients = [
        f"[[client]]\nusername = {_text(client.username)}\npassword = {_text(hashed)}\nname = {_text(client.name)}\n"
        f'bsn = "{client.bsn}"\nloa = "{client.loa}"\n'
        for client in plan.clients
    ]
    _private(region / "clients.toml", clients)


def care_systems(home: pathlib.Path, plan: Plan, treated: Mapping[str, Sequence[Special]]) -> None:
    """A care system for each member, with those of the listed clients whom it treats; after publishing, since only then
    is known who treats whom."""
    hashed = hash_password(plan.password, secrets.token_bytes(16))
    practices = [
        Practice(
            ura=member.ura,
            name=member.name,
            viewer=member.base_url,
            staff=tuple(
                Works(one.username, hashed, one.name, Role(one.role), dezi_number(one.username))
                for one in member.log_ins
            ),
            clients=tuple(
                Listed(f"c{number}", one.name, one.bsn, note=one.text)
                for number, one in enumerate(treated.get(member.slug, ()), start=1)
            ),
        )
        for member in plan.members
    ]
    _private(home / "region" / "care_systems.json", [msgspec.json.encode(practices).decode()])


def _private(path: pathlib.Path, blocks: list[str]) -> None:
    path.touch(0o600)
    path.write_text("\n".join(blocks), encoding="utf-8")


def publish(home: pathlib.Path, plan: Plan, say: Say) -> None:
    """Publish the records of every member that has not been yet, two at a time; each is saved when it is done."""
    waiting = [member for member in plan.members if member.slug not in plan.published]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(_publish_one, home, member): member for member in waiting}
        for number, done in enumerate(as_completed(running), start=1):
            member = running[done]
            say(f"publishing {number} of {len(waiting)}: {member.name}: {done.result()}")
            plan.published.append(member.slug)
            plans.save(home, plan)


def _publish_one(home: pathlib.Path, member: Member) -> str:
    folder = node_folder(home, member)
    dates = [word for name, day in member.dates.items() for word in ("--date", f"{name}={day}")]
    told, faults = folder / "publish.log", folder / "publish.errors"
    for path in (told, faults):
        path.unlink(missing_ok=True)
    words = ["publish", member.records, "--quiet", *dates, "--config", str(folder / "node.toml")]
    code = Born(words, told, faults).wait()
    errors = faults.read_text(encoding="utf-8", errors="replace").strip()
    lines = told.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if not lines:
        raise Failure(f"publishing the records of {member.name} failed: {errors[-500:]}")
    found = lines[:-1]
    if found and code == 0 and not member.loaded:
        # Synthetic records deviate as real ones do; who wants to know reads what a supplier would read.
        found = [f"what deviates from the profiles is in {folder / 'publish.log'}"]
    if len(found) > SHOWN:
        found = [*found[:SHOWN], f"and {len(found) - SHOWN} more lines in {folder / 'publish.log'}"]
    return "\n".join([lines[-1], *found, *errors.splitlines()])


def _list(values: Iterable[str]) -> str:
    """A TOML array of texts."""
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return msgspec.json.encode(value).decode()
