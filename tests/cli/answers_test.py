"""Answers files: value maps, fill rules and what is kept, on each engine, with rows, there and back. The oracle is the engine's own client."""
import json
import os
import pty
import re
import select
import subprocess

from support import PROGRAM, TestCase, main

SIX = "enums: {state: [new, paid, packed, shipped, lost, broken]}\n"
FOUR = "enums: {state: [open, paid, done, failed]}\n"
ORDERS = "tables: {orders: {columns: {id: {type: int, primary_key: true}, status: {type: state, null: false, default: DEFAULT}}}}\n"
ROWS = ["new", "paid", "packed", "shipped", "lost", "broken", "new"]
MAP = {"new": "open", "packed": "paid", "shipped": "done", "lost": "failed", "broken": "failed"}


def on_terminal(project, arguments, talk):
    """Runs the program on a terminal of its own, and types each answer behind its question (a function of what was said so far makes one); what it said."""
    here, there = pty.openpty()
    process = subprocess.Popen([PROGRAM, *arguments], cwd=project.folder, stdin=there, stdout=there, stderr=there, env={**os.environ, "NO_COLOR": "1"})
    os.close(there)
    said, waiting = "", ""
    try:
        for question, answer in [*talk, (None, "")]:
            while question is None or question not in waiting:
                if not select.select([here], [], [], 30)[0]:
                    raise AssertionError(f"waited for {question!r}: {said}")
                try:
                    piece = os.read(here, 4096).decode(errors="replace")
                except OSError:  # it has ended
                    piece = ""
                if not piece:
                    if question is None:
                        break
                    raise AssertionError(f"ended before {question!r}: {said}")
                said, waiting = said + piece, waiting + piece
            if question is not None:
                waiting = waiting.split(question, 1)[1]
                answer = answer(said.rpartition(question)[0]) if callable(answer) else answer
                os.write(here, (answer + "\n").encode())
    finally:
        os.close(here)
        if process.poll() is None:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
    assert process.returncode == 0, said
    return said


