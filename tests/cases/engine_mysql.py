"""MySQL and MariaDB: a database a case, looked at by the server's own dump program."""
import datetime
import functools
import os
import re
import urllib.parse

import libmariadb
import servers
from tools import Failure, run, words


class Database:
    def __init__(self, engine, name):
        self.engine = engine
        self.name = name
        self.url = engine.url_of(name)
        self.connection = engine.connect(name)

    def run_script(self, sql):
        """What the client would run: DELIMITER is its own command."""
        delimiter, part = ";", ""
        for line in sql.splitlines():
            if line.strip().upper().startswith("DELIMITER "):
                self.run_part(part, delimiter)
                delimiter, part = line.split()[1], ""
            else:
                part += line + "\n"
        self.run_part(part, delimiter)

    def run_part(self, part, delimiter):
        for text in [part] if delimiter == ";" else part.split(delimiter):
            if text.strip():
                self.connection.query(text)

    def execute(self, sql):
        if not sql.strip():
            return
        try:
            # MySQL keeps what stands behind a program in its message as a part of it: its own client sends each statement alone.
            if self.engine.name == "mysql" and re.search(r"\b(TRIGGER|FUNCTION|PROCEDURE|EVENT)\b", sql):
                done = self.client(sql)
                if done.returncode != 0:
                    raise Failure(f"the case's own SQL fails: {done.stderr}", sql)
            else:
                self.run_script(sql)
        except libmariadb.Error as error:
            raise Failure(f"the case's own SQL fails: {error}", sql)
        # What the script set for its session is not for what comes.
        self.connection.close()
        self.connection = self.engine.connect(self.name)

    def client(self, sql):
        """By the server's own client, which stops at the first error."""
        return run([self.engine.client, *self.engine.options, "--default-character-set=utf8mb4", "--batch", self.name], sql, False)

    def query(self, sql):
        return "\n".join("|".join("NULL" if value is None else value.decode(errors="replace") for value in row) for row in self.connection.query(sql))

    def catalog(self):
        text = run([self.engine.dump, *self.engine.options, "--no-data", "--routines", "--triggers", "--events", "--skip-comments", "--skip-opt",
                    "--create-options", "--quote-names", "--skip-tz-utc", f"--ignore-table={self.name}.schema_versions",
                    f"--ignore-table={self.name}.schema_versions_log", f"--ignore-table={self.name}.schema_versions_schema", self.name]).stdout
        options = self.query("SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()")
        return statements(text.replace(f"`{self.name}`", "`database`"), self.engine.collations) + [f"database {options}"] + self.grants() + self.reference_systems()

    def reference_systems(self):
        """REF_SYSTEM_ID, which MariaDB shows nowhere else."""
        if self.engine.name != "mariadb":
            return []
        return [f"reference system {line}" for line in self.query("SELECT g_table_name, g_geometry_column, srid FROM information_schema.geometry_columns "
                                                                  "WHERE g_table_schema = DATABASE() AND srid <> 0").splitlines()]

    def grants(self):
        """Who may do what with single objects here, which no dump tells."""
        return [f"grant {line}" for query in (
            "SELECT grantee, table_name, privilege_type, is_grantable FROM information_schema.table_privileges WHERE table_schema = DATABASE()",
            "SELECT grantee, table_name, column_name, privilege_type, is_grantable FROM information_schema.column_privileges WHERE table_schema = DATABASE()",
            "SELECT user, host, routine_type, routine_name, proc_priv FROM mysql.procs_priv WHERE db = DATABASE()") for line in self.query(query).splitlines()]

    def rows(self):
        tables = self.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' "
                            "AND table_name NOT LIKE 'schema_versions%'").splitlines()
        out = {}
        for table in tables:
            rows = self.connection.query(f"SELECT * FROM `{table}`")
            names = self.connection.names
            out[table] = [{name: "NULL" if value is None else value.decode(errors="backslashreplace") for name, value in zip(names, row)} for row in rows]
        return out

    def drop(self):
        self.connection.close()
        self.engine.admin(f"DROP DATABASE IF EXISTS `{self.name}`")


SESSION = re.compile(r"/\*!5000[13] SET (sql_mode|character_set_client|collation_connection|time_zone)\s*= ([^@].*?) *\*/ *;+$")
EXECUTABLE = re.compile(r"/\*!\d{5,6} ?(.*?)\*/", re.S)
NOISE = re.compile(r"^(/\*!\d+ SET .*\*/;?|SET .*;|/\*M!999999.*|DELIMITER.*|ALTER DATABASE .*;)$")


def statements(dump, collations):
    """A dump as statements in which the order of columns and keys does not matter; the collations are the defaults by character set.
    What the dump sets in front of a view or a program is a part of it: the server keeps that with the object."""
    out, lines = [], []
    session = {}
    body = False
    for line in dump.splitlines():
        if line.startswith("DELIMITER"):
            body = ";;" in line
        if not lines and (setting := SESSION.match(line.strip())):
            session[setting[1]] = ",".join(sorted(setting[2].strip("'").split(",")))
            continue
        if (not lines or not body) and (not line.strip() or NOISE.match(line.strip().rstrip(";") + ";") or NOISE.match(line.strip())):
            continue
        lines.append(line)
        if line.rstrip().endswith(";;") or (not body and line.rstrip().endswith(";")):
            out.append(statement_text(lines, collations, session))
            lines = []
    if lines:
        out.append(statement_text(lines, collations, session))
    return [text for text in out if not text.startswith("/*!50001 DROP") and not text.startswith("/*!50003 SET")]


