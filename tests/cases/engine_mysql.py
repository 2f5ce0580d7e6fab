"""MySQL and MariaDB: a database a case, looked at by the server's own dump program."""
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
        return statements(text.replace(f"`{self.name}`", "`database`"), self.engine.collations) + [f"database {options}"]

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


NOISE = re.compile(r"^(/\*!\d+ SET .*\*/;?|SET .*;|/\*M!999999.*|DELIMITER.*|ALTER DATABASE .*;)$")


def statements(dump, collations):
    """A dump as statements in which the order of columns and keys does not matter; the collations are the defaults by character set."""
    out, lines = [], []
    body = False
    for line in dump.splitlines():
        if line.startswith("DELIMITER"):
            body = ";;" in line
        if (not lines or not body) and (not line.strip() or NOISE.match(line.strip().rstrip(";") + ";") or NOISE.match(line.strip())):
            continue
        lines.append(line)
        if line.rstrip().endswith(";;") or (not body and line.rstrip().endswith(";")):
            out.append(statement_text(lines, collations))
            lines = []
    if lines:
        out.append(statement_text(lines, collations))
    return [text for text in out if not text.startswith("/*!50001 DROP") and not text.startswith("/*!50003 SET")]


def statement_text(lines, collations):
    if lines[0].startswith("CREATE TABLE"):
        end = re.sub(r" AUTO_INCREMENT=\d+", "", lines[-1].strip())
        inner = sorted(without_the_tables_own(line.strip().rstrip(","), end, collations) for line in lines[1:-1])
        return lines[0] + " " + ", ".join(inner) + " " + end
    text = "\n".join(lines)
    if "TRIGGER" in lines[0]:
        return " ".join(words(text))  # the server keeps the statement as it was typed, white space and all
    # MySQL keeps the end of the statement that made a routine or an event as a part of it, where others followed in one message.
    text = re.sub(r"\s*;?\s*(\*/)? ;;$", r" \1 ;;", text)
    return re.sub(r" (STARTS|ENDS) '[^']*'", "", text) if "EVENT" in text else text


def without_the_tables_own(line, options, collations):
    """MySQL's dump tells of a column whether its character set was typed or the table's own, which is the same column, of a foreign
    key which of two words for one rule was typed, and of a number whether it was read as a negative one or as one negated."""
    line = re.sub(r"-\((\d[\d.]*)\)", r"-\1", line)
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
