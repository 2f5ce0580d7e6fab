"""Owners and privileges in the model: random states of them, made by the engine's own client in one database and by a model in another,
are the same for the engine's own dump and its own tables of grants; there and back."""
import os
import random
import re
import unittest

from support import Database, TestCase, engines, main, run

SEED = int(os.environ.get("MIGRATE_TEST_SEED", "0")) or random.randrange(1, 10**6)
ROUNDS = int(os.environ.get("MIGRATE_TEST_ROUNDS", "4"))
PID = os.getpid()

POSTGRESQL = {
    "schemas": {"audit": ["usage", "create"]},
    "enums": {"mood": ["usage"]},
    "domains": {"positive": ["usage"]},
    "sequences": {"counter": ["usage", "select", "update"]},
    "functions": {"add(integer, integer)": ["execute"]},
    "procedures": {"tidy()": ["execute"]},
    "tables": {"item": ["select", "insert", "update", "delete", "truncate", "references", "trigger"], "audit.log": ["select", "insert", "update", "delete"]},
    "views": {"shown": ["select", "insert"]},
    "materialized_views": {"kept": ["select"]},
}
POSTGRESQL_MODEL = {
    "schemas": {"audit": {}},
    "enums": {"mood": {"values": "[sad, ok]"}},
    "domains": {"positive": {"type": "integer"}},
    "sequences": {"counter": {}},
    "functions": {"add(integer, integer)": {"definition": '"CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql AS $$ SELECT $1 + $2 $$"'}},
    "procedures": {"tidy()": {"definition": '"CREATE PROCEDURE tidy() LANGUAGE sql AS $$ SELECT 1 $$"'}},
    "tables": {"item": {"columns": "{id: {type: integer, null: false}, \"Odd Name\": text, mood: mood}", "primary_key": "[id]"},
               "audit.log": {"columns": "{id: {type: integer, null: false}}", "primary_key": "[id]"}},
    "views": {"shown": {"query": '"SELECT id FROM item"'}},
    "materialized_views": {"kept": {"query": '"SELECT id FROM item"'}},
}
WORDS = {"schemas": "SCHEMA", "enums": "TYPE", "domains": "DOMAIN", "sequences": "SEQUENCE", "functions": "FUNCTION", "procedures": "PROCEDURE", "tables": "TABLE",
         "views": "TABLE", "materialized_views": "TABLE"}
COLUMN = '"Odd Name"'

MYSQL = {
    "functions": {"plus": ["execute", "alter routine"]},
    "procedures": {"tidy": ["execute"]},
    "tables": {"item": ["select", "insert", "update", "delete", "references", "index", "alter", "trigger"], "log": ["select", "create", "drop"]},
    "views": {"shown": ["select", "show view"]},
}
MYSQL_MODEL = {
    "functions": {"plus": {"definition": '"CREATE FUNCTION plus(a int, b int) RETURNS int DETERMINISTIC RETURN a + b"'}},
    "procedures": {"tidy": {"definition": '"CREATE PROCEDURE tidy() SELECT 1"'}},
    "tables": {"item": {"columns": "{id: int, \"Odd Name\": varchar(20)}", "primary_key": "[id]"}, "log": {"columns": "{id: int}", "primary_key": "[id]"}},
    "views": {"shown": {"query": '"SELECT id FROM item"'}},
}


def pick(random_, privileges):
    """Some of the privileges, each with or without the option to give it on."""
    return {privilege: random_.random() < 0.3 for privilege in random_.sample(privileges, random_.randint(1, len(privileges)))}


