"""`babyconnect demo`: a whole region on this machine, a process per node; prints addresses and log-ins."""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys
import time

from babyconnect.api import faults
from babyconnect.cli.demonstration import plan as plans
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.plan import Plan
from babyconnect.cli.demonstration.processes import Processes
from babyconnect.cli.failure import Failure
from babyconnect.definitions import document

HOME = ".demo"
PORT, WOMEN, SEED = 8100, 60, 1


def fault(text: str) -> tuple[str, str]:
    """`ORG=stop`, `ORG=slow:S`, `ORG=rubbish` or `ORG=refuse`."""
    name, _, what = text.partition("=")
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
        type=int,
        default=None,
        metavar="N",
        help=f"first port; the nodes take those after it (default {PORT})",
    )
    parser.add_argument("--women", type=int, default=None, metavar="N", help=f"women to synthesise (default {WOMEN})")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help=f"another region (default {SEED})")
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
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    plan = plans.load(home) or prepare.new_plan(
        home, options.port or PORT, options.women or WOMEN, options.seed or SEED, _say
    )
    _moved(plan, options)
    if options.load:
        from babyconnect.cli.demonstration.loading import load

        load(home, plan, options.load.resolve(), _say)
    broken = {plan.member(slug).slug: what for slug, what in options.fault}
    prepare.configure(home, plan, broken)
    plans.save(home, plan)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave the with block, so that every process stops
    with Processes() as processes:
        _start(processes, home, plan, broken)
        _say(f"ready in {time.monotonic() - began:.1f} s")
        if options.check:
            from babyconnect.cli.demonstration.check import check

            return check(home, plan, broken)
        print(_welcome(home, plan, broken), flush=True)
        return _until_stopped(processes)


def _moved(plan: Plan, options: argparse.Namespace) -> None:
    """What the command line says of a home that exists: another first port moves it, other women do not."""
    if options.port and options.port != plan.port:
        by = options.port - plan.port
        plan.port += by
        plan.members = [plans.moved(member, by) for member in plan.members]
    if (options.women or plan.women) != plan.women or (options.seed or plan.seed) != plan.seed:
        raise Failure(f"this home holds {plan.women} women of seed {plan.seed}; for others give another --home")


def _start(processes: Processes, home: pathlib.Path, plan: Plan, broken: dict[str, str]) -> None:
    region = home / "region" / "region.toml"
    processes.start("the region", "region", region, plan.region_url)
    processes.wait_until_healthy()
    prepare.publish(home, plan, _say)
    _say(f"starting {len(plan.members)} nodes")
    for member in plan.members:
        if broken.get(member.slug) != "stop":
            config = prepare.node_folder(home, member) / "node.toml"
            processes.start(member.name, "node", config, member.base_url)
    processes.wait_until_healthy()


def _say(text: str) -> None:
    print(f"[demo] {text}", file=sys.stderr, flush=True)


def _welcome(home: pathlib.Path, plan: Plan, broken: dict[str, str]) -> str:
    roles = document("parties.toml")["role"]
    lines = ["", "Babyconnect: een regio op deze machine", ""]
    for member in plan.members:
        state = f"  [{broken[member.slug]}]" if member.slug in broken else ""
        lines.append(f"{member.name}{state}")
        lines.append(f"  viewer {member.base_url}/viewer/   (URA {member.ura}, {member.slug})")
        lines += [f"  {person.username:<22} {roles[person.role]['name']}, {person.name}" for person in member.log_ins]
    lines += ["", f"Wachtwoord voor iedereen: {plan.password}", f"Regio: {plan.region_url}/health", ""]
    lines += ["Cliënten om mee te beginnen (testnummers):"]
    lines += [f"  {bsn or '(geen BSN)':<10}  {name}: {text}" for text, name, bsn in plan.special]
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
