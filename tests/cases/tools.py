"""What every engine and flow uses: running programs, reading SQL as words."""
import os
import re
import subprocess


class Failure(Exception):
    """A case failed: the reason, and what helps to see why."""

    def __init__(self, reason, detail=""):
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def run(command, text=None, check=True, cwd=None, environment=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=cwd, errors="replace",
                          env={**os.environ, **(environment or {})}, timeout=300)
    if check and done.returncode != 0:
        raise Failure(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[:2000]}", text or "")
    return done


WORD = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|[A-Za-z_0-9$.]+|\S""", re.S)


def words(sql):
    """SQL as a list of words: keywords and plain names in lower case, quotes of names removed, comments left out."""
    out = []
    for word in WORD.findall(sql):
        if word.startswith("--") or word.startswith("/*"):
            continue
        if word[0] in "\"`" or (word[0] == "[" and len(word) > 2 and word[1].isalpha()):
            word = word[1:-1].lower()
        elif word[0] != "'":
            word = word.lower()
        out.append(word)
    return out


def difference(first, second, first_name, second_name):
    """The lines that only one of two catalogs has."""
    a, b = sorted(first), sorted(second)
    only_a, only_b = list(a), list(b)
    for line in a:
        if line in only_b:
            only_b.remove(line)
            only_a.remove(line)
    if not only_a and not only_b:
        return ""
    lines = [f"  only in {first_name}: {line}" for line in only_a[:12]] + [f"  only in {second_name}: {line}" for line in only_b[:12]]
    more = max(0, len(only_a) - 12) + max(0, len(only_b) - 12)
    return "\n".join(lines + ([f"  and {more} more"] if more else []))
