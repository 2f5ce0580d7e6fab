"""The model on a Citus cluster: what it says of a table's place, compared with Citus' own catalog as psql tells it (see citus.py)."""
import os
import subprocess
import tempfile

MODEL = """tables:
  tenants:
    columns: {id: bigint, name: text}
    primary_key: [id]
    postgresql: {distributed: {column: id, shard_count: 8}}
  orders:
    columns: {tenant_id: bigint, id: bigint, what: text, country: text}
    primary_key: [tenant_id, id]
    foreign_keys:
      fk_orders_tenants: {columns: [tenant_id], references: tenants(id)}
      fk_orders_countries: {columns: [country], references: countries(code)}
    indexes: {ix_orders_what: [what]}
    postgresql: {distributed: {column: tenant_id, colocate_with: tenants}}
  countries:
    columns: {code: text, name: text}
    primary_key: [code]
    postgresql: {reference: true}
  settings:
    columns: {key: text, value: text}
    primary_key: [key]
    postgresql: {local_metadata: true}
  queue:
    columns: {id: bigint, what: text}
    postgresql: {distributed: {single_shard: true}}
  plain:
    columns: {id: bigint, what: text}
"""

# A renamed table, a renamed distribution column, more shards, other kinds, one more table beside the others.
CHANGED = """tables:
  customers:
    renamed_from: tenants
    columns: {id: bigint, name: text}
    primary_key: [id]
    postgresql: {distributed: {column: id, shard_count: 12}}
  orders:
    columns: {customer_id: {type: bigint, renamed_from: tenant_id}, id: bigint, what: text, country: text, price: "numeric(10,2)"}
    primary_key: [customer_id, id]
    foreign_keys:
      fk_orders_tenants: {columns: [customer_id], references: customers(id)}
      fk_orders_countries: {columns: [country], references: countries(code)}
    indexes: {ix_orders_what: [what]}
    postgresql: {distributed: {column: customer_id, colocate_with: customers}}
  items:
    columns: {customer_id: bigint, id: bigint, order_id: bigint}
    primary_key: [customer_id, id]
    foreign_keys: {fk_items_orders: {columns: [customer_id, order_id], references: "orders(customer_id, id)"}}
    postgresql: {distributed: {column: customer_id, colocate_with: orders}}
  countries:
    columns: {code: text, name: text}
    primary_key: [code]
    postgresql: {reference: true}
  settings:
    columns: {key: text, value: text}
    primary_key: [key]
    postgresql: {reference: true}
  queue:
    columns: {id: bigint, what: text}
  plain:
    columns: {id: bigint, what: text}
    postgresql: {distributed: id}
"""

PLACES = """SELECT table_name::text, citus_table_type, distribution_column, shard_count, min(table_name::text) OVER (PARTITION BY colocation_id),
 (SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint WHERE conrelid = table_name AND contype IN ('f', 'p'))
 FROM citus_tables WHERE table_name::text NOT LIKE 'schema_versions%' ORDER BY 1"""


