"""The events of docs/json.md, as programs read them."""
import re
import subprocess

from support import PROGRAM, TestCase, main

FIELDS = {
    "plan": {"event": str, "steps": list},
    "step": {"event": str, "revision": str, "direction": str, "message": str, "statements": int},
    "statement": {"event": str, "revision": str, "direction": str, "statement": int, "line": int},
    "retry": {"event": str, "revision": str, "direction": str, "attempt": int, "reason": str, "blockers": list},
    "waiting": {"event": str, "holder": str},
    "done": {"event": str, "revision": str, "direction": str, "duration_ms": int},
    "notice": {"event": str, "text": str},
    "error": {"event": str, "kind": str, "message": str, "exit_code": int},
}
MAYBE = {"step": {"resumed_at": int}, "error": {"hint": str, "file": str, "line": int, "column": int}}


class Json(TestCase):
    def check_events(self, outcome):
        for event in outcome.events:
            fields = FIELDS[event["event"]]
            for name, kind in fields.items():
                self.assertIsInstance(event.get(name), kind, event)
            maybe = MAYBE.get(event["event"], {})
            for name in set(event) - set(fields):
                self.assertIn(name, maybe, event)
                self.assertIsInstance(event[name], maybe[name], event)
        return [event["event"] for event in outcome.events]

    def test_a_run_a_dry_run_and_an_error(self):
        for project in self.each():
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);", "DROP TABLE a;")
            dry = project.migrate("upgrade", "--dry-run", "--json")
            self.assertEqual(dry.events[0]["steps"][0]["statements"][1]["sql"], "INSERT INTO a VALUES (1)")
            kinds = self.check_events(project.migrate("upgrade", "--json"))
            self.assertEqual((kinds[0], kinds[1], kinds[-1]), ("plan", "step", "done"))
            self.assertEqual(self.check_events(project.migrate("upgrade", "--json")), ["plan"])
            project.unit("0002-bbbbbb", "0001-aaaaaa", "CREATE TABLE b (id integer);\nINSERT INTO nothing VALUES (1);", "DROP TABLE b;")
            failed = project.migrate("upgrade", "--json", code=1)
            self.check_events(failed)
            error = failed.events[-1]
            self.assertEqual((error["event"], error["kind"], error["exit_code"]), ("error", "failed", 1))
            self.assertTrue(error["file"].endswith("0002-bbbbbb.sql"))
            self.assertEqual(error["line"], 7)
            self.check_events(project.migrate("upgrade", "nonsense", "--json", code=2))

    def test_waiting_and_retry(self):
        for project in self.each("lock: {timeout: 20s}\nstatement: {lock_timeout: 1s, retries: 9}"):
            project.unit("0001-aaaaaa", "", "CREATE TABLE a (id integer);", "DROP TABLE a;")
            project.migrate("upgrade")
            if project.engine == "sqlite":
                continue
            project.unit("0002-bbbbbb", "0001-aaaaaa", "ALTER TABLE a ADD COLUMN b integer;", "ALTER TABLE a DROP COLUMN b;")
            hold = "BEGIN; LOCK TABLE a; SELECT pg_sleep(4); COMMIT" if project.engine == "postgresql" else "LOCK TABLES a READ; SELECT SLEEP(4)"
            import threading, time
            holder = threading.Thread(target=lambda: project.sql(hold))
            holder.start()
            time.sleep(0.5)
            first = subprocess.Popen([PROGRAM, "upgrade", "--json", "--no-input"], cwd=project.folder, stdout=subprocess.PIPE, text=True)
            time.sleep(0.3)
            second = project.migrate("upgrade", "--json")
            out, _ = first.communicate(timeout=60)
            holder.join()
            self.assertEqual(first.returncode, 0, out)
            self.assertIn("waiting", self.check_events(second))
            self.assertTrue(re.search(r'"event":"retry".*"attempt":1', out), out)


if __name__ == "__main__":
    main()