def statement_text(lines, collations, session):
    if lines[0].startswith("CREATE TABLE"):
        # The options of a vector index have no order.
        lines = [re.sub(r"((?: `[A-Z]+`='[^']*')+)(,?)$", lambda found: " " + " ".join(sorted(found[1].split())) + found[2], line) if "VECTOR KEY" in line else line for line in lines]
        end = re.sub(r" AUTO_INCREMENT=\d+", "", lines[-1].strip())
        inner = sorted(without_the_tables_own(line.strip().rstrip(","), end, collations) for line in lines[1:-1])
        return lines[0] + " " + ", ".join(inner) + " " + end
    text = "\n".join(lines)
    kind = next((kind for kind in ("TRIGGER", "EVENT", "VIEW", "FUNCTION", "PROCEDURE", "PACKAGE") if re.search(rf"\b{kind}\b", text)), "")
    if not kind or re.match(r"/\*!50001 (DROP VIEW|CREATE VIEW `[^`]*` AS SELECT)", lines[0]):
        return text
    kept = ["character_set_client", "collation_connection"] + ([] if kind == "VIEW" else ["sql_mode"]) + (["time_zone"] if kind == "EVENT" else [])
    under = "".join(f" {name}={session.get(name, '?')}" for name in kept)
    text = EXECUTABLE.sub(r"\1", text)
    if kind == "TRIGGER":
        return " ".join(words(text)) + under  # the server keeps the statement as it was typed, white space and all
    text = re.sub(r"\s*;;$", "", text).rstrip()
    if kind == "VIEW":
        text = flat(text)
    return (re.sub(r" STARTS '([^']*)'", without_the_start_of_now, text) if kind == "EVENT" else text) + under


def flat(text):
    """MySQL prints (a and (b and c)) where a NOT stood over an OR, and (a and b and c) once it has read that: parentheses within others of the
    same word, which hold nothing but operands of it, say nothing."""
    while True:
        opens, groups = [], []
        for found in re.finditer(r"'(?:[^'\\]|''|\\.)*'|`[^`]*`|[()]|\b(?:and|or|between|xor|case)\b|,", text):
            word = found[0]
            if word == "(":
                opens.append([found.start(), set()])
            elif word == ")" and opens:
                start, words = opens.pop()
                groups.append((start, found.start(), words, opens[-1][1] if opens else set()))
            elif word in ("and", "or", "between", "xor", "case", ",") and opens:
                opens[-1][1].add(word)
        for start, end, words, around in groups:
            word = next(iter(words), "")
            left, right = text[:start].rstrip(), text[end + 1:].lstrip()
            if words == around == {word} and word in ("and", "or") and left.endswith((" " + word, "(")) and right.startswith((word + " ", ")")):
                text = text[:start] + text[start + 1:end] + text[end + 1:]
                break
        else:
            return text


def without_the_start_of_now(found):
    """An event that names no start has the time of its creation as one."""
    near = abs((datetime.datetime.fromisoformat(found[1]) - datetime.datetime.now()).total_seconds()) < 2 * 86400
    return "" if near else found[0]


def without_the_tables_own(line, options, collations):
    """MySQL's dump tells of a column whether its character set was typed or the table's own, which is the same column, of a foreign
    key which of two words for one rule was typed, and of a number whether it was read as a negative one or as one negated."""
    line = re.sub(r"-\((\d[\d.]*)\)", r"-\1", line)
    if " CHECK (" in line or " GENERATED " in line:
        line = flat(line)
    table = dict(re.findall(r"\b(CHARSET|COLLATE)=(\w+)", options))
    charset = table.get("CHARSET", "")
    if line.startswith("`"):
        line = line.replace(f" CHARACTER SET {charset} ", " ", 1).replace(f" COLLATE {table.get('COLLATE') or collations.get(charset)}", "", 1)
    return re.sub(r" ON (DELETE|UPDATE) (RESTRICT|NO ACTION)\b", "", line) if " FOREIGN KEY " in line else line


class Engine:
    dialect = "mysql"

    def __init__(self, name):
        self.name = name
        self.server = servers.SERVERS[name]
        self.missing = self.server.missing
        url = urllib.parse.urlsplit(self.server.url)
        self.client, self.dump = self.server.client, self.server.dump
        self.address = [url.hostname, url.port or 3306, url.username, url.password or ""]
        self.options = self.server.mysql_options()

    def url_of(self, name):
        return self.server.url_of(name)

    def connect(self, name):
        return libmariadb.Connection(*self.address, name)

    def admin(self, sql):
        connection = self.connect("")
        try:
            return connection.query(sql)
        finally:
            connection.close()

    def create(self, label, folder):
        name = f"case_{os.getpid()}_{label}".lower()[:63]
        self.admin(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return Database(self, name)

    @functools.cached_property
    def collations(self):
        return {charset.decode(): collation.decode() for charset, collation in
                self.admin("SELECT character_set_name, default_collate_name FROM information_schema.character_sets")}

    def version(self):
        return self.admin("SELECT version()")[0][0].decode()

    def close(self):
        pass
