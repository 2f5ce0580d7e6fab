"""What only SQLite has: virtual tables keep their rows whatever changes, collations and functions that only the application brings, views
that cannot be read. Python's own sqlite3 is the witness."""
import random
import re
import sqlite3

from support import TestCase, main

WORDS = "anna bert cora dora emil fritz gerda hans ida jonas klara lutz".split()


def columns_of(module, rng):
    """A few columns as the module takes them, behind those that it always has."""
    names = rng.sample(["title", "body", "Tags", '"odd name"', "note"], rng.randint(1, 4))
    if module.startswith("rtree"):
        return ["id", "x0", "x1"] + ["+" + name for name in names]
    if module == "fts5":
        return [name + rng.choice(["", "", " UNINDEXED"]) for name in names]
    return names


def plain(column):
    return column.removeprefix("+").removesuffix(" UNINDEXED").strip('"')


def definition(module, columns, options):
    return f"CREATE VIRTUAL TABLE f USING {module}({', '.join([*columns, *options])})"


def options_of(module, rng):
    return {"fts5": [[], ["tokenize = 'porter'"], ["prefix='2 3'"]], "fts4": [[], ["tokenize=porter"], ['prefix="2,4"']]}.get(module, [[]])[rng.randrange(3 if module.startswith("fts") else 1)]


