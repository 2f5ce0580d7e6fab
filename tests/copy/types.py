#!/usr/bin/env python3
"""Each row of the tables of types in docs/copy.md, looked at: a column of the type is copied, and what its type became is asked.

  types.py PROGRAM"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import oracle
from servers import SERVERS
from support import Database

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/copy.md"
NAMES = {"SQLite": ["sqlite"], "PostgreSQL": ["postgresql"], "MySQL": ["mysql"], "MariaDB": ["mariadb"], "MySQL, MariaDB": ["mysql", "mariadb"]}


def tables():
    """(source engines, target engine, [(source type, target type)])"""
    text = PAGE.read_text()
    text = text[text.index("<!-- types from PostgreSQL"):text.index("<!-- end of types")]
    for block in text.split("<!-- types from ")[1:]:
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line.startswith("|")]
        header, rows = lines[0], lines[2:]
        for place, target in enumerate(header[1:], 1):
            for source in NAMES[header[0]]:
                yield source, NAMES[target][0], [(row[0], row[place]) for row in rows]


def types_of(database, count):
    if database.engine == "sqlite":
        return database.sql("SELECT type FROM pragma_table_info('every') ORDER BY cid").splitlines()[1:]
    if database.engine == "postgresql":
        names = {"character varying": "varchar", "character": "char", "timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz", "time without time zone": "time"}
        types = database.sql("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'every'::regclass AND attnum > 1 ORDER BY attnum").splitlines()
        for i, name in enumerate(types):
            for long, short in names.items():
                head, _, tail = name.partition("(")
                if head + (tail.partition(")")[2]) == long:
                    types[i] = short + (f"({tail.partition(')')[0]})" if tail else "")
        return [name.replace("numeric(20,0)", "numeric(20)") for name in types]
    return [re.sub(r"^((small|medium|big)?int)\(\d+\)", r"\1", row.replace("longtext json", "json")) for row in database.sql(
        "SELECT CONCAT(column_type, IF(column_type = 'longtext' AND EXISTS (SELECT 1 FROM information_schema.check_constraints c WHERE c.constraint_schema = DATABASE() AND "
        "c.check_clause LIKE CONCAT('%json_valid(`', column_name, '`)%')), ' json', '')) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'every' AND "
        "ordinal_position > 1 ORDER BY ordinal_position").splitlines()]


def main():
    bad = 0
    with tempfile.TemporaryDirectory(prefix="migrate-types-") as folder:
        folder = pathlib.Path(folder)
        for source_engine, target_engine, pairs in tables():
            if any(engine != "sqlite" and not SERVERS[engine].url for engine in (source_engine, target_engine)):
                continue
            source, target = Database(source_engine, folder), Database(target_engine, folder)
            try:
                columns = ", ".join(f"c{i} {name}{' NULL' if name.startswith('timestamp') and source_engine in ('mysql', 'mariadb') else ''}" for i, (name, _) in enumerate(pairs))
                oracle.run_script(source, [f"CREATE TABLE every (id integer PRIMARY KEY, {columns})"])
                done = subprocess.run([sys.argv[1], "copy", source.url, target.url, "--no-input"], capture_output=True, encoding="utf-8")
                if done.returncode != 0:
                    print(f"{source_engine} -> {target_engine}: {done.stderr}")
                    bad += 1
                    continue
                found = types_of(target, len(pairs))
                wrong = [f"{name} became {there}, docs/copy.md says {told}" for (name, told), there in zip(pairs, found) if told.lower() != there.lower() and not (told == "tinyint(1)" and there == "tinyint(1)")]
                if len(found) != len(pairs):
                    wrong.append(f"{len(found)} columns of {len(pairs)}")
                print(f"{source_engine} -> {target_engine}: {'as told' if not wrong else '; '.join(wrong)}")
                bad += bool(wrong)
            finally:
                source.drop()
                target.drop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
