"""What is known to fail, from known_failures.txt: it does not fail the run, and the run fails when it starts to pass.

A line is NAME | SERVERS | REASON: a case as run.py names it or a random pair as ENGINE/SEED; the servers, separated by commas, each
perhaps with the versions (mysql, mysql<9, postgresql<15, mariadb>=11)."""
import pathlib
import re

from tools import Failure

LIST = pathlib.Path(__file__).with_name("known_failures.txt")


def numbers(version):
    return tuple(int(number) for number in re.findall(r"\d+", version))


def covers(servers, engine):
    """Whether one of the servers is this engine, in a version that is meant."""
    for server in servers:
        name, sign, version = re.fullmatch(r"\s*(\w+)\s*(<|>=)?\s*([\d.]+)?\s*", server).groups()
        if name == engine.name and (not sign or (numbers(engine.version()) < numbers(version)) == (sign == "<")):
            return True
    return False


class Known:
    def __init__(self):
        lines = (line for line in LIST.read_text().splitlines() if line.strip() and not line.startswith("#"))
        self.entries = [[part.strip() for part in line.split("|", 2)] for line in lines]

    def judge(self, name, engine, failure):
        """The failure that counts: none for a known one, one for a known one that does not happen."""
        reasons = [reason for entry, servers, reason in self.entries if entry == name and covers(servers.split(","), engine)]
        if not reasons:
            return failure
        if failure is None:
            return Failure(f"it passes, and {LIST.name} says that it fails: {reasons[0]}")
        print(f"known failure: {name} on {engine.name}: {reasons[0]}", flush=True)
        return None
