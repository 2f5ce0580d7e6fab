"""`migrate review`: the page holds every change once, nothing leaves it, hostile text is text; a served page answers one person only, and what
it writes is what `revision -a --answers` writes."""
import json
import re
import signal

from review_page import Page, Served
from support import TestCase, main

SHOP = """
tables:
  customers:
    columns: {id: {type: int, primary_key: true}, email: {type: varchar(80), null: false}, phone: varchar(20)}
  orders:
    columns: {id: {type: int, primary_key: true}, customer_id: {type: int, null: false}, note: varchar(100), total: "numeric(10,2)"}
    foreign_keys: {fk_orders_customer: {columns: [customer_id], references: customers(id)}}
"""
SHOP_ROWS = ["INSERT INTO customers (id, email, phone) VALUES (1, 'ann@example.org', '0123'), (2, 'bob@example.org', NULL)",
             "INSERT INTO orders (id, customer_id, note, total) VALUES (1, 1, 'blue-note', 10.5), (2, 1, 'red-note', 3)"]
SHOP_LATER = """
tables:
  clients:
    columns: {id: {type: int, primary_key: true}, contact: {type: varchar(80), null: false}, code: {type: varchar(20), null: false, unique: true}}
  orders:
    columns: {id: {type: int, primary_key: true}, customer_id: {type: int, null: false}, remark: varchar(100), total: "numeric(12,2)", status: {type: varchar(10), null: false}}
    foreign_keys: {fk_orders_customer: {columns: [customer_id], references: clients(id)}}
    indexes: {ix_orders_status: [status]}
"""
HOSTILE = ["<script>alert(1)</script>", "</script><script>alert(2)</script>", "\"><img src=x onerror=alert(3)>", "' onmouseover='alert(4)", "<!-- ", "]]>", "{{{body}}}", "{{title}}",
           "&lt;b&gt;&amp;", "</details></section></main>", "<style>*{display:none}</style>", "javascript:alert(5)", "\u202eegnar\u202c", "a\u2066b\u2069", "\u2028line", "%3Cscript%3E", "\\u003cscript\\u003e",
           "</pre>", "`${alert(6)}`", "<svg onload=alert(7)>", "x" * 200]


def started(project, model=SHOP, rows=SHOP_ROWS):
    """The database as the model says, at head, with rows."""
    project.write("model.yaml", model)
    project.migrate("revision", "-a", "-m", "start")
    project.migrate("upgrade", "--yes")
    for sql in rows:
        project.sql(sql)


def unit_text(project):
    """The newest unit without what is another in each: its id and when it was written."""
    newest = max((project.folder / "migrations").glob("*.sql"), key=lambda file: file.name)
    return re.sub(r"^-- (revision|created): .*$", r"-- \1:", newest.read_text(), flags=re.M)