class Answers(TestCase):
    def started(self, project, model, *rows):
        project.write("model.yaml", model)
        project.migrate("revision", "-a", "-m", "start")
        project.migrate("upgrade", "--yes")
        for sql in rows:
            project.sql(sql)

    def change(self, project, model, answers):
        """Writes and runs the unit for a model by the answers; its text."""
        project.write("model.yaml", model)
        project.write("answers.yaml", json.dumps(answers))
        project.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml", "--id", "0002-aaaaaa")
        text = next((project.folder / "migrations").glob("*later.sql")).read_text()
        self.assertNotIn("REVIEW", text)
        project.migrate("upgrade", "--yes")
        self.assertIn("agree", project.migrate("check").out)
        return text

    def values(self, project, sql):
        return project.sql(sql).split("\n")

    def test_six_values_become_four_and_go_back_as_far_as_they_can(self):
        for project in self.each():
            self.started(project, SIX + ORDERS.replace("DEFAULT", "new"), *[f"INSERT INTO orders (id, status) VALUES ({i}, '{value}')" for i, value in enumerate(ROWS, 1)])
            text = self.change(project, FOUR + ORDERS.replace("DEFAULT", "open"), {"values": {"orders.status": MAP}})
            self.assertIn("CASE", text)
            self.assertEqual(self.values(project, "SELECT status FROM orders ORDER BY id"), ["open", "paid", "paid", "done", "failed", "failed", "open"])
            project.migrate("downgrade", "-1", "--yes")
            # `new` and `shipped` alone became another: they come back. Of `lost` and `broken` nobody can tell any more.
            back = self.values(project, "SELECT status FROM orders ORDER BY id")
            self.assertEqual([back[0], back[3], back[6]], ["new", "shipped", "new"])
            self.assertIn(back[4], ("lost", "broken"))
            self.assertEqual(back[4], back[5])
            project.migrate("upgrade", "--yes")
            self.assertEqual(self.values(project, "SELECT status FROM orders ORDER BY id"), ["open", "paid", "paid", "done", "failed", "failed", "open"])

    def test_a_map_of_a_type_is_that_of_its_columns_and_holds_without_rows_too(self):
        for project in self.each():
            two = "tables: {a: {columns: {id: {type: int, primary_key: true}, s: state}}, b: {columns: {id: {type: int, primary_key: true}, s: state}}}\n"
            self.started(project, SIX + two)
            text = self.change(project, FOUR + two, {"values": {"state": MAP}})
            for table in ("a", "b"):
                self.assertRegex(text, rf"UPDATE [\"`]?{table}\b")

    def test_a_text_gets_a_list_of_values(self):
        for project in self.each():
            plain = "tables: {t: {columns: {id: {type: int, primary_key: true}, kind: varchar(20)}}}\n"
            self.started(project, plain, "INSERT INTO t (id, kind) VALUES (1, 'A'), (2, 'b '), (3, 'b'), (4, NULL), (5, 'it''s')")
            self.change(project, "enums: {kind: [a, b]}\n" + plain.replace("varchar(20)", "kind"), {"values": {"t.kind": {"A": "a", "b ": "b", "it's": None}}})
            self.assertEqual(self.values(project, "SELECT coalesce(cast(kind as char(5)), '-') FROM t ORDER BY id") if project.dialect != "postgresql" else self.values(project, "SELECT coalesce(kind::text, '-') FROM t ORDER BY id"),
                             ["a", "b", "b", "-", "-"])
            project.migrate("downgrade", "-1", "--yes")

    def test_a_check_gets_another_list_and_the_way_back_satisfies_the_old_one(self):
        for project in self.each():
            model = "tables: {t: {columns: {id: {type: int, primary_key: true}, size: varchar(5)}, checks: {ck_size: \"size IN (LIST)\"}}}\n"
            self.started(project, model.replace("LIST", "'s', 'm', 'l', 'xl'"), "INSERT INTO t (id, size) VALUES (1, 's'), (2, 'm'), (3, 'l'), (4, 'xl')")
            self.change(project, model.replace("LIST", "'small', 'large'"), {"values": {"t.size": {"s": "small", "m": "small", "l": "large", "xl": "large"}}})
            self.assertEqual(self.values(project, "SELECT size FROM t ORDER BY id"), ["small", "small", "large", "large"])
            project.migrate("downgrade", "-1", "--yes")
            self.assertTrue(set(self.values(project, "SELECT size FROM t")) <= {"s", "m", "l", "xl"})

    def test_values_that_no_map_names_are_left_under_review(self):
        for project in self.each():
            self.started(project, SIX + ORDERS.replace("DEFAULT", "paid"), *[f"INSERT INTO orders (id, status) VALUES ({i}, '{value}')" for i, value in enumerate(ROWS, 1)])
            project.write("model.yaml", FOUR + ORDERS.replace("DEFAULT", "paid"))
            project.write("answers.yaml", json.dumps({"values": {"orders.status": {"new": "open", "lost": "failed"}}}))
            said = project.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml")
            text = next((project.folder / "migrations").glob("*later.sql")).read_text()
            self.assertIn("REVIEW", text)
            project.migrate("upgrade", "--yes", code=5)
            self.assertEqual(self.values(project, "SELECT status FROM orders ORDER BY id"), ROWS)

    def test_each_rule_fills_a_new_column(self):
        for project in self.each():
            start = "tables: {t: {columns: {id: {type: int, primary_key: true}, name: {type: varchar(40), null: false}}}}\n"
            self.started(project, start, "INSERT INTO t (id, name) VALUES (1, 'Ann Lee'), (2, 'Bob Ray')")
            new = ["a: {type: varchar(20), null: false}", "b: {type: varchar(40), null: false}", "c: {type: varchar(40), null: false}", "d: {type: varchar(20), null: false, unique: true}",
                   "e: {type: varchar(36), null: false, unique: true}", "f: {type: varchar(20), null: false, unique: true}", "g: {type: int, null: false}", "h: {type: varchar(20), null: false}", "i: varchar(20)", "j: {type: int, null: false, unique: true}"]
            self.change(project, start.replace("null: false}}", "null: false}, " + ", ".join(new) + "}"), {"fill": {
                "t.a": {"constant": "it's"}, "t.b": {"expression": "upper(name)"}, "t.c": {"column": "name"}, "t.d": {"key": "N-"}, "t.e": {"random": True}, "t.f": {"rows": {"1": "one", "2": "two"}},
                "t.g": {"constant": "7"}, "t.h": {"rows": {"2": "second"}, "constant": "other"}, "t.i": {"constant": "x"}, "t.j": {"key": ""}}})
            self.assertEqual(self.values(project, "SELECT a FROM t ORDER BY id"), ["it's", "it's"])
            self.assertEqual(self.values(project, "SELECT b FROM t ORDER BY id"), ["ANN LEE", "BOB RAY"])
            self.assertEqual(self.values(project, "SELECT c FROM t ORDER BY id"), ["Ann Lee", "Bob Ray"])
            self.assertEqual(self.values(project, "SELECT d FROM t ORDER BY id"), ["N-1", "N-2"])
            random = self.values(project, "SELECT e FROM t ORDER BY id")
            self.assertTrue(random[0] != random[1] and min(map(len, random)) >= 32, random)
            self.assertEqual(self.values(project, "SELECT f FROM t ORDER BY id"), ["one", "two"])
            self.assertEqual(self.values(project, "SELECT g FROM t ORDER BY id"), ["7", "7"])
            self.assertEqual(self.values(project, "SELECT h FROM t ORDER BY id"), ["other", "second"])
            self.assertEqual(self.values(project, "SELECT i FROM t ORDER BY id"), ["x", "x"])
            self.assertEqual(self.values(project, "SELECT j FROM t ORDER BY id"), ["1", "2"])
            project.migrate("downgrade", "-1", "--yes")
            self.assertEqual(self.values(project, "SELECT name FROM t ORDER BY id"), ["Ann Lee", "Bob Ray"])

    def test_a_name_is_split_in_two_and_the_old_column_goes_behind_it(self):
        for project in self.each():
            start = "tables: {t: {columns: {id: {type: int, primary_key: true}, full_name: {type: varchar(40), null: false}, age: int}}}\n"
            self.started(project, start, "INSERT INTO t (id, full_name, age) VALUES (1, 'Ann Lee', 3), (2, 'Bob Ray', 4)")
            find = {"sqlite": "instr(full_name, ' ')", "postgresql": "position(' ' in full_name)", "mysql": "locate(' ', full_name)"}[project.dialect]
            self.change(project, start.replace("full_name: {type: varchar(40), null: false}", "first: {type: varchar(40), null: false}, last: {type: varchar(40), null: false}"), {
                "dropped": ["t.full_name"], "fill": {"t.first": {"expression": f"substr(full_name, 1, {find} - 1)"}, "t.last": {"expression": f"substr(full_name, {find} + 1)"}}})
            self.assertEqual(self.values(project, "SELECT first FROM t ORDER BY id"), ["Ann", "Bob"])
            self.assertEqual(self.values(project, "SELECT last FROM t ORDER BY id"), ["Lee", "Ray"])

    def test_a_column_that_becomes_required_is_filled_where_it_is_empty(self):
        for project in self.each():
            start = "tables: {t: {columns: {id: {type: int, primary_key: true}, nick: varchar(20)}}}\n"
            self.started(project, start, "INSERT INTO t (id, nick) VALUES (1, 'a'), (2, NULL), (3, NULL)")
            self.change(project, start.replace("varchar(20)", "{type: varchar(20), null: false, unique: true}"), {"fill": {"t.nick": {"key": "nobody"}}})
            self.assertEqual(self.values(project, "SELECT nick FROM t ORDER BY id"), ["a", "nobody2", "nobody3"])

    def test_what_is_kept_stays_with_what_it_holds(self):
        for project in self.each():
            start = "tables: {t: {columns: {id: {type: int, primary_key: true}, fax: varchar(20)}}, old: {columns: {id: {type: int, primary_key: true}}}}\n"
            self.started(project, start, "INSERT INTO t (id, fax) VALUES (1, '123')", "INSERT INTO old (id) VALUES (1)")
            project.write("model.yaml", "tables: {t: {columns: {id: {type: int, primary_key: true}, mail: varchar(20)}}, fresh: {columns: {id: {type: int, primary_key: true}}}}\n")
            project.write("answers.yaml", "kept: [t.fax, old]\n")
            project.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml")
            project.migrate("upgrade", "--yes")
            self.assertEqual(self.values(project, "SELECT fax FROM t"), ["123"])
            self.assertEqual(self.values(project, "SELECT id FROM old"), ["1"])

    def test_what_is_moved_aside_keeps_its_rows_up_and_down(self):
        start = ("tables:\n  keepers: {columns: {id: {type: int, primary_key: true}}}\n"
                 "  old: {columns: {id: {type: int, primary_key: true}, owner: {type: int, references: keepers(id)}, note: varchar(20)}, indexes: {ix_old_note: [note]}}\n"
                 "  t: {columns: {id: {type: int, primary_key: true}, fax: {type: varchar(20), null: false}, level: {type: int, null: false, default: 7}, code: {type: varchar(20), unique: true}}}\n")
        later = "tables:\n  keepers: {columns: {id: {type: int, primary_key: true}}}\n  t: {columns: {id: {type: int, primary_key: true}, mail: varchar(20)}}\n"
        for project in self.each():
            self.started(project, start, "INSERT INTO keepers (id) VALUES (1)", "INSERT INTO old (id, owner, note) VALUES (1, 1, 'one'), (2, 1, 'two')",
                         "INSERT INTO t (id, fax, level, code) VALUES (1, '123', 3, 'A'), (2, '456', 4, 'B')")
            project.write("model.yaml", later)
            project.write("answers.yaml", "aside: [old, t.fax, t.level, t.code]\n")
            project.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml")
            unit = next((project.folder / "migrations").glob("*later.sql")).read_text()
            self.assertNotIn("REVIEW", unit)
            self.assertIn("moved aside, not dropped", unit)
            self.assertNotRegex(unit.replace('"', "").replace("`", ""), r"DROP (TABLE old|COLUMN fax|COLUMN level)\b")
            project.migrate("upgrade", "--yes")
            self.assertEqual(self.values(project, "SELECT fax_aside FROM t ORDER BY id"), ["123", "456"])
            self.assertEqual(self.values(project, "SELECT level_aside FROM t ORDER BY id"), ["3", "4"])
            self.assertEqual(self.values(project, "SELECT note FROM old_aside ORDER BY id"), ["one", "two"])
            # Nothing is in the way of a program that knows nothing of it, and no comparison wants it to go.
            project.sql("INSERT INTO t (id, mail) VALUES (3, 'm')")
            project.sql("DELETE FROM keepers WHERE id = 9")
            self.assertIn("agree", project.migrate("check").out)
            self.assertIn("nothing to do", project.migrate("revision", "-a", "-m", "again").out)
            project.migrate("downgrade", "-1", "--yes")
            self.assertEqual(self.values(project, "SELECT fax FROM t WHERE id < 3 ORDER BY id"), ["123", "456"])
            self.assertEqual(self.values(project, "SELECT level FROM t ORDER BY id"), ["3", "4", "7"])
            self.assertEqual(self.values(project, "SELECT code FROM t WHERE id < 3 ORDER BY id"), ["A", "B"])
            self.assertEqual(self.values(project, "SELECT note FROM old ORDER BY id"), ["one", "two"])
            project.write("model.yaml", start)
            project.migrate("diff", "database", "model")
            project.write("model.yaml", later)
            project.migrate("upgrade", "--yes")
            self.assertEqual(self.values(project, "SELECT note FROM old_aside ORDER BY id"), ["one", "two"])

    def test_an_aside_column_outlives_later_changes_of_its_table(self):
        start = "tables: {t: {columns: {id: {type: int, primary_key: true}, fax: varchar(20), n: int}}}\n"
        for project in self.each():
            self.started(project, start, "INSERT INTO t (id, fax, n) VALUES (1, '123', 5)")
            project.write("model.yaml", start.replace("fax: varchar(20), ", ""))
            project.write("answers.yaml", "aside: [t.fax]\n")
            project.migrate("revision", "-a", "-m", "aside", "--answers", "answers.yaml")
            project.migrate("upgrade", "--yes")
            # Rebuilds the table where a column's type is not changed in place, under another name.
            project.write("model.yaml", start.replace("fax: varchar(20), ", "").replace("n: int", "n: {type: bigint, null: false}").replace("{t:", "{people:"))
            project.migrate("revision", "-a", "-m", "wider", "--rename", "t:people")
            project.migrate("upgrade", "--yes")
            self.assertEqual(self.values(project, "SELECT fax_aside FROM people"), ["123"])
            self.assertIn("agree", project.migrate("check").out)

    def test_what_stays_of_a_renamed_table_goes_by_either_name(self):
        start = "enums: {state: [a, b]}\ntables: {t: {columns: {id: {type: int, primary_key: true}, fax: varchar(20), s: state}}}\n"
        for project in self.each():
            for answers, fax, state in (("kept: [t.fax]\naside: [people.s]", "fax", "s_aside"), ("aside: [people.fax]\nkept: [t.s]", "fax_aside", "s")):
                with self.subTest(answers=answers):
                    other = self.project(project.engine)
                    self.started(other, start, "INSERT INTO t (id, fax, s) VALUES (1, '123', 'b')")
                    other.write("model.yaml", "tables: {people: {columns: {id: {type: int, primary_key: true}}}}\n")
                    other.write("answers.yaml", f"renames: {{t: people}}\n{answers}\n")
                    other.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml")
                    other.migrate("upgrade", "--yes")
                    self.assertEqual(self.values(other, f"SELECT {fax} FROM people"), ["123"])
                    self.assertEqual(self.values(other, f"SELECT {state} FROM people"), ["b"])
                    other.migrate("downgrade", "-1", "--yes")
                    self.assertEqual(self.values(other, "SELECT fax FROM t") + self.values(other, "SELECT s FROM t"), ["123", "b"])

    def test_a_terminal_asks_what_becomes_of_what_would_be_lost(self):
        project = self.project("sqlite")
        start = "tables: {t: {columns: {id: {type: int, primary_key: true}, fax: varchar(20), tel: varchar(20), nothing: int}}, old: {columns: {id: {type: int, primary_key: true}}}, older: {columns: {id: {type: int, primary_key: true}}}}\n"
        self.started(project, start, "INSERT INTO t (id, fax, tel) VALUES (1, '123', '456')", "INSERT INTO old (id) VALUES (1)", "INSERT INTO older (id) VALUES (1)")
        project.write("model.yaml", "tables: {t: {columns: {id: {type: int, primary_key: true}}}}\n")
        keys = {"t.fax": "a", "t.tel": "d", "old": "a", "older": "k"}
        said = on_terminal(project, ["revision", "-a", "-m", "later"], [("choice: ", lambda text: keys[re.findall(r"(\S+) is in no model any more", text)[-1]])] * len(keys))
        self.assertNotIn("t.nothing is in no model", said)
        self.assertIn("1 value", said)
        project.migrate("upgrade", "--yes")
        self.assertEqual(self.values(project, "SELECT fax_aside FROM t"), ["123"])
        self.assertEqual(self.values(project, "SELECT count(*) FROM old_aside"), ["1"])
        self.assertEqual(self.values(project, "SELECT count(*) FROM older"), ["1"])
        self.assertEqual(self.values(project, "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'tel'"), ["0"])

    def test_a_terminal_asks_the_same(self):
        project = self.project("sqlite")
        self.started(project, SIX + ORDERS.replace("DEFAULT", "new"), "INSERT INTO orders (id, status) VALUES (1, 'lost'), (2, 'paid'), (3, 'lost')")
        project.write("model.yaml", FOUR + ORDERS.replace("DEFAULT", "open").replace("status:", "code: {type: varchar(10), null: false, unique: true}, status:"))
        said = on_terminal(project, ["revision", "-a", "-m", "later"], [("lost (2 rows): ", "nonsense"), ("lost (2 rows): ", "failed"), ("choice: ", "k"), ("key (may be empty): ", "C")])
        self.assertIn("code (varchar(10), unique) needs a value", said)
        text = next((project.folder / "migrations").glob("*later.sql")).read_text()
        self.assertNotIn("REVIEW", text)
        project.migrate("upgrade", "--yes")
        self.assertEqual(self.values(project, "SELECT status || code FROM orders ORDER BY id"), ["failedC1", "paidC2", "failedC3"])

    def test_answers_that_nothing_comes_of_are_errors_with_their_place(self):
        project = self.project("sqlite")
        self.started(project, SIX + ORDERS.replace("DEFAULT", "new"))
        project.write("model.yaml", FOUR + ORDERS.replace("DEFAULT", "open"))
        for text, words in (("values: {orders.state: {new: open}}", "orders.status"), ("values: {orders.status: {knew: open}}", "known"), ("values: {orders.status: {new: opened}}", "known"), ("fill: {orders.status: {constant: x}}", "nothing comes of"),
                            ("fill: {orders.status: {magic: x}}", "answers.yaml:1"), ("fill: {orders.status: x}", "answers.yaml:1"), ("values: [a]", "answers.yaml:1"), ("kept: [orders.id]", "the model has it"),
                            ("kept: [nothing]", "no nothing"), ("aside: [nothing]", "no nothing"), ("aside: [orders.id]", "the model has it"), ("aside: [orders]\nkept: [orders]", "say one of the two"),
                            ("aside: [orders]\ndropped: [orders]", "say one of the two"), ("aside: orders", "a list is wanted"), ("values: {nothing: {a: b}}", "no such column"), ("other: 1", "unknown key"), ("fill: {orders.status: {rows: {1: a}, key: b}}", "constant")):
            project.write("answers.yaml", text + "\n")
            self.assertIn(words, project.migrate("revision", "-a", "-m", "later", "--answers", "answers.yaml", code=2).err, text)
        self.assertEqual(len(list((project.folder / "migrations").glob("*.sql"))), 1)


if __name__ == "__main__":
    main()
