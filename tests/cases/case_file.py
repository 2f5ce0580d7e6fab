"""Reads a case: a small text file of sections, each started by a line `-- name:` (see README.md)."""
import pathlib
import re

SECTIONS = {"before", "after", "rows", "args", "expect", "forbid", "review", "refuse", "replace", "config", "query", "gives",
            "rows-change", "model", "model 2", "note", "differs", "skip", "one-way", "engines", "order", "roles", "unit-only"}
HEAD = re.compile(r"^-- ([a-z0-9 -]+):(.*)$")


class Case:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = f"{self.path.parent.name}/{self.path.stem}"
        self.sections = {}
        current = None
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            match = HEAD.match(line)
            if match and match.group(1) in SECTIONS:
                current = match.group(1)
                self.sections.setdefault(current, [])
                if match.group(2).strip():
                    self.sections[current].append(match.group(2).strip())
            elif current is None:
                if line.strip() and not line.startswith("--"):
                    raise ValueError(f"{path}:{number}: text before the first section")
            else:
                self.sections[current].append(line)

    def has(self, name):
        return name in self.sections

    def text(self, name):
        return "\n".join(self.sections.get(name, [])).strip("\n")

    def lines(self, name):
        return [line.strip() for line in self.sections.get(name, []) if line.strip()]