class State:
    """Who may do what: {(kind, name): (owner, {role: {privilege: option}})}; the column's under ("column", ...)."""

    def __init__(self, engine, random_, roles, owners):
        self.engine, self.said = engine, {}
        for kind, objects in (POSTGRESQL if engine == "postgresql" else MYSQL).items():
            for name, privileges in objects.items():
                self.said[kind, name] = self.one(random_, privileges, roles, owners if engine == "postgresql" else [])
        self.said["column", "item"] = self.one(random_, ["select", "update", "insert", "references"], roles, [])
        if engine != "postgresql":
            self.said["database", ""] = self.one(random_, ["select", "insert", "create temporary tables", "create view", "execute", "lock tables"], roles, [])

    def one(self, random_, privileges, roles, owners):
        owner = random_.choice(owners) if owners else None
        grants = {role: pick(random_, privileges) for role in roles if role != owner and random_.random() < 0.6}
        for role in grants:
            if self.engine != "postgresql":  # the option is one for all
                option = any(grants[role].values()) and privileges[0] != "select"
                grants[role] = dict.fromkeys(grants[role], option)
            elif role == "public":
                grants[role] = dict.fromkeys(grants[role], False)
        return owner, grants

    def sql(self, owner_first=True):
        """By hand, over objects that nobody has any privilege on yet."""
        out = []
        for (kind, name), (owner, grants) in self.said.items():
            if owner:
                word = {"views": "VIEW", "materialized_views": "MATERIALIZED VIEW"}.get(kind, WORDS.get(kind))
                out.append(f"ALTER {word} {name} OWNER TO {owner}")
            on = {"column": "item", "database": "*"}.get(kind) or f"{WORDS[kind] if self.engine == 'postgresql' or kind in ('functions', 'procedures') else ''} {name}"
            if self.engine == "postgresql" and kind in ("functions", "procedures", "enums", "domains"):
                out.append(f"REVOKE ALL ON {on} FROM PUBLIC")
            quoted = COLUMN if self.engine == "postgresql" else "`Odd Name`"
            for role, privileges in grants.items():
                for option in (False, True):
                    words = [privilege + (f" ({quoted})" if kind == "column" else "") for privilege, given_on in privileges.items() if given_on == option]
                    if words:
                        out.append(f"GRANT {', '.join(words)} ON {on} TO {self.account(role)}{' WITH GRANT OPTION' if option else ''}")
        return ";\n".join(out) + ";\n"

    def account(self, role):
        return role if self.engine == "postgresql" or role == "public" else "@".join(f"'{part}'" for part in role.split("@"))

    def grants_yaml(self, grants):
        entries = []
        for role, privileges in grants.items():
            options = [privilege for privilege, option in privileges.items() if option]
            words = "[" + ", ".join(privileges) + "]"
            if options:
                words = f"{{privileges: {words}, with_grant_option: {'true' if len(options) == len(privileges) else '[' + ', '.join(options) + ']'}}}"
            entries.append(f'"{role}": {words}')
        return "{" + ", ".join(entries) + "}"

    def model(self):
        lines = []
        if ("database", "") in self.said:
            lines.append("grants: " + self.grants_yaml(self.said["database", ""][1]))
        for kind, objects in (POSTGRESQL_MODEL if self.engine == "postgresql" else MYSQL_MODEL).items():
            lines.append(f"{kind}:")
            for name, properties in objects.items():
                owner, grants = self.said[kind, name]
                lines.append(f'  "{name}":')
                for key, value in properties.items():
                    if key == "columns" and name == "item":
                        value = re.sub(r'"Odd Name": ([a-z0-9()]+)', lambda found: f'"Odd Name": {{type: {found[1]}, grants: {self.grants_yaml(self.said["column", "item"][1])}}}', value)
                    lines.append(f"    {key}: {value}")
                if owner:
                    lines.append(f"    owner: {owner}")
                lines.append("    grants: " + self.grants_yaml(grants))
        return "\n".join(lines) + "\n"


def plain_model(engine):
    lines = []
    for kind, objects in (POSTGRESQL_MODEL if engine == "postgresql" else MYSQL_MODEL).items():
        lines.append(f"{kind}:")
        for name, properties in objects.items():
            lines.append(f'  "{name}": ' + ("{}" if not properties else ""))
            lines += [f"    {key}: {value}" for key, value in properties.items()]
    return "\n".join(lines).replace("schemas:\n  \"audit\": {}", "schemas: [audit]") + "\n"


def rights(database, objects_only=False):
    """What the engine's own dump and tables say of owners and privileges, in this database."""
    if database.engine == "postgresql":
        dump = run([database.server.dump, "--schema-only", "--exclude-table=schema_versions*", database.url])
        assert dump.code == 0, dump
        return sorted(line for line in dump.out.splitlines() if line.startswith(("GRANT", "REVOKE")) or (line.startswith("ALTER") and " OWNER TO " in line))
    found = []
    for table, columns in (("db", "*"), ("tables_priv", "user, host, table_name, table_priv, column_priv"), ("columns_priv", "user, host, table_name, column_name, column_priv"),
                           ("procs_priv", "user, host, routine_name, routine_type, proc_priv")):
        rows = database.sql(f"SELECT {columns} FROM mysql.{table} WHERE db = database() AND user LIKE 'rt%' ORDER BY 1, 2, 3, 4")
        found += [table + ": " + row.replace(database.name, "DB") for row in rows.splitlines()]
    return sorted(found)


