/// PostgreSQL's text: splitting, classifying, types, defaults, names.
#include <doctest/doctest.h>

#include "dialect/dialect.hpp"
#include "dialect/postgresql/canonical/canonical.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "dialect/registry.hpp"
#include "dialect/sql.hpp"

namespace postgresql_text_test {

using namespace migrate;
using namespace migrate::postgresql;

namespace {

std::vector<std::string> texts(const std::string& sql) {
  std::vector<std::string> list;
  for (const auto& statement : dialect().sql().split(sql, {"unit.sql", 1, 1})) list.push_back(statement.text);
  return list;
}

}  // namespace

TEST_CASE("postgresql: a script splits where the server would end a statement") {
  CHECK(texts("SELECT 1; SELECT ';' ;; -- a ;\n /* ; /* ; */ ; */ SELECT $$;$$, $a$;$$;$a$, E'\\';', \"a;b\"") ==
        std::vector<std::string>{"SELECT 1", "SELECT ';'", "SELECT $$;$$, $a$;$$;$a$, E'\\';', \"a;b\""});
  CHECK(texts("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3").size() == 2);
  CHECK(texts("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3").size() == 2);
  CHECK(texts("BEGIN; SELECT 1; COMMIT").size() == 3);
  CHECK(texts("  -- nothing\n").empty());
  const auto statements = dialect().sql().split("\nSELECT 1;\n  SELECT 2", {"unit.sql", 10, 1});
  CHECK(statements.at(1).location == Location{"unit.sql", 12, 3});
}

TEST_CASE("postgresql: commands of psql are refused where they stand") {
  for (const std::string sql : {"SELECT 1;\n\\connect other\n", "\\i file.sql", "SELECT 1 \\g", "SELECT 1;\nCOPY t (a, b) FROM stdin;\n1\t2\n\\.\n"}) {
    INFO(sql);
    CHECK_THROWS_AS(texts(sql), Error);
  }
  try {
    texts("SELECT 1;\n\\connect other\n");
  } catch (const Error& error) {
    CHECK(error.location == Location{"unit.sql", 2, 1});
    CHECK(error.message().find("\\connect other") != std::string::npos);
  }
}

TEST_CASE("postgresql: statements are classified") {
  const auto kind = [](const std::string& sql) { return dialect().sql().classify({sql, {}}); };
  CHECK(kind("create index concurrently i on t (a)") == StatementClass::definition);
  CHECK(kind("WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x") == StatementClass::data);
  CHECK(kind("SELECT setval('s', 1)") == StatementClass::data);
  CHECK(kind("SELECT count(*) FROM t") == StatementClass::query);
  CHECK(kind("SET search_path = a") == StatementClass::session);
  CHECK(kind("COMMIT") == StatementClass::transaction);
  CHECK(kind("ROLLBACK TO a") == StatementClass::session);
  CHECK(kind("CALL p()") == StatementClass::other);
}

TEST_CASE("postgresql: every spelling of a type has one canonical form, which stays as it is") {
  for (const auto& known : std::vector<std::pair<std::string, std::string>>{
           {"INT", "integer"}, {"int8", "bigint"}, {"character varying(255)", "varchar(255)"}, {"VARCHAR", "varchar"},
           {"character", "char(1)"}, {"timestamp(3) with time zone", "timestamptz(3)"}, {"timestamp without time zone", "timestamp"},
           {"numeric(10, 0)", "numeric(10)"}, {"decimal(10,2)", "numeric(10,2)"}, {"float(24)", "real"}, {"float", "double precision"},
           {"integer array", "integer[]"}, {"int[3][4]", "integer[]"}, {"interval day to second(3)", "interval day to second(3)"},
           {"\"char\"", "\"char\""}, {"bit varying(3)", "varbit(3)"}, {"public.status", "status"}, {"audit.\"Level\"[]", "audit.Level[]"},
           {"geometry(Point,4326)", "geometry(Point,4326)"}, {"time(2) with time zone", "timetz(2)"}, {"bpchar", "bpchar"}, {"blob", "bytea"}}) {
    const auto& [written, canonical] = known;
    INFO(known.first);
    CHECK(canonical_type(written, {}, "public") == canonical);
    CHECK(canonical_type(canonical, {"audit.Level"}, "public") == canonical);
  }
  CHECK(canonical_type("Mixed Case[]", {"Mixed Case"}) == "Mixed Case[]");
  CHECK(type_sql("Mixed Case[]") == "\"Mixed Case\"[]");
  CHECK(type_sql("audit.Level") == "audit.\"Level\"");
  CHECK(type_sql("double precision[]") == "double precision[]");
}

TEST_CASE("postgresql: defaults are bare values where they are literals") {
  const auto literal = [](const std::string& text) { return std::optional(Default{false, text}); };
  const auto sql = [](const std::string& text) { return std::optional(Default{true, text}); };
  CHECK(default_from_sql("'new'::order_status", "order_status") == literal("new"));
  CHECK(default_from_sql("'it''s'::character varying", "varchar(20)") == literal("it's"));
  CHECK(default_from_sql("'-1'::integer", "numeric(10,2)") == literal("-1"));
  CHECK(default_from_sql("'a'::text", "integer") == sql("'a'::text"));
  CHECK(default_from_sql("NULL::character varying", "text") == std::nullopt);
  CHECK(default_from_sql("('a'::text || 'b'::text)", "text") == sql("'a'::text || 'b'::text"));
  CHECK(canonical_default({true, "NOW()"}, "timestamptz") == sql("now()"));
  CHECK(canonical_default({true, "current_timestamp"}, "timestamptz") == sql("CURRENT_TIMESTAMP"));
  CHECK(canonical_default({false, "yes"}, "boolean") == literal("true"));
  CHECK(canonical_default({false, "now()"}, "text") == literal("now()"));
  CHECK(canonical_default({true, "'x'"}, "text") == literal("x"));
  CHECK(default_sql({false, "it's"}, "text") == "'it''s'");
  CHECK(default_sql({false, "0); DROP TABLE t; --"}, "integer") == "'0); DROP TABLE t; --'");
  CHECK(default_sql({true, "now() + '1 day'::interval"}, "timestamptz") == "(now() + '1 day'::interval)");
}

TEST_CASE("postgresql: names are quoted where needed and fit") {
  CHECK(quote_name("users") == "users");
  CHECK(quote_name("user") == "\"user\"");
  CHECK(quote_name("A\"b") == "\"A\"\"b\"");
  CHECK(shorten_name(std::string(80, 'x')).size() <= longest_name);
  CHECK(shorten_name(std::string(80, 'x')) != shorten_name(std::string(81, 'x')));
  CHECK(replace_qualifier("SELECT public.a.b, 'public.x' FROM public.a", "public", "") == "SELECT a.b, 'public.x' FROM a");
  CHECK(strip_parentheses("((a) + (b))") == "(a) + (b)");
}

TEST_CASE("postgresql: the arguments of a routine are read from its definition") {
  const auto arguments = [](const std::string& text) { return routine_arguments(text, {"mood"}, "public"); };
  CHECK(arguments("CREATE FUNCTION f() RETURNS int AS ''") == "");
  CHECK(arguments("CREATE FUNCTION f(a integer, b text DEFAULT 'x, y', double precision) RETURNS int AS ''") == "integer, text, double precision");
  CHECK(arguments("CREATE FUNCTION f(OUT x int, INOUT y varchar(20), VARIADIC z text[], m mood)") == "varchar, text[], mood");
  CHECK(arguments("CREATE FUNCTION f(timestamp with time zone, p_at timestamp with time zone, numeric(10,2))") == "timestamptz, timestamptz, numeric");
}

}  // namespace postgresql_text_test