class StaticPage(TestCase):
    def page(self, project, *arguments):
        project.migrate("review", "-o", "page.html", *arguments)
        page = Page((project.folder / "page.html").read_text())
        page.check_sealed()
        return page

    def test_every_change_is_there_once_with_sql_both_ways_and_the_unit(self):
        for project in self.each():
            started(project)
            project.write("model.yaml", SHOP_LATER)
            page = self.page(project)
            told = [change["change"] for change in json.loads(project.migrate("diff", "--format", "json", code=3).out)]
            self.assertEqual(sorted(change.title for change in page.changes), sorted(told))
            for change in page.changes:
                self.assertEqual(len(change.sql), 2, change.title)
                self.assertTrue(all(change.sql), change.title)
            project.migrate("revision", "-a", "-m", "later")
            unit = unit_text(project)
            self.assertIn(page.texts["upgrade"].strip(), unit)
            self.assertIn(page.texts["downgrade"].strip(), unit)
            for change in page.changes:
                for statement in change.sql[0].split(";\n\n"):
                    self.assertIn(statement.rstrip(";"), page.texts["upgrade"])

    def test_questions_findings_and_sizes_are_there_and_no_row_value(self):
        for project in self.each():
            started(project)
            project.write("model.yaml", SHOP_LATER)
            page = self.page(project)
            self.assertIn("What became of the table customers?", page.shown())
            self.assertIn("What became of the column orders.note?", page.shown())
            self.assertIn("--rename orders.note:remark", page.shown())
            self.assertIn("What do existing rows get in orders.status?", page.shown())
            self.assertNotIn("ann@example.org", page.html)
            self.assertNotIn("blue-note", page.html)
            self.assertIn("blue-note", self.page(project, "--samples").shown())

    def test_samples_are_masked_as_the_project_says(self):
        for project in self.each("masks: masks.yaml\nmask_key: secret"):
            project.write("masks.yaml", "orders: {note: {with: constant, value: hidden}}\ncustomers: {email: email}\n")
            started(project)
            project.write("model.yaml", SHOP_LATER)
            page = self.page(project, "--samples")
            self.assertIn("hidden", page.shown())
            for value in ("blue-note", "red-note", "ann@example.org"):
                self.assertNotIn(value, page.html)

    def test_what_is_pending_is_shown_with_lint_and_nothing_to_do_says_so(self):
        for project in self.each():
            started(project)
            self.assertIn("Nothing to do", self.page(project).texts["verdict"])
            project.unit("0002-bbbbbb", max((project.folder / "migrations").glob("*.sql")).read_text().split("revision: ")[1].split()[0], "DROP TABLE orders;", "CREATE TABLE orders (id integer);", message="drops")
            page = self.page(project)
            self.assertEqual([unit.sql for unit in page.units], [["DROP TABLE orders;", "CREATE TABLE orders (id integer);"]])
            self.assertIn("ALL001", page.units[0].text)
            self.assertEqual([(change.action, change.sql) for change in page.changes], [("drop", [])], "the change stands beside, its SQL with the unit")
            self.assertRegex(page.shown(), r"orders about \d+ rows")  # an estimate
            self.assertIn("0002-bbbbbb", self.page(project, "0002").shown())

    def newest(self, project):
        return max((project.folder / "migrations").glob("*.sql"), key=lambda file: file.name)

    def later(self, project, upgrade, downgrade="none", number="0002-bbbbbb"):
        before = self.newest(project).read_text().split("revision: ")[1].split()[0]
        project.unit(number, before, upgrade, downgrade, message="later")

    def test_units_show_old_and_new_side_by_side(self):
        for project in self.each():
            started(project)
            self.later(project, "ALTER TABLE orders RENAME TO purchases;\n\nALTER TABLE purchases RENAME COLUMN note TO remark;\n\nALTER TABLE purchases ADD COLUMN kind varchar(7);\n\n"
                                "UPDATE purchases SET kind = 'x';\n\nCREATE TABLE visits (id integer NOT NULL PRIMARY KEY);")
            for arguments in ((), ("0002",)):
                page = self.page(project, *arguments)
                told = {change.title: change for change in page.changes}
                self.assertEqual({change.action for change in page.changes}, {"add", "rename"}, told.keys())
                for words in ("purchases", "remark", "kind", "visits"):
                    self.assertTrue(any(words in title for title in told), (words, told.keys()))
                self.assertTrue(any("varchar(7)" in change.text for change in page.changes))
                self.assertEqual(len(page.units), 1)
                self.assertIn("UPDATE purchases", page.units[0].sql[0])
                self.assertRegex(page.texts["revisions"], "0002-bbbbbb")
            self.assertNotIn("visits", project.migrate("inspect").out, "nothing was run in the database")
            project.migrate("upgrade", "--yes")
            for words, range_ in (("purchases", "0002"), ("create table customers", "base:0001")):
                self.assertTrue(any(words in change.title for change in self.page(project, range_).changes), (words, range_))

    def test_what_may_reach_out_of_the_database_is_not_tried(self):
        outside = {"sqlite": "ATTACH 'elsewhere.db' AS other;", "postgresql": "DO $$ BEGIN CREATE TABLE made (id integer); END $$;", "mysql": "CREATE USER nobody_of_ours IDENTIFIED BY 'x';"}
        for project in self.each():
            started(project)
            self.later(project, "CREATE TABLE visits (id integer);\n\n" + outside[project.dialect])
            page = self.page(project)
            self.assertEqual((len(page.changes), len(page.units)), (0, 1))
            self.assertIn("was not tried", page.shown())
            self.assertFalse((project.folder / "elsewhere.db").exists())

    def test_other_databases_that_a_unit_names_are_left_alone(self):
        for project in self.each():
            if project.dialect != "mysql":
                continue
            started(project)
            name = project.sql("SELECT DATABASE()").strip()
            self.later(project, f"CREATE TABLE {name}.visits (id integer);")
            page = self.page(project)
            self.assertEqual(len(page.changes), 0)
            self.assertIn("was not tried", page.shown())
            self.assertNotIn("visits", project.migrate("inspect").out)

    def test_the_page_of_a_plan_and_one_that_was_changed(self):
        for project in self.each():
            started(project)
            self.later(project, "ALTER TABLE orders ADD COLUMN kind varchar(7);", "ALTER TABLE orders DROP COLUMN kind;")
            project.migrate("upgrade", "--to-plan", "plan.json")
            page = self.page(project, "--plan", "plan.json")
            self.assertEqual([unit.sql for unit in page.units], [["ALTER TABLE orders ADD COLUMN kind varchar(7);", "ALTER TABLE orders DROP COLUMN kind;"]])
            self.assertEqual([change.action for change in page.changes], ["add"])
            self.assertIn(json.loads((project.folder / "plan.json").read_text())["digest"], page.shown())
            whole = (project.folder / "plan.json").read_text()
            project.write("plan.json", whole.replace("varchar(7)", "varchar(8)", 1))
            said = [project.migrate(*command, "--plan", "plan.json", code=2).err for command in (("review", "-o", "other.html"), ("upgrade", "--yes"))]
            self.assertIn("edited", said[0])
            self.assertEqual(*said)
            project.write("plan.json", whole)
            unit = self.newest(project)
            text = unit.read_text()
            unit.write_text(text.replace("varchar(7)", "varchar(9)"))
            said = [project.migrate(*command, "--plan", "plan.json", code=None) for command in (("review", "-o", "other.html"), ("upgrade", "--yes"))]
            self.assertNotEqual(said[0].code, 0)
            self.assertEqual((said[0].code, said[0].err), (said[1].code, said[1].err))
            self.assertFalse((project.folder / "other.html").exists())
            unit.write_text(text)
            project.migrate("upgrade", "--plan", "plan.json", "--yes")
            self.assertIn("All of it has run", self.page(project, "--plan", "plan.json").shown())

    def test_sizes_the_graph_and_what_a_rehearsal_measured(self):
        project = self.project("sqlite")
        started(project)
        self.later(project, "ALTER TABLE orders ADD COLUMN kind varchar(7);", "ALTER TABLE orders DROP COLUMN kind;")
        project.write("model.yaml", SHOP.replace("note: varchar(100)", "note: varchar(100), kind: varchar(7)"))
        project.migrate("rehearse", "--report", "rehearsal.json")
        page = self.page(project, "--rehearsal", "rehearsal.json")
        self.assertRegex(page.units[0].text, r"In the rehearsal: \d+ ms")
        self.assertIn("ALTER TABLE orders ADD COLUMN kind", page.texts["rehearsal-statements"])
        self.assertIn("no hazards", page.shown())
        unit = self.newest(project)
        unit.write_text(unit.read_text().replace("varchar(7)", "varchar(9)"))
        self.assertIn("rehearse it again", self.page(project, "--rehearsal", "rehearsal.json").shown())
        project.write("rehearsal.json", "{}")
        self.assertIn("no report of a rehearsal", project.migrate("review", "--rehearsal", "rehearsal.json", code=2).err)

    def test_tables_have_their_sizes(self):
        for project in self.each():
            started(project)
            project.write("model.yaml", SHOP.replace("note: varchar(100)", "note: varchar(101)"))
            text = self.page(project).texts["changes"]
            sizes = re.search(r"orders about (\d+) rows?(?:, ([\d.]+) (bytes|kB|MB))?", " ".join(text.split()))
            self.assertTrue(sizes, text)
            if project.dialect != "sqlite":  # whose build may have no dbstat
                self.assertEqual(sizes[3], "kB")
                self.assertGreater(float(sizes[2]), 7)

    def test_hostile_names_and_values_show_as_text(self):
        for project in self.each():
            lines = "".join(f"      {json.dumps(f'{i} ' + name[:40])}: {{type: varchar(50), comment: {json.dumps(name)}}}\n" for i, name in enumerate(HOSTILE))
            project.write("model.yaml", f"tables:\n  t:\n    columns:\n      id: {{type: int, primary_key: true}}\n{lines}")
            page = self.page(project)
            shown = page.shown()
            for i, name in enumerate(HOSTILE):
                for part in re.split("[\u202a-\u202e\u2066-\u2069\u2028\"']", f"{i} {name[:40]}"):
                    self.assertIn(part, shown)
            self.assertNotRegex(page.html, "[\u202a-\u202e\u2066-\u2069]")

    def test_ten_thousand_characters_and_a_thousand_tables(self):
        project = self.project("sqlite")
        project.write("model.yaml", f"tables:\n  t:\n    columns: {{id: {{type: int, primary_key: true}}, a: {{type: text, default: {'x' * 10000}}}}}\n")
        self.assertIn("x" * 10000, self.page(project).shown())
        columns = "id: {type: int, primary_key: true}, " + ", ".join(f"column_{i}: {{type: varchar(40), null: false}}" for i in range(8))
        project.write("model.yaml", "tables:\n" + "".join(f"  table_{i}: {{columns: {{{columns}}}}}\n" for i in range(1000)))
        page = self.page(project)
        self.assertEqual(len(page.changes), 1000)
        self.assertLess(len(page.html), 3_000_000)
        project.migrate("revision", "-a", "-m", "all")
        project.migrate("upgrade", "--yes")
        project.write("model.yaml", "tables: {one: {columns: {id: int}}}\n")
        page = self.page(project)
        self.assertEqual(len(page.changes), 1001)
        self.assertIn("aside: [NAME]", page.shown())
        self.assertLess(len(page.html), 3_000_000)


