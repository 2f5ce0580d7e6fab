#include <doctest/doctest.h>

#include <algorithm>

#include "autogenerate/autogenerate.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/registry.hpp"
#include "dialect/render.hpp"
#include "schema/model.hpp"
#include "sqlite_support.hpp"

namespace sqlite_difference_test {

using namespace migrate;
using namespace migrate::test;

namespace {

struct Case {
  const char* what;
  const char* before;  ///< SQL
  const char* after;   ///< model
};

Schema model(const std::string& yaml) {
  ModelOptions options;
  options.sections = {"sqlite"};
  options.other_sections = {"mysql", "mariadb", "postgresql"};
  return parse_model(yaml, "model.yaml", options);
}

Difference difference(Connection& connection, const std::string& yaml) {
  return find_difference(sqlite::dialect(), connection, sqlite_server(), live_schema(connection), model(yaml), {});
}

std::vector<Statement> back(const Difference& difference) {
  std::vector<Operation> operations;
  for (const auto& change : reverse_changes(difference.changes, difference.before, sqlite::dialect(), sqlite_server())) {
    operations.push_back(change.operation);
  }
  Schema after = difference.before;
  for (const auto& change : difference.changes) sqlite::dialect().catalog().apply(after, change.operation);
  return sqlite::dialect().render().render(operations, after, sqlite_server());
}

std::string text_of(const std::vector<Statement>& statements) {
  std::string text;
  for (const auto& statement : statements) text += statement.text + ";\n";
  return text;
}

}  // namespace

TEST_CASE("spellings of the same sqlite schema are no difference") {
  const std::vector<Case> cases{
      {"types, case and spacing", "CREATE TABLE t (id INTEGER PRIMARY KEY, n NUMERIC( 10 , 2 ), d DOUBLE  PRECISION, u)",
       R"~(tables: {t: {columns: {id: integer, n: "numeric(10,2)", d: double precision, u: {type: ""}}, primary_key: [id]}})~"},
      {"a key column that may be NULL", "CREATE TABLE t (code TEXT PRIMARY KEY)", "tables: {t: {columns: {code: text}, primary_key: [code]}}"},
      {"identity", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)",
       "tables: {t: {columns: {id: {type: bigint, identity: by_default}}, primary_key: [id]}}"},
      {"serial", "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)", "tables: {t: {columns: {id: serial}, primary_key: [id]}}"},
      {"defaults", "CREATE TABLE t (a BOOLEAN DEFAULT TRUE, b TEXT DEFAULT 'x', c INT DEFAULT (0), d TIMESTAMP DEFAULT CURRENT_TIMESTAMP, e TEXT DEFAULT NULL, f INT DEFAULT '7', g TEXT DEFAULT 5, h DATE DEFAULT (date('now')))",
       "tables: {t: {columns: {a: {type: boolean, default: true}, b: {type: text, default: x}, c: {type: int, default: 0}, d: {type: timestamp, default: {sql: now()}}, e: text, f: {type: int, default: 7}, g: {type: text, default: \"5\"}, h: {type: date, default: {sql: \"DATE( 'now' )\"}}}}}"},
      {"checks", R"~(CREATE TABLE t (a INT CHECK (A>0), b TEXT, CONSTRAINT ck CHECK (t.b IN ('x','y') AND "b" != "z")))~",
       R"~(tables: {t: {columns: {a: {type: int, check: "a > 0"}, b: text}, checks: {ck: "b in ('x', 'y') and b <> 'z'"}}})~"},
      {"an enum", "CREATE TABLE t (s TEXT NOT NULL DEFAULT 'new' CHECK (s IN ('new', 'it''s')))",
       "enums: {state: [new, it's]}\ntables: {t: {columns: {s: {type: state, null: false, default: new}}}}"},
      {"a domain", "CREATE TABLE t (m VARCHAR(80) NOT NULL CHECK (m LIKE '%@%'))",
       "domains: {mail: {type: varchar(80), null: false, checks: {c: \"VALUE LIKE '%@%'\"}}}\ntables: {t: {columns: {m: mail}}}"},
      {"keys", "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p_id INT REFERENCES P ON DELETE NO ACTION ON UPDATE CASCADE, UNIQUE (p_id))",
       "tables: {p: {columns: {id: integer}, primary_key: [id]}, c: {columns: {p_id: {type: int, unique: true, references: {references: p, on_update: cascade}}}}}"},
      {"indexes", "CREATE TABLE t (a INT, b TEXT COLLATE NOCASE); CREATE INDEX ix ON t (A ASC, b COLLATE nocase, lower(B)) WHERE (a IS NOT NULL)",
       "tables: {t: {columns: {a: int, b: {type: text, collation: NOCASE}}, indexes: {ix: {columns: [a, b, {expression: LOWER(b)}], where: \"a is not null\", method: btree}}}}"},
      {"views and triggers", "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t -- all\nWHERE a>0; CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t WHERE a<0; END",
       "tables: {t: {columns: {a: int}, triggers: {tr: \"create trigger tr after insert on t begin delete from \\\"t\\\" where a < 0; end\"}}}\nviews: {v: \"select a from [t] where a > 0;\"}"},
      {"strict", "CREATE TABLE t (a INTEGER, b TEXT, c REAL) STRICT",
       "tables: {t: {columns: {a: bigint, b: varchar(9), c: \"numeric(5,2)\"}, sqlite: {strict: true}}}"},
  };
  for (const auto& item : cases) {
    CAPTURE(std::string(item.what));
    const auto database = memory_database(item.before);
    const auto found = difference(*database, item.after);
    for (const auto& change : found.changes) CHECK(describe(change.operation) == "");
  }
}

