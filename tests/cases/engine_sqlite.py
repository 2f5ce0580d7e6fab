"""SQLite: files; the catalog is what the pragmas say, with what only the text in sqlite_schema holds."""
import os
import re
import sqlite3

from tools import Failure, words


def normal(sql):
    """Words that mean the same: quotes of names, x'00ff' and x'00FF', true and 1."""
    text = " ".join(words(sql or "")).replace(" . ", ".").replace(" .", ".").replace("! =", "< >").replace("index if not exists", "index").replace(" asc ", " ").replace(" (", "(")
    return re.sub(r"x '([0-9a-fA-F]*)'", lambda match: f"x'{match.group(1).lower()}'", text)


def bare_number(text, column_type):
    """An integer column makes a number of '0' as well as of 0."""
    return text[1:-1] if "int" in column_type.lower() and re.fullmatch(r"'-?\d+'", text) else text


def normal_default(text):
    return {"null": "", "true": "1", "false": "0"}.get(normal(text), normal(text))


def body_parts(tokens):
    """The parts between the outer parentheses of CREATE TABLE, and what follows them."""
    depth, part, parts, tail = 0, [], [], []
    started = done = False
    for token in tokens:
        if done:
            tail.append(token)
            continue
        if token == "(":
            depth += 1
            if depth == 1 and not started:
                started = True
                continue
        elif token == ")":
            depth -= 1
            if depth == 0:
                parts.append(part)
                done = True
                continue
        if not started:
            continue
        if token == "," and depth == 1:
            parts.append(part)
            part = []
        else:
            part.append(token)
    return parts, tail


def group_after(part, index):
    """The parenthesised group that starts at index."""
    depth, out = 0, []
    for token in part[index:]:
        out.append(token)
        depth += token == "("
        depth -= token == ")"
        if depth == 0:
            break
    while len(out) > 2 and out[0] == "(" and out[-1] == ")":
        inner, level, whole = out[1:-1], 0, True
        for token in inner:
            level += token == "("
            level -= token == ")"
            whole = whole and level >= 0
        if not whole:
            break
        out = inner
    return " ".join(out)


CONSTRAINTS = ("constraint", "primary", "unique", "check", "foreign")


def table_text_facts(name, sql):
    """What no pragma tells: checks, collations, generated expressions, conflict clauses, names, AUTOINCREMENT, deferral."""
    facts = []
    parts, _ = body_parts(words(sql))
    for part in parts:
        column = part[0] if part and part[0] not in CONSTRAINTS else ""
        for i, token in enumerate(part):
            if token == "check":
                facts.append(f"{name}: check {group_after(part, i + 1).replace('! =', '< >')}")
            elif token == "collate" and column and part[0] == column and "(" not in part[:i]:
                facts.append(f"{name}.{column}: collate {part[i + 1]}")
            elif token == "as" and column and i + 1 < len(part) and part[i + 1] == "(" and "check" not in part[:i]:
                facts.append(f"{name}.{column}: generated {group_after(part, i + 1)} {'stored' if 'stored' in part else 'virtual'}")
            elif token == "autoincrement":
                facts.append(f"{name}: autoincrement")
            elif token == "conflict":
                facts.append(f"{name}: on conflict {part[i + 1]}")
            elif token == "constraint" and not (i + 2 < len(part) and part[i + 2] in ("not", "null", "default", "collate")):
                facts.append(f"{name}: constraint named {part[i + 1]}")
            elif token in ("deferrable", "initially"):
                facts.append(f"{name}: {token} {part[i + 1] if i + 1 < len(part) else ''}")
    return [fact.rstrip() for fact in facts]