ANSWERS = {"renames": {"customers": "clients", "clients.email": "contact", "orders.note": "remark"}, "dropped": ["clients.phone"],
           "fill": {"clients.code": {"key": "C-"}, "orders.status": {"constant": "open"}}}


class ServedPage(TestCase):
    def served(self, project, *arguments):
        served = Served(project, *arguments)
        self.addCleanup(served.stop)
        return served

    def test_another_token_host_origin_or_browser_is_refused(self):
        project = self.project("sqlite")
        started(project)
        project.write("model.yaml", SHOP_LATER)
        served = self.served(project)
        here = f"127.0.0.1:{served.port}"
        wrong = served.token[:-1] + ("0" if served.token[-1] != "0" else "1")
        refused = [("GET", f"/{wrong}/", {}), ("GET", "/", {}), ("GET", f"/{served.token}", {}), ("GET", "//", {}), ("GET", f"/{served.token[:8]}/", {}), ("POST", f"/{wrong}/write", {}),
                   ("GET", "", {"Host": "evil.example"}), ("GET", "", {"Host": f"evil.example:{served.port}"}), ("GET", "", {"Host": "127.0.0.1:1"}), ("GET", "", {"Host": f"127.0.0.1.evil.example:{served.port}"}),
                   ("GET", "", {"Origin": "http://evil.example"}), ("GET", "", {"Origin": "null"}), ("POST", "write", {"Origin": None}), ("POST", "write", {"Origin": f"https://{here}"}),
                   ("POST", "write", {"Origin": "http://evil.example"}), ("GET", "", {"Sec_Fetch_Site": "cross-site"}), ("POST", "answers", {"Sec_Fetch_Site": "same-site"})]
        for method, path, headers in refused:
            status, _, text = served.ask(method, path, {} if method == "POST" else None, **headers)
            self.assertEqual(status, 403, (method, path, headers, text))
        page = Page(served.enter())
        page.check_sealed()
        for method, path, headers in refused:
            self.assertEqual(served.ask(method, path, {} if method == "POST" else None, **headers)[0], 403, (method, path, headers))
        # The address alone is not enough any more: one session.
        self.assertEqual(served.ask(Cookie=None)[0], 403)
        self.assertEqual(served.ask(Cookie=f"migrate_{served.port}=0123")[0], 403)
        status, headers, _ = served.ask()
        self.assertEqual((status, headers["cache-control"], headers["x-frame-options"]), (200, "no-store", "DENY"))
        self.assertEqual(served.ask("GET", "migrate.yaml")[0], 404)
        self.assertEqual(len(list((project.folder / "migrations").glob("*.sql"))), 1)
        served.process.send_signal(signal.SIGINT)
        self.assertEqual(served.wait()[0], 0)

    def test_what_is_written_is_what_the_answers_file_writes_byte_for_byte(self):
        for project in self.each():
            started(project)
            project.write("model.yaml", SHOP_LATER)
            served = self.served(project)
            served.enter()
            status, said = served.post("answers", ANSWERS)
            self.assertEqual(status, 200, said)
            self.assertIn("No question is open", said["verdict"])
            status, _, saved = served.ask("GET", "answers.yaml")
            self.assertEqual((status, saved), (200, said["answers"]))
            status, wrote = served.post("write", {"message": "later"})
            self.assertEqual(status, 200, wrote)
            code, out, err = served.wait()
            self.assertEqual(code, 0, err)
            self.assertIn(wrote["wrote"], out)
            by_page = unit_text(project)
            (project.folder / wrote["wrote"]).unlink()
            project.write("answers.yaml", saved)
            project.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml")
            self.assertEqual(unit_text(project), by_page)
            self.assertNotIn("REVIEW", by_page)
            project.migrate("upgrade", "--yes")
            self.assertEqual(project.sql("SELECT contact FROM clients ORDER BY id").split(), ["ann@example.org", "bob@example.org"])
            self.assertEqual(project.sql("SELECT code FROM clients ORDER BY id").split(), ["C-1", "C-2"])
            self.assertEqual(project.sql("SELECT remark FROM orders ORDER BY id").split(), ["blue-note", "red-note"])
            self.assertEqual(project.sql("SELECT status FROM orders ORDER BY id").split(), ["open", "open"])
            self.assertIn("agree", project.migrate("check").out)
            project.migrate("downgrade", "-1", "--yes")
            self.assertEqual(project.sql("SELECT email FROM customers ORDER BY id").split(), ["ann@example.org", "bob@example.org"])

    def test_answers_that_cannot_be_followed_change_nothing(self):
        project = self.project("sqlite")
        started(project)
        project.write("model.yaml", SHOP_LATER)
        served = self.served(project)
        served.enter()
        for answers in ({"renames": {"orders.note": "nowhere"}}, {"renames": {"orders.note": "remark", "orders.total": "remark"}}, {"fill": {"orders.total": {"constant": "1"}}}, {"fill": {"orders.status": {"magic": "1"}}},
                        {"values": {"orders.status": {"a": "b"}}}, {"unknown": 1}, [1], {"kept": ["orders.nothing"]}):
            status, said = served.post("answers", answers)
            self.assertEqual(status, 422, (answers, said))
            self.assertTrue(said["error"])
        status, _, text = served.ask("POST", "answers", None, Content_Length="3")
        self.assertEqual(served.ask("GET", "answers.yaml")[2], "")
        self.assertEqual(served.ask("POST", "approve", {})[0], 422)
        self.assertEqual(len(list((project.folder / "migrations").glob("*.sql"))), 1)

    def test_an_approved_plan_runs_and_one_that_was_changed_by_a_byte_does_not(self):
        for project in self.each():
            started(project)
            project.write("model.yaml", SHOP_LATER)
            served = self.served(project)
            served.enter()
            self.assertEqual(served.post("answers", ANSWERS)[0], 200)
            status, said = served.post("approve", {"message": "later"})
            self.assertEqual(status, 200, said)
            plan = project.folder / said["plan"]
            whole = plan.read_text()
            plan.write_text(whole.replace("open", "0pen", 1))
            self.assertIn("edited", project.migrate("upgrade", "--plan", said["plan"], "--yes", code=2).err)
            plan.write_text(whole)
            project.migrate("upgrade", "--plan", said["plan"], "--yes")
            self.assertEqual(project.sql("SELECT status FROM orders ORDER BY id").split(), ["open", "open"])


if __name__ == "__main__":
    main()