class Model:
    def __init__(self, test):
        self.test, self.engine = test, test.engine
        self.folder = tempfile.mkdtemp(prefix="model-", dir=test.folder)
        self.project(self.folder)

    def project(self, folder):
        os.makedirs(os.path.join(folder, "migrations"), exist_ok=True)
        with open(os.path.join(folder, "migrate.yaml"), "w") as file:
            file.write(f'database: "{self.test.url}"\nmigrations: migrations\nmodel: model.yaml\n')

    def model(self, text):
        with open(os.path.join(self.folder, "model.yaml"), "w") as file:
            file.write(text)

    def run(self, *words, code=0, folder=None):
        done = subprocess.run([self.test.program, "-c", os.path.join(folder or self.folder, "migrate.yaml"), *words, "--no-input"], capture_output=True, text=True, timeout=180)
        if done.returncode != code:
            self.test.fail(f"model: {' '.join(words)}: exit {done.returncode}, not {code}: {done.stdout}{done.stderr}")
        return done.stdout, done.stdout + done.stderr

    def places(self):
        return self.engine.rows(PLACES)

    def same(self, what, expected):
        if (found := self.places()) != expected:
            self.test.fail(f"model: {what}: {found}, not {expected}")

    def write_and_upgrade(self, message):
        self.run("revision", "--autogenerate", "-m", message)
        self.run("upgrade", "head", "--yes")
        self.run("check")

    def there_and_back(self):
        self.model(MODEL)
        self.write_and_upgrade("first")
        first = self.places()
        kinds = {row[0]: (row[1], row[2], row[3]) for row in first}
        expected = {"tenants": ("distributed", "id", "8"), "orders": ("distributed", "tenant_id", "8"), "countries": ("reference", "<none>", "1"),
                    "settings": ("local", "<none>", "1"), "queue": ("distributed", "<none>", "1")}
        if kinds != expected:
            self.test.fail(f"model: the tables are not where it says: {kinds}")
        group = {row[0]: row[4] for row in first}
        if group.get("tenants") != group.get("orders") or group.get("tenants") == group.get("queue"):
            self.test.fail(f"model: not colocated as it says: {first}")
        self.engine.sql("INSERT INTO tenants SELECT g, 't' FROM generate_series(1, 20) g; INSERT INTO orders SELECT 1 + g % 20, g, 'x' FROM generate_series(1, 200) g;"
                        "INSERT INTO plain SELECT g FROM generate_series(1, 30) g; INSERT INTO queue SELECT g FROM generate_series(1, 30) g")
        written, _ = self.run("inspect")
        self.model(written)
        self.run("check")
        self.model(CHANGED)
        self.write_and_upgrade("second")
        second = self.places()
        group = {row[0]: (row[1], row[2], row[3], row[4]) for row in second}
        if not (group["customers"][3] == group["orders"][3] == group["items"][3] and group["customers"][2] == "12" and group["plain"][:2] == ("distributed", "id") and "queue" not in group):
            self.test.fail(f"model: changed, not where it says: {second}")
        counts = self.engine.rows("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM orders), (SELECT count(*) FROM plain), (SELECT count(*) FROM queue)")
        if counts != [["20", "200", "30", "30"]]:
            self.test.fail(f"model: rows are lost: {counts}")
        self.run("downgrade", "-1", "--yes")
        self.same("down", first)
        self.run("upgrade", "head", "--yes")
        self.same("up again", second)

    def schemas(self):
        """A whole schema on one shard: its tables need no words."""
        folder = tempfile.mkdtemp(prefix="schemas-", dir=self.test.folder)
        self.project(folder)
        with open(os.path.join(folder, "migrate.yaml"), "a") as file:
            file.write("schemas: [public, tenant_1]\nversions_table: schema_versions\n")
        with open(os.path.join(folder, "model.yaml"), "w") as file:
            file.write("postgresql: {distributed_schemas: [tenant_1]}\nschemas: [tenant_1]\ntables:\n  tenant_1.orders:\n    columns: {id: bigint, what: text}\n    primary_key: [id]\n")
        self.run("revision", "--autogenerate", "-m", "first", folder=folder)
        self.run("upgrade", "head", "--yes", folder=folder)
        self.run("check", folder=folder)
        if self.engine.rows("SELECT table_name, citus_table_type FROM citus_tables") != [["tenant_1.orders", "schema"]]:
            self.test.fail("a table of a distributed schema is not where its schema is")
        with open(os.path.join(folder, "model.yaml"), "w") as file:
            file.write(self.run("inspect", folder=folder)[0])
        self.run("check", folder=folder)
        self.run("downgrade", "base", "--yes", folder=folder)
        if self.engine.rows("SELECT nspname FROM pg_namespace WHERE nspname = 'tenant_1'"):
            self.test.fail("the way back left a schema")

    def drifted(self):
        before = self.places()
        self.engine.sql("ALTER TABLE items DROP CONSTRAINT fk_items_orders; SELECT undistribute_table('items')")
        for command in ("drift", "check"):
            _, said = self.run(command, code=3)
            if "items" not in said:
                self.test.fail(f"model: {command} does not name the table: {said}")
        self.run("revision", "--autogenerate", "-m", "mend")
        self.run("upgrade", "head", "--yes")
        self.run("check")
        self.same("mended", before)

    def baseline(self):
        """A cluster made from what `init` writes is like the one that it was written from."""
        before = self.places()
        self.engine.sql("DROP TABLE schema_versions, schema_versions_log, schema_versions_schema")
        folder = tempfile.mkdtemp(prefix="init-", dir=self.test.folder)
        subprocess.run([self.test.program, "init", folder, "--database", self.test.url, "--no-input"], capture_output=True, check=True, timeout=180)
        self.run("check", folder=folder)
        self.test.clean()
        self.run("upgrade", "head", "--yes", folder=folder)
        self.run("check", folder=folder)
        self.same("baseline", before)

    def linted(self):
        unit = os.path.join(self.folder, "migrations", "9999_refused.sql")
        refused = ["ALTER TABLE orders ADD CONSTRAINT uq_what UNIQUE (what)", "CREATE UNIQUE INDEX ux_what ON orders (what)", "ALTER TABLE orders ALTER COLUMN customer_id TYPE numeric",
                   "ALTER TABLE orders ADD COLUMN number bigserial", "ALTER TABLE countries ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY",
                   "CREATE TRIGGER tr AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"]
        for statement in refused:
            try:
                self.engine.sql("BEGIN; " + statement + "; ROLLBACK")
                self.test.fail("Citus takes what lint says that it refuses: " + statement)
            except RuntimeError:
                pass
            with open(unit, "w") as file:
                file.write(f"-- revision: 9999-aaaaaa\n-- message: refused\n\n-- migrate: upgrade\n{statement};\n\n-- migrate: downgrade none\n")
            _, said = self.run("lint", unit, code=3)
            if "PG04" not in said:
                self.test.fail(f"lint does not find it: {statement}: {said}")
        os.unlink(unit)

    def test_all(self):
        self.test.clean()
        self.schemas()
        self.test.clean()
        self.there_and_back()
        self.drifted()
        self.linted()
        self.baseline()
        self.test.clean()