def primary_key(connection, table):
    columns = [row for row in connection.execute("SELECT pk, name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))]
    return [name for _, name in columns] or [None] * 9


GENERATED = re.compile(r": constraint named (ck|uq|fk)_")


class Database:
    def __init__(self, path):
        self.path = path
        self.url = "sqlite:///" + path

    @staticmethod
    def engine_rules(facts, wanted):
        """Constraints that the model does not name get their names by rule; no name is asked of them."""
        return [fact for fact in facts if fact in wanted or not GENERATED.search(fact)]

    def connect(self):
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def execute(self, sql):
        if not os.path.exists(self.path):
            self.connect().close()
        if not sql.strip():
            return
        connection = self.connect()
        try:
            connection.executescript(sql)
        except sqlite3.Error as error:
            raise Failure(f"the case's own SQL fails: {error}", sql)
        finally:
            connection.close()

    def query(self, sql):
        connection = self.connect()
        try:
            return "\n".join("|".join("NULL" if v is None else str(v) for v in row) for row in connection.execute(sql))
        except sqlite3.Error as error:
            raise Failure(f"query: {error}", sql)
        finally:
            connection.close()

    def catalog(self):
        connection = self.connect()
        facts = []
        try:
            objects = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
                                         "AND tbl_name NOT LIKE 'schema_versions%' ORDER BY name").fetchall()
            shadow = {row[1] for row in connection.execute("PRAGMA table_list") if row[2] == "shadow"}
            flags = {row[1]: f"without_rowid={row[4]} strict={row[5]}" for row in connection.execute("PRAGMA table_list")}
            for kind, name, table, sql in objects:
                if name in shadow:
                    continue
                if kind == "table" and not (sql or "").upper().startswith("CREATE VIRTUAL"):
                    facts.append(f"table {name} {flags.get(name, '')}")
                    facts += self.table_facts(connection, name, sql)
                else:
                    facts.append(f"{kind} {name} on {table}: {normal(sql)}")
            facts += self.sequence_facts(connection)
        finally:
            connection.close()
        return facts

    def sequence_facts(self, connection):
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone():
            return []
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        stray = [row[0] for row in connection.execute("SELECT name FROM sqlite_sequence") if row[0] not in tables]
        return [f"stray counter of {name}" for name in stray]

    @staticmethod
    def table_facts(connection, name, sql):
        quoted = '"' + name.replace('"', '""') + '"'
        facts = []
        for row in connection.execute(f"PRAGMA table_xinfo({quoted})"):
            facts.append(f"{name}.{row[1]}: {re.sub(r' +[(]', '(', row[2].lower())} notnull={row[3] or int(row[5] > 0)} default={bare_number(normal_default(row[4]), row[2])} pk={row[5]} hidden={row[6]}")
        keys = {}
        for row in connection.execute(f"PRAGMA foreign_key_list({quoted})"):
            target = row[4] or primary_key(connection, row[2])[row[1]]
            keys.setdefault(row[0], []).append((row[1], row[3], target))
            keys[row[0]].append((-1, f"{row[2].lower()} update {row[5]} delete {row[6]} match {row[7]}", ""))
        facts += sorted(f"{name}: foreign key {sorted(set(key), key=str)}" for key in keys.values())
        for row in connection.execute(f"PRAGMA index_list({quoted})").fetchall():
            if row[3] == "c":
                continue
            index = '"' + row[1].replace('"', '""') + '"'
            columns = [(c[2], c[3], c[4]) for c in connection.execute(f"PRAGMA index_xinfo({index})") if c[5]]
            facts.append(f"{name}: {row[3]} unique={row[2]} {columns}")
        return facts + table_text_facts(name, sql)

    def rows(self):
        connection = self.connect()
        out = {}
        try:
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                                              "AND name NOT LIKE 'schema_versions%'").fetchall():
                cursor = connection.execute('SELECT * FROM "' + name.replace('"', '""') + '"')
                columns = [item[0] for item in cursor.description]
                out[name] = [{column: str(value) for column, value in zip(columns, row)} for row in cursor]
        except sqlite3.Error as error:
            raise Failure(f"rows: {error}")
        finally:
            connection.close()
        return out

    def drop(self):
        for end in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(self.path + end):
                os.remove(self.path + end)


class Engine:
    name = dialect = "sqlite"
    missing = ""

    def create(self, label, folder):
        path = os.path.join(folder, label + ".db")
        database = Database(path)
        database.execute("")
        return database

    def close(self):
        pass
