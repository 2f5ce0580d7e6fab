#!/usr/bin/env python3
"""Runs on a Citus cluster that somebody has made.

  MIGRATE_TEST_CITUS=postgresql://postgres@127.0.0.1:5432/shop citus.py PROGRAM [--kills N] [--seed N]

The URL names the coordinator and a database with the extension, its workers added (citus_add_node); MIGRATE_TEST_CITUS_WORKER may name a
worker. Everything in the schema public is dropped. Compared are the coordinator's catalog and rows, and every shard's columns and indexes.
Without the variable it prints one line, and ends with 77.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "faults")]
import citus_model  # noqa: E402
import support  # noqa: E402

UNITS = [
    ("", """CREATE TABLE ran (unit int NOT NULL);
CREATE TABLE tenants (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (tenant_id bigint NOT NULL, id bigint NOT NULL, what text, price numeric(10,2), PRIMARY KEY (tenant_id, id));
CREATE TABLE countries (code text PRIMARY KEY, name text);
SELECT create_distributed_table('tenants', 'id', shard_count := 8);
SELECT create_distributed_table('orders', 'tenant_id', colocate_with := 'tenants');
SELECT create_reference_table('countries');
INSERT INTO tenants SELECT g, 'tenant ' || g FROM generate_series(1, 40) g;
INSERT INTO orders SELECT 1 + g % 40, g, 'thing ' || g, g FROM generate_series(1, 400) g;
INSERT INTO ran VALUES (1);""", "DROP TABLE orders;\nDROP TABLE tenants;\nDROP TABLE countries;\nDROP TABLE ran;"),
    ("", """CREATE INDEX ix_orders_what ON orders (what);
ALTER TABLE orders RENAME COLUMN price TO amount;
ALTER TABLE orders ADD COLUMN note text DEFAULT 'none';
ALTER TABLE orders ADD CONSTRAINT ck_orders_amount CHECK (amount >= 0);
INSERT INTO ran VALUES (2);""", """DELETE FROM ran WHERE unit = 2;
ALTER TABLE orders DROP CONSTRAINT ck_orders_amount;
ALTER TABLE orders DROP COLUMN note;
ALTER TABLE orders RENAME COLUMN amount TO price;
DROP INDEX ix_orders_what;"""),
    ("", """ALTER TABLE orders ADD CONSTRAINT fk_orders_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id);
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(12,2);
UPDATE orders SET amount = amount + 1;
CREATE VIEW dear AS SELECT tenant_id, sum(amount) AS total FROM orders GROUP BY tenant_id;
INSERT INTO ran VALUES (3);""", """DELETE FROM ran WHERE unit = 3;
DROP VIEW dear;
UPDATE orders SET amount = amount - 1;
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(10,2);
ALTER TABLE orders DROP CONSTRAINT fk_orders_tenants;"""),
    ("-- transaction: off\n", "CREATE INDEX CONCURRENTLY ix_tenants_name ON tenants (name);\nINSERT INTO ran VALUES (4);", "DELETE FROM ran WHERE unit = 4;\nDROP INDEX ix_tenants_name;"),
]

CLEAN = """DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'r', 'p')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e') ORDER BY relkind DESC LOOP
    EXECUTE format('DROP %s IF EXISTS public.%I CASCADE', CASE t.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, t.relname);
  END LOOP; END $$;"""

SHARDS = """SELECT '{table}', result, count(*) FROM run_command_on_shards('{table}', $$ SELECT string_agg(line, '; ' ORDER BY line) FROM (
  SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) AS line FROM pg_attribute a WHERE a.attrelid = '%1$s'::regclass AND a.attnum > 0 AND NOT a.attisdropped
   UNION ALL SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '_[0-9]{{6,}}', '', 'g') FROM pg_index i WHERE i.indrelid = '%1$s'::regclass
   UNION ALL SELECT regexp_replace(conname || ' ' || pg_get_constraintdef(oid), '_[0-9]{{6,}}', '', 'g') FROM pg_constraint WHERE conrelid = '%1$s'::regclass) l $$) GROUP BY result ORDER BY result"""


class Citus:
    def __init__(self, program, folder, url, seed):
        self.program, self.folder, self.random = os.path.abspath(program), folder, random.Random(seed)
        self.engine = support.Postgresql(support.SERVERS["postgresql"], urllib.parse.urlsplit(url).path.lstrip("/"), url)
        self.url, self.failures = url, []
        support.write_project(folder, self.engine, UNITS)

    def fail(self, text):
        self.failures.append(text)
        print("FAILED " + text, flush=True)

    def start(self, *words, url=None):
        return subprocess.Popen([self.program, "-c", os.path.join(self.folder, "migrate.yaml"), "--database", url or self.url, *words, "--no-input"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words, code=0, url=None):
        process = self.start(*words, url=url)
        out, errors = process.communicate(timeout=180)
        if process.returncode != code:
            self.fail(f"{' '.join(words)}: exit {process.returncode}, not {code}: {out}{errors}")
        return out + errors

    def clean(self):
        self.engine.sql(CLEAN)

    def state(self):
        rows = [self.engine.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("orders", "tenants")]
        shards = [self.engine.rows(SHARDS.format(table=table)) for table in ("orders", "tenants", "countries")]
        return [self.engine.rows("SELECT unit FROM ran ORDER BY 1"), self.engine.rows("SELECT revision, state FROM schema_versions ORDER BY 1"), rows, shards,
                self.engine.rows("SELECT table_name, citus_table_type, distribution_column, shard_count FROM citus_tables ORDER BY 1::text")]

    def same(self, what):
        if (state := self.state()) != self.top:
            self.fail(f"{what}: not where one run ends: {state} and {self.top}")

    def test(self, kills):
        self.clean()
        self.run("upgrade", "head", "--yes")
        if self.failures:
            return
        self.top = self.state()
        self.run("downgrade", "-1", "--yes")
        self.run("upgrade", "head", "--yes")
        self.same("down and up")
        # What the database has is what the model says, and the extension is not in it.
        model = self.run("inspect")
        for words in ("distributed: {", "reference: "):
            if words not in model:
                self.fail("the model does not say: " + words)
        if "citus:" in model:
            self.fail("inspect shows the extension: " + model)
        with open(os.path.join(self.folder, "model.yaml"), "w") as file:
            file.write(self.start("inspect").communicate()[0])
        self.run("check")
        with open(os.path.join(self.folder, "model.yaml"), "a") as file:
            file.write("extensions:\n  citus: {version: '1.0'}\n")
        self.run("check")
        self.run("downgrade", "base", "--yes")
        for number in range(kills):
            process = self.start("upgrade", "head", "--yes")
            time.sleep(self.random.random() * 1.5)
            process.kill()
            process.communicate()
            self.run("upgrade", "head", "--yes")
            self.same(f"kill {number}")
            self.run("downgrade", "base", "--yes")
        processes = [self.start("upgrade", "head", "--yes") for _ in range(6)]
        for process in processes:
            out, errors = process.communicate(timeout=180)
            if process.returncode != 0:
                self.fail(f"six at once: exit {process.returncode}: {out}{errors}")
        self.same("six at once")
        if worker := os.environ.get("MIGRATE_TEST_CITUS_WORKER"):
            said = self.run("upgrade", "head", "--yes", code=1, url=worker)
            if "worker" not in said:
                self.fail("a worker was not told: " + said)
        self.clean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    url = os.environ.get("MIGRATE_TEST_CITUS")
    if not url:
        print("MIGRATE_TEST_CITUS is not set: citus.py is left out")
        return 77
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="migrate-citus-") as folder:
        test = Citus(options.program, folder, url, options.seed)
        test.test(options.kills)
        if not test.failures:
            citus_model.Model(test).test_all()
    print(f"citus: {options.kills} kills, {len(test.failures)} failed, {time.time() - started:.1f} s")
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())