class Rights(TestCase):
    def roles(self, project):
        """Accounts of this test: (those that get privileges, those that own)."""
        if project.engine == "postgresql":
            roles, owners = [f"rt{PID}_a", f"rt{PID}_b", "public"], [f"rt{PID}_own", "migrate_owner"]
            admin = project.database.sql("SELECT current_user")
            owners[1] = admin
            for role in roles[:2] + owners[:1]:
                project.database.client(project.database.admin, f"CREATE ROLE {role}")
                self.addCleanup(project.database.client, project.database.admin, f"DROP ROLE {role}")
            return roles, owners
        roles = [f"rt{PID}@%", f"rt{PID}x@localhost"]
        for role in roles:
            account = State(project.engine, random.Random(1), [], []).account(role)
            project.database.client(project.database.admin, f"CREATE USER {account}")
            self.addCleanup(project.database.client, project.database.admin, f"DROP USER {account}")
        return roles, []

    def servers(self):
        for engine in engines():
            if engine != "sqlite":
                with self.subTest(engine=engine, seed=SEED):
                    yield self.project(engine, "schemas: [public, audit]" if engine == "postgresql" else "")

    def other(self, project, sql):
        """Another database with what the script makes."""
        database = Database(project.engine, project.folder)
        self.addCleanup(database.drop)
        done = database.script(sql, project.folder)
        self.assertEqual(done.code, 0, f"{sql}\n{done!r}")
        return database

    def first_upgrade(self, project):
        unit = next((project.folder / "migrations").glob("*.sql")).read_text(encoding="utf-8")
        return re.search(r"-- migrate: upgrade[^\n]*\n(.*?)-- migrate: downgrade", unit, re.S)[1]

    def revision(self, project, model, message):
        project.write("model.yaml", model)
        project.migrate("revision", "-a", "-m", message)
        project.migrate("upgrade", "head")
        project.migrate("check")

    def test_random_states_there_and_back(self):
        for project in self.servers():
            random_ = random.Random(SEED)
            roles, owners = self.roles(project)
            self.revision(project, plain_model(project.engine), "plain")
            plain = rights(project.database)
            steps = [plain]
            script = self.first_upgrade(project)
            for number in range(ROUNDS):
                state = State(project.engine, random_, roles, owners)
                self.revision(project, state.model(), f"state {number}")
                expected = rights(self.other(project, script + state.sql()))
                self.assertEqual(rights(project.database), expected, state.model())
                steps.append(expected)
            for expected in reversed(steps[:-1]):
                project.migrate("downgrade", "-1")
                self.assertEqual(rights(project.database), expected)

    def test_what_is_inspected_builds_the_same(self):
        for project in self.servers():
            roles, owners = self.roles(project)
            self.revision(project, plain_model(project.engine), "plain")
            script = self.first_upgrade(project)
            source = self.other(project, script + State(project.engine, random.Random(SEED), roles, owners).sql())
            model = project.migrate("inspect", "--grants", "--database", source.url).out
            self.assertNotIn(f"rt{PID}", project.migrate("inspect", "--database", source.url).out)
            self.revision(project, model, "rights")
            self.assertEqual(rights(project.database), rights(source), model)
            self.assertEqual(project.migrate("inspect", "--grants").out, model)

    def test_what_is_not_declared_is_left_alone(self):
        for project in self.servers():
            roles, _ = self.roles(project)
            self.revision(project, plain_model(project.engine), "plain")
            account = State(project.engine, random.Random(1), [], []).account(roles[0])
            project.sql(f"GRANT SELECT ON item TO {account}")
            before = rights(project.database)
            project.migrate("check")
            project.write("model.yaml", plain_model(project.engine).replace("log\":", "log\":\n    grants: {}"))
            project.migrate("check")
            project.write("model.yaml", plain_model(project.engine).replace("\"item\":", "\"item\":\n    grants: {}"))
            told = project.migrate("check", code=3).out
            self.assertIn(f"alter privileges on table item -({roles[0]}: select)", told)
            self.assertEqual(rights(project.database), before)

    def test_everything_is_what_the_engine_calls_all(self):
        for project in self.servers():
            roles, _ = self.roles(project)
            self.revision(project, plain_model(project.engine).replace("\"item\":", f"\"item\":\n    grants: {{\"{roles[0]}\": all}}"), "all")
            account = State(project.engine, random.Random(1), [], []).account(roles[0])
            before = rights(project.database)
            project.sql(f"GRANT ALL ON item TO {account}")
            self.assertEqual(rights(project.database), before)

    def test_the_role_in_hand_keeps_what_it_has(self):
        for project in self.servers():
            self.revision(project, "tables: {t: {columns: {id: int}, grants: {}}}\ngrants: {}\n", "mine")
            project.sql("INSERT INTO t VALUES (1)")
            project.migrate("downgrade", "base")

    def test_the_account_in_hand_may_be_named(self):
        for project in self.servers():
            account = project.sql("SELECT current_user") if project.engine == "postgresql" else project.sql("SELECT current_user()")
            model = "tables:\n  t:\n    columns: {id: int}\n    grants: {%s}\n"
            self.revision(project, model % "", "plain")
            before = self.all_rights(project)
            self.revision(project, model % f'"{account}": [select, insert]', "named")
            self.assertNotEqual(self.all_rights(project), before)
            project.migrate("downgrade", "-1")
            self.assertEqual(self.all_rights(project), before)

    def all_rights(self, project):
        """Of everybody, also of the account in hand."""
        if project.engine == "postgresql":
            return project.sql("SELECT privilege_type FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) WHERE relname = 't' ORDER BY 1")
        return project.sql("SELECT user, host, table_name, table_priv FROM mysql.tables_priv WHERE db = database() ORDER BY 1, 2, 3")

    def test_the_schema_of_defaults_is_written_as_it_is_read(self):
        for project in self.servers():
            if project.engine != "postgresql":
                continue
            roles, _ = self.roles(project)
            project.sql(f"CREATE SCHEMA audit; ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO {roles[0]}; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {roles[1]}")
            for schemas in ("[public, audit]", "[audit]"):  # the first is the default one
                project.config(f"schemas: {schemas}")
                project.write("model.yaml", project.migrate("inspect", "--grants").out)
                project.migrate("check")

    def test_new_objects_get_what_default_privileges_say(self):
        for project in self.servers():
            if project.engine != "postgresql":
                continue
            roles, _ = self.roles(project)
            self.revision(project, f"default_privileges:\n- {{on: tables, grants: {{{roles[0]}: [select]}}}}\n- {{schema: public, on: functions, grants: {{{roles[1]}: [execute]}}}}\n", "defaults")
            self.assertEqual(project.sql("SELECT count(*) FROM pg_default_acl"), "2")
            model = (project.folder / "model.yaml").read_text()
            self.revision(project, model + "tables: {t: {columns: {id: int}, grants: {}}, u: {columns: {id: int}}}\n", "a table")
            self.assertEqual(project.sql(f"SELECT has_table_privilege('{roles[0]}', 't', 'select'), has_table_privilege('{roles[0]}', 'u', 'select')"), "f|t")
            project.migrate("downgrade", "base")
            self.assertEqual(project.sql("SELECT count(*) FROM pg_default_acl"), "0")

    def test_a_role_gives_on_what_it_may(self):
        for project in self.servers():
            if project.engine != "postgresql":
                continue
            roles, _ = self.roles(project)
            a, b = roles[:2]
            model = "tables: {t: {columns: {id: int}, grants: {%s}}}\n"
            self.revision(project, model % "", "plain")
            self.revision(project, model % f"{a}: {{privileges: [select], with_grant_option: true}}, {b}: {{privileges: [select], granted_by: {a}}}", "given on")
            self.assertEqual(project.sql("SELECT array_to_string(relacl, ' ') FROM pg_class WHERE relname = 't'").split(" ")[1:], [f"{a}=r*/{self.admin(project)}", f"{b}=r/{a}"])
            self.revision(project, model % f"{b}: [select]", "by us")
            project.migrate("downgrade", "-1")
            project.migrate("downgrade", "-1")
            self.assertEqual(project.sql("SELECT array_to_string(relacl, ' ') FROM pg_class WHERE relname = 't'"), f"{self.admin(project)}=arwdDxt/{self.admin(project)}")

    def admin(self, project):
        return project.sql("SELECT current_user")

    def test_renamed_objects_keep_theirs(self):
        for project in self.servers():
            roles, _ = self.roles(project)
            model = f'tables:\n  one:\n    columns: {{id: int, a: {{type: int, grants: {{"{roles[0]}": [update]}}}}}}\n    primary_key: [id]\n    grants: {{"{roles[0]}": [select]}}\n'
            self.revision(project, model, "one")
            project.write("model.yaml", model.replace("one:", "two:\n    renamed_from: one").replace("a: {type", "b: {renamed_from: a, type"))
            project.migrate("revision", "-a", "-m", "two")
            unit = max((project.folder / "migrations").glob("*.sql")).read_text()
            if project.engine == "postgresql":
                self.assertNotIn("GRANT", unit)
            project.migrate("upgrade", "head")
            project.migrate("check")

    def test_nothing_is_lost_by_a_rename_that_no_model_declares_rights_of(self):
        for project in self.servers():
            roles, _ = self.roles(project)
            account = State(project.engine, random.Random(1), [], []).account(roles[0])
            definition = {"postgresql": '"CREATE FUNCTION %s() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$"'}.get(project.engine, '"CREATE FUNCTION %s() RETURNS int DETERMINISTIC RETURN 1"')
            model = ("tables:\n  one:\n    columns: {id: int, a: int, b: int}\n    primary_key: [id]\n  other: {columns: {x: int}}\n"
                     'views:\n  seen: {query: "SELECT id FROM one"}\nfunctions:\n  ' + ("calc()" if project.engine == "postgresql" else "calc") + ":\n    definition: " + definition % "calc" + "\n")
            self.revision(project, model, "one")
            option = "" if project.engine == "postgresql" else " WITH GRANT OPTION"
            for grant in ("SELECT, DELETE ON one", "INSERT ON other", "SELECT ON seen", "EXECUTE ON FUNCTION calc" + ("()" if project.engine == "postgresql" else "")):
                project.sql(f"GRANT {grant} TO {account}{option}")
            project.sql(f"GRANT UPDATE (a), SELECT (b) ON one TO {account}")
            before = rights(project.database)
            renamed = (model.replace("  one:", "  two:\n    renamed_from: one").replace(" a: int", " aa: {type: int, renamed_from: a}").replace("  other: {", "  another: {renamed_from: other, ")
                       .replace("seen: {query: \"SELECT id FROM one", "watched: {renamed_from: seen, query: \"SELECT id FROM two").replace("  calc", "  computed").replace("FUNCTION calc", "FUNCTION computed")
                       .replace("    definition", "    renamed_from: calc\n    definition"))
            self.revision(project, renamed, "two")
            names = {"one": "two", "other": "another", "seen": "watched", "calc": "computed", "a": "aa"}
            self.assertEqual(rights(project.database), sorted(re.sub(r"\b(one|other|seen|calc|a)\b", lambda found: names[found[0]], line) for line in before))
            project.migrate("downgrade", "-1")
            self.assertEqual(rights(project.database), before)

    def test_what_was_dropped_comes_back_with_its_rights(self):
        everything, column = (lambda plain: "tables: {other: {columns: {id: int}}}\nschemas: [audit]\n"), (lambda plain: re.sub(r', "Odd Name": [a-z]+(\(20\))?', "", plain))
        for less in (everything, column):
            for project in self.servers():
                roles, owners = self.roles(project)
                plain = plain_model(project.engine).replace("tables:\n", "tables:\n  other: {columns: {id: int}}\n")
                self.revision(project, plain, "plain")
                done = project.database.script(State(project.engine, random.Random(SEED), roles, owners).sql(), project.folder)
                self.assertEqual(done.code, 0, done)
                before = rights(project.database)
                self.assertGreater(len(before), 5)
                model = less(plain) if project.engine == "postgresql" else less(plain).replace("schemas: [audit]\n", "")
                self.revision(project, model, "less")
                project.migrate("downgrade", "-1")
                self.assertEqual(rights(project.database), before)

    def test_slips_are_told_with_their_place(self):
        for project in self.servers():
            roles, _ = self.roles(project)
            for grants, told in (("{nobody_here: [select]}", "nobody_here"), (f'{{"{roles[0]}": [selct]}}', "did you mean 'select'?"), (f'{{"{roles[0]}": [execute]}}', "no privilege 'execute'"),
                                 (f'{{"{roles[0]}": {{privilege: [select]}}}}', "unknown key 'privilege'"), (f'{{"{roles[0]}": {{}}}}', "names no privilege"), ("[select]", "must be a map"),
                                 (f'{{"{roles[0]}": [[select]]}}', "a privilege is a word")):
                project.write("model.yaml", f"tables:\n  t:\n    columns: {{id: int}}\n    grants: {grants}\n")
                refused = project.migrate("revision", "-a", "-m", "x", code=2)
                self.assertIn(told, refused.err)
                self.assertRegex(refused.err, r"model\.yaml:[234]:")
            self.assertEqual(list((project.folder / "migrations").iterdir()), [])
            if project.engine != "postgresql":
                project.write("model.yaml", "tables: {t: {columns: {id: int}, owner: someone}}\n")
                self.assertIn("have no owner", project.migrate("check", code=2).err)
                project.write("model.yaml", "default_privileges: [{on: tables, grants: {}}]\n")
                self.assertIn("has no default privileges", project.migrate("check", code=2).err)

    def test_an_engine_without_accounts_passes_them_over(self):
        project = self.project("sqlite")
        self.revision(project, "grants: {app: [select]}\ntables: {t: {columns: {id: integer}, owner: boss, grants: {app: [select]}}}\n", "one")


if __name__ == "__main__":
    main()