TEST_CASE("a model change on sqlite is applied, found equal, and undone") {
  const char* const base = R"SQL(
    CREATE TABLE teams (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, team_id INTEGER REFERENCES teams(id) ON DELETE CASCADE, mail TEXT, state TEXT CHECK (state IN ('new', 'old')));
    CREATE INDEX ix_mail ON users (mail);
    CREATE VIEW v AS SELECT mail FROM users;
    CREATE TRIGGER tr AFTER DELETE ON users BEGIN UPDATE teams SET name = name || '-' WHERE id = old.team_id; END;
    INSERT INTO teams (name) VALUES ('a'), ('b'); INSERT INTO users (team_id, mail, state) VALUES (1, 'x@y', 'new'), (2, 'z', NULL);)SQL";
  const std::string teams = "  teams: {columns: {id: {type: integer, identity: always}, name: {type: text, null: false}}, primary_key: [id]}\n";
  const auto model_of = [&](const std::string& columns, const std::string& rest = {}, const std::string& view = "SELECT mail FROM users") {
    return "tables:\n" + teams + "  users:\n    columns: {id: {type: integer, identity: always}, team_id: {type: integer, references: {references: teams, on_delete: cascade}}, " +
           columns + "}\n    primary_key: [id]\n    triggers: {tr: \"CREATE TRIGGER tr AFTER DELETE ON users BEGIN UPDATE teams SET name = name || '-' WHERE id = old.team_id; END\"}\n" +
           rest + "views: {v: \"" + view + "\"}\n";
  };
  const std::string state = "state: {type: text, check: \"state in ('new','old')\"}";
  const std::string index = "    indexes: {ix_mail: [mail]}\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"nothing", model_of("mail: text, " + state, index)},
      {"type", model_of("mail: varchar(99), " + state, index)},
      {"rename", model_of("address: {type: text, renamed_from: mail}, " + state, "    indexes: {ix_mail: [address]}\n", "SELECT address FROM users")},
      {"not null with backfill", model_of("mail: text, state: {type: text, null: false, backfill: \"'old'\", check: \"state in ('new','old')\"}", index)},
      {"new check", model_of("mail: {type: text, check: length(mail) > 0}, " + state, index)},
      {"unique", model_of("mail: {type: text, unique: true}, " + state, index)},
      {"added column", model_of("mail: text, " + state + ", born: date, kind: {type: text, null: false, default: k}", index)},
      {"default", model_of("mail: {type: text, default: none}, " + state, index)},
      {"generated", model_of("mail: text, " + state + ", loud: {type: text, generated: upper(mail)}", index)},
      {"index", model_of("mail: text, " + state, "    indexes: {ix_mail: {columns: [mail desc], unique: true, where: mail is not null}}\n")},
      {"dropped column", model_of("mail: text", index)},
      {"view", model_of("mail: text, " + state, index, "SELECT id, mail FROM users")},
  };
  for (const auto& known : cases) {
    const auto& [what, yaml] = known;
    CAPTURE(known.first);
    const auto original = memory_database(base);
    const auto database = memory_database(base);
    database->execute("PRAGMA foreign_keys = ON");
    const auto found = difference(*database, yaml);
    CHECK(found.empty() == (what == "nothing"));
    const auto forward = render_statements(found, sqlite::dialect());
    INFO(text_of(forward));
    run_unit(*database, forward);
    for (const auto& change : difference(*database, yaml).changes) CHECK(describe(change.operation) == "");
    CHECK(rows(*database, "SELECT count(*), sum(team_id) FROM users") == "2|3");
    const auto undo = back(found);
    INFO(text_of(undo));
    run_unit(*database, undo);
    CHECK(first_difference(sqlite_catalog(*database), sqlite_catalog(*original)) == "");
    CHECK(rows(*database, "SELECT count(*), sum(team_id) FROM users") == "2|3");
  }
}

TEST_CASE("what sqlite refuses in a model is an error with its place and SQLite's words") {
  const auto database = memory_database("CREATE TABLE t (a INT)");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"tables: {t: {columns: {a: int}, checks: {ck: nosuch > 1}}}", "no such column: nosuch"},
      {"tables: {t: {columns: {a: int, b: {type: int, generated: a +}}}}", "SQLite refuses the table t"},
      {"tables: {t: {columns: {a: \"text[]\"}}}", "cannot read the type"},
      {"tables: {t: {columns: {a: int}, checks: {ck: \"1); DROP TABLE t; --\"}}}", "check ck"},
      {"tables: {t: {columns: {a: int, b: serial}}}", "only a primary key of one column can number itself"},
      {"tables: {t: {columns: {a: int}, sqlite: {strickt: true}}}", "SQLite knows no option 'strickt'"},
      {"tables: {t: {columns: {a: int}, triggers: {tr: \"CREATE TRIGGER tr AFTER DELETE ON t BEGIN DELETE FROM nowhere; END\"}}}", "no such table"},
  };
  for (const auto& known : cases) {
    const auto& [yaml, words] = known;
    CAPTURE(known.first);
    try {
      static_cast<void>(difference(*database, yaml));
      FAIL_CHECK("no error");
    } catch (const Error& error) {
      CHECK(error.kind == ErrorKind::usage);
      CHECK(error.message().find(words) != std::string::npos);
      CHECK(error.location.file == "model.yaml");
    }
  }
}

}  // namespace sqlite_difference_test