class Case(TestCase):
    def started(self, sql):
        project = self.project("sqlite")
        self.database = sqlite3.connect(project.database.file)
        self.addCleanup(self.database.close)
        # What the program does not have.
        self.database.create_collation("mine", lambda a, b: (a > b) - (a < b))
        self.database.create_function("shout", 1, lambda text: text.upper() if text else text, deterministic=True)
        self.database.executescript(sql)
        self.database.commit()
        project.migrate("inspect", "-o", "model.yaml")
        project.migrate("diff")
        return project

    def rows(self, columns, numbered=True):
        names = ", ".join('"' + plain(column) + '"' for column in columns)
        return self.database.execute(f"SELECT {'rowid, ' if numbered else ''}{names} FROM f ORDER BY 1").fetchall()

    def test_rows_of_virtual_tables_stay(self):
        rng = random.Random(11)
        for number in range(24):
            module = ["fts5", "fts4", "rtree"][number % 3]
            before = columns_of(module, rng)
            after = columns_of(module, rng)
            fixed = 3 if module == "rtree" else 0
            keeps = [column for column in after[fixed:] if plain(column) in map(plain, before)]
            if not fixed and not keeps:
                after.append(before[0])
                keeps = [before[0]]
            first, second = definition(module, before, options_of(module, rng)), definition(module, after, options_of(module, rng))
            with self.subTest(before=first, after=second):
                project = self.started(first + ";")
                for row in range(1, 8):
                    values = [row * 3, row, row + 1][:fixed] + [" ".join(rng.choices(WORDS, k=3)) for _ in before[fixed:]]
                    names = ", ".join('"' + plain(column) + '"' for column in before)
                    if not fixed:
                        names, values = "rowid, " + names, [row * 3, *values]
                    self.database.execute(f"INSERT INTO f ({names}) VALUES ({', '.join('?' * len(values))})", values)
                self.database.commit()
                common = after[:fixed] + keeps
                was, all_before = self.rows(common, not fixed), self.rows(before, not fixed)
                model = (project.folder / "model.yaml").read_text()
                project.write("model.yaml", re.sub(r"definition: .*", lambda _: "definition: |-\n      " + second, model))
                said = project.migrate("revision", "-a", "-m", "change")
                if first == second:
                    self.assertIn("nothing to do", said.out)
                    continue
                unit = next((project.folder / "migrations").glob("*.sql"))
                text = unit.read_text()
                goes = [column for column in before if plain(column) not in map(plain, after)]
                comes = [column for column in after if plain(column) not in map(plain, before)]
                self.assertEqual("-- REVIEW:" in text.split("-- migrate: downgrade")[0], bool(goes and comes), text)
                for column in goes:
                    self.assertIn(plain(column), text.split("-- migrate: downgrade")[0])
                unit.write_text(re.sub(r"^-- REVIEW:.*\n", "", text, flags=re.M))
                project.migrate("verify", "--update", "--offline")
                project.migrate("upgrade")
                self.assertEqual(self.rows(common, not fixed), was)
                project.migrate("check")
                self.matches(module, keeps, was, fixed)
                project.migrate("downgrade", "base")
                self.assertEqual(self.rows(common, not fixed), was)
                if not goes:
                    self.assertEqual(self.rows(before, not fixed), all_before)
                self.assertEqual(self.database.execute("SELECT sql FROM sqlite_schema WHERE name = 'f'").fetchone()[0], first)

    def matches(self, module, keeps, was, fixed):
        """The index finds what it found."""
        self.database.execute("INSERT INTO f(f) VALUES ('integrity-check')") if module == "fts5" else None
        for column in keeps:
            if fixed or "UNINDEXED" in column:
                continue
            place = 1 + [plain(other) for other in keeps].index(plain(column))
            for word in WORDS[:4]:
                found = [row[0] for row in self.database.execute(f'SELECT rowid FROM f WHERE "{plain(column)}" MATCH ? ORDER BY 1', [word])]
                self.assertEqual(found, [row[0] for row in was if word in row[place].split()], (column, word))
        self.database.rollback()

    def test_an_index_over_another_table_is_filled(self):
        for module, content in (("fts5", "content='d', content_rowid='id'"), ("fts4", 'content="d"')):
            with self.subTest(module=module):
                project = self.started(f"CREATE TABLE d (id integer PRIMARY KEY, a text, b text); INSERT INTO d VALUES (1, 'anna', 'bert'), (2, 'cora', 'dora');"
                                       f"CREATE VIRTUAL TABLE f USING {module}(a, {content}); INSERT INTO f(f) VALUES ('rebuild');")
                model = (project.folder / "model.yaml").read_text()
                project.write("model.yaml", model.replace(f"{module}(a,", f"{module}(a, b,"))
                project.migrate("revision", "-a", "-m", "change")
                project.migrate("upgrade")
                find = lambda word: [row[0] for row in self.database.execute("SELECT rowid FROM f WHERE f MATCH ?", [word])]
                self.assertEqual((find("anna"), find("dora")), ([1], [2]))
                project.migrate("downgrade", "base")
                self.assertEqual((find("anna"), find("dora")), ([1], []))
                # A new one too.
                project.write("model.yaml", model + f"  g: {{definition: \"CREATE VIRTUAL TABLE g USING {module}(b, {content.replace(chr(34), chr(39))})\"}}\n")
                project.migrate("upgrade")
                project.write("model.yaml", model.replace(f"{module}(a,", f"{module}(a, b,") + f"  g: {{definition: \"CREATE VIRTUAL TABLE g USING {module}(b, {content.replace(chr(34), chr(39))})\"}}\n")
                project.migrate("revision", "-a", "-m", "second")
                project.migrate("upgrade")
                self.assertEqual(self.database.execute("SELECT rowid FROM g WHERE g MATCH 'dora'").fetchall(), [(2,)])

    def test_an_index_without_texts_is_asked_about(self):
        project = self.started("CREATE VIRTUAL TABLE f USING fts5(a, content='');")
        model = (project.folder / "model.yaml").read_text()
        project.write("model.yaml", model.replace("fts5(a,", "fts5(a, b,"))
        project.migrate("revision", "-a", "-m", "change")
        self.assertIn("-- REVIEW: the index f keeps no copy of its texts", next((project.folder / "migrations").glob("*.sql")).read_text())
        project.migrate("upgrade", code=5)

    def test_a_virtual_table_by_another_name_is_no_silent_drop(self):
        project = self.started("CREATE VIRTUAL TABLE notes USING fts5(a); INSERT INTO notes VALUES ('anna');")
        model = (project.folder / "model.yaml").read_text()
        for name in ("remarks", "entirely_other"):
            with self.subTest(name=name):
                project.write("model.yaml", model.replace("notes", name))
                project.migrate("revision", "-a", "-m", "change")
                unit = next((project.folder / "migrations").glob("*.sql"))
                text = unit.read_text().split("-- migrate: downgrade")[0]
                self.assertTrue("-- REVIEW:" in text or "RENAME TO" in text, text)
                unit.unlink()
                project.migrate("verify", "--update", "--offline")
        project.write("model.yaml", model.replace("notes", "remarks"))
        project.migrate("revision", "-a", "-m", "change", "--rename", "notes:remarks")
        project.migrate("upgrade")
        self.assertEqual(self.database.execute("SELECT a FROM remarks WHERE remarks MATCH 'anna'").fetchall(), [("anna",)])
        project.migrate("check")

    def started_with_own_words(self):
        project = self.started("""
            CREATE TABLE k (id integer PRIMARY KEY, n text COLLATE mine, m text CHECK (shout(m) = m));
            CREATE INDEX ik ON k (n); INSERT INTO k VALUES (1, 'a', 'A');
            CREATE TABLE g (a text, s text AS (shout(a)) STORED); CREATE VIEW vk AS SELECT shout(n) AS s FROM k; CREATE VIEW over AS SELECT s FROM vk;
            CREATE TRIGGER tk AFTER INSERT ON k BEGIN UPDATE k SET m = shout(new.m) WHERE id = new.id; END;
            CREATE TABLE other (id integer PRIMARY KEY, x text);""")
        return project, (project.folder / "model.yaml").read_text()

    def test_what_only_the_application_brings(self):
        for old, new in (("x: {type: text}", "x: {type: text}\n      y: {type: text}"),             # elsewhere
                         ("m: {type: text}", "m: {type: text}\n      z: {type: integer}")):         # on the table itself
            with self.subTest(new=new):
                project, model = self.started_with_own_words()
                self.assertIn(old, model)
                project.write("model.yaml", model.replace(old, new))
                project.migrate("revision", "-a", "-m", "change")
                project.migrate("upgrade")
                project.migrate("check")
                self.assertEqual(self.database.execute("SELECT id, n, m FROM k").fetchall(), [(1, "a", "A")])
                # SQLite reads the whole schema when it drops a column.
                self.assertRegex(project.migrate("downgrade", "base", code=1).err, "(?s)(shout|mine).*hint: an application may bring")
                project.migrate("check")
        # What has to be evaluated is refused by name, and nothing is half done.
        project, model = self.started_with_own_words()
        project.write("model.yaml", model.replace("m: {type: text}", "m: {type: integer}"))
        project.migrate("revision", "-a", "-m", "change")
        before = list(self.database.iterdump())
        refused = project.migrate("upgrade", code=1)
        self.assertRegex(refused.err, "(?s)(shout|mine).*hint: an application may bring")
        self.assertEqual(self.own(self.database.iterdump()), self.own(before))

    @staticmethod
    def own(dump):
        """Without what a run keeps."""
        return [line for line in dump if "schema_versions" not in line and "sqlite_sequence" not in line]

    def test_a_view_that_cannot_be_read_is_named_with_the_way_out(self):
        project = self.started("CREATE TABLE t (id integer PRIMARY KEY, a text, b text); CREATE VIEW broken AS SELECT * FROM nowhere;")
        model = (project.folder / "model.yaml").read_text()
        project.write("model.yaml", model.replace("b: {type: text}", "c: {type: text}"))
        project.migrate("revision", "-a", "-m", "change", "--rename", "t.b:c", code=None)
        refused = project.migrate("upgrade", code=None)
        if refused.code != 0:
            self.assertRegex(refused.err, "(?s)broken.*hint: .*broken")
            unit = next((project.folder / "migrations").glob("*.sql"))
            unit.write_text(unit.read_text().replace("-- migrate: upgrade\n", "-- migrate: upgrade\nDROP VIEW broken;\n"))
            project.migrate("verify", "--update", "--offline")
            project.migrate("upgrade")
        self.assertEqual([row[1] for row in self.database.execute("PRAGMA table_info(t)")], ["id", "a", "c"])


if __name__ == "__main__":
    main()
