"""`babyconnect demo`: a whole region on this machine, a process per node; prints addresses and log-ins."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
import signal
import sys
import time

from babyconnect import synthetic
from babyconnect.api import faults
from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration import plan as plans
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.keeping import kept
from babyconnect.cli.demonstration.plan import Plan, Special
from babyconnect.cli.demonstration.processes import Processes, require_free
from babyconnect.cli.demonstration.treating import treated, treating
from babyconnect.cli.failure import BadUse, Failure
from babyconnect.cli.words import whole
from babyconnect.definitions import document

HOME = ".demo"
PORT, WOMEN, SEED = 8100, 60, 1
PORTS = (1024, 65500)
FUNCTIONS = {"privacy_officer": "functionaris gegevensbescherming", "administrator": "beheerder"}
LEAST = len(synthetic.special_cases())


def fault(text: str) -> tuple[str, str]:
    """`ORG=stop`, `ORG=slow:S`, `ORG=rubbish` or `ORG=refuse`."""
    name, _, what = text.partition("=")
    if not name or not what:
        raise argparse.ArgumentTypeError("ORG=FAULT is expected, as in zkh-meerdijk=slow:2")
    try:
        faults.parse(what)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{problem}, as in zkh-meerdijk=slow:2") from problem
    return name, what


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home",
        type=pathlib.Path,
        default=pathlib.Path(HOME),
        metavar="DIR",
        help=f"where the demo keeps everything (default {HOME}); it starts again where it was",
    )
    parser.add_argument(
        "--port",
        type=whole(*PORTS, f"a first port is {PORTS[0]} to {PORTS[1]}"),
        default=None,
        metavar="N",
        help=f"first port; the nodes take those after it (default {PORT})",
    )
    parser.add_argument(
        "--women",
        type=whole(LEAST, None, f"a region has at least {LEAST} women"),
        default=None,
        metavar="N",
        help=f"women to synthesise, at least {LEAST} (default {WOMEN})",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, None, "a seed is 0 or more"),
        default=None,
        metavar="N",
        help=f"another region (default {SEED})",
    )
    parser.add_argument(
        "--load",
        type=pathlib.Path,
        metavar="DIR",
        help="add real records: one folder per organisation, each with an optional organisation.toml",
    )
    parser.add_argument(
        "--check", action="store_true", help="do the main job once, end to end, print its outcome as JSON and stop"
    )
    parser.add_argument(
        "--mitz",
        action="store_true",
        help="nodes also ask a simulated Mitz, whose choices are in HOME/region/mitz.json",
    )
    parser.add_argument(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="ORG=stop|slow:S|rubbish|refuse",
        help="break one organisation on purpose; may be given more than once",
    )


def run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    home = options.home.resolve()
    with kept(home):
        try:
            return _run(options, home, began)
        except OSError as fault:
            raise Failure(f"{fault.filename or home}: {fault.strerror or fault}") from fault


def _run(options: argparse.Namespace, home: pathlib.Path, began: float) -> int:
    plan = plans.load(home)
    _known(plan, options)
    first = options.port or (plan.port if plan else PORT)
    members = len(plan.members) if plan else len(synthetic.published())
    require_free(plans.HOST, range(first, first + 2 * (members + 1)))
    seed = SEED if options.seed is None else options.seed
    plan = plan or prepare.new_plan(home, first, options.women or WOMEN, seed, _say)
    _moved(plan, options)
    if options.load:
        from babyconnect.cli.demonstration.loading import load

        load(home, plan, options.load.resolve(), _say)
    plan.secure()
    require_free(plans.HOST, plan.ports)
    broken = {plan.member(slug).slug: what for slug, what in options.fault}
    prepare.configure(home, plan, broken, options.mitz)
    plans.save(home, plan)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave the with block, so that every process stops
    with Processes() as processes:
        now = _start(processes, home, plan, broken)
        _say(f"ready in {time.monotonic() - began:.1f} s")
        if options.check:
            from babyconnect.cli.demonstration.check import check

            return check(home, plan, broken)
        print(_welcome(home, plan, broken, now), flush=True)
        return _until_stopped(processes)


def _moved(plan: Plan, options: argparse.Namespace) -> None:
    """What the command line says of a home that exists: another first port moves it, other women do not."""
    if options.port and options.port != plan.port:
        by = options.port - plan.port
        plan.port += by
        plan.secured_port += by if plan.secured_port else 0
        plan.members = [plans.moved(member, by) for member in plan.members]
    if (options.women or plan.women) != plan.women or options.seed not in (None, plan.seed):
        raise Failure(f"this home holds {plan.women} women of seed {plan.seed}; for others give another --home")


def _known(plan: Plan | None, options: argparse.Namespace) -> None:
    """Every organisation of --fault, before anything is made or started: those of the plan, and of --load."""
    there = [(m.slug, m.ura) for m in plan.members] if plan else [(o.key, o.ura) for o in synthetic.published()]
    slugs = [slug for slug, _ in there]
    if options.load and options.load.is_dir() and options.fault:
        from babyconnect.cli.demonstration.loading import slug_of

        slugs += [slug_of(path) for path in sorted(options.load.iterdir()) if path.is_dir()]
    for name, _ in options.fault:
        if name not in slugs and name not in [ura for _, ura in there]:
            raise BadUse(f"--fault: there is no organisation '{name}'; there are {', '.join(dict.fromkeys(slugs))}")


def _start(processes: Processes, home: pathlib.Path, plan: Plan, broken: dict[str, str]) -> dict[str, list[Special]]:
    """Everything running; which of the listed clients each member treats today."""
    region = home / "region" / "region.toml"
    processes.start("the region", "region", region, plan.region_url)
    processes.wait_until_healthy()
    prepare.publish(home, plan, _say)
    now = treated(home, plan, dt.date.today())
    prepare.care_systems(home, plan, now)
    _say(f"starting {len(plan.members)} nodes")
    for member in plan.members:
        if broken.get(member.slug) != "stop":
            config = prepare.node_folder(home, member) / "node.toml"
            processes.start(member.name, "node", config, member.base_url)
    processes.wait_until_healthy()
    return now


def _say(text: str) -> None:
    print(f"[demo] {text}", file=sys.stderr, flush=True)


def _welcome(home: pathlib.Path, plan: Plan, broken: dict[str, str], now: dict[str, list[Special]]) -> str:
    roles = document("parties.toml")["role"]
    lines = ["", "Babyconnect: een regio op deze machine", ""]
    for member in plan.members:
        state = f"  [{broken[member.slug]}]" if member.slug in broken else ""
        lines.append(f"{member.name}{state}")
        lines.append(f"  viewer {member.base_url}/viewer/   (URA {member.ura}, {member.slug})")
        lines.append(f"  zorgsysteem {member.care_system(plan)}   cliënten {member.base_url}/client/")
        lines += [f"  {person.username:<30} {roles[person.role]['name']}, {person.name}" for person in member.log_ins]
        lines += [f"  {person.username:<30} {FUNCTIONS[person.functions[0]]}" for person in member.office]
    lines += ["", f"Wachtwoord voor iedereen: {plan.password}", f"Regio: {plan.region_url}/health", ""]
    lines += ["Cliënten om mee te beginnen (testnummers), en wie haar nu behandelt:"]
    for client, who in treating(plan, now):
        lines += [f"  {client.bsn or '(geen BSN)':<10}  {client.name}: {client.text}", f"  {'':<10}  {who}"]
    lines += ["", "Als cliënt inloggen kan bij elke organisatie op /client/, bijvoorbeeld als:"]
    lines += [f"  {client.username:<30} {client.name}" for client in plan.clients]
    youth = next((member for member in plan.members if member.kind is Kind.YOUTH_HEALTH_CARE), None)
    mother = next((client for client in plan.clients if client.bsn == plan.showcase.bsn), None)
    if youth and mother:
        lines.append(f"  Namens haar pasgeboren kind: {mother.username} op {youth.base_url}/client/")
    begin = plan.member(plan.showcase.member)
    who = begin.log_ins[0].username if begin.log_ins else ""
    lines += [
        "",
        f"Begin hier: {begin.base_url}/viewer/ als {who}, BSN {plan.showcase.bsn}",
        f"Alles staat in {home}; stop met Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


def _until_stopped(processes: Processes) -> int:
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    while not stopped:
        time.sleep(0.2)
        if dead := processes.died():
            raise Failure(f"{dead.name} stopped by itself; its log is {dead.log}")
    _say("stopping")
    return 0
