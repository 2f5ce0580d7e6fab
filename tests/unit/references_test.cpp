// Which objects a text names: a name counts only where its kind can stand.
#include <doctest/doctest.h>

#include "dialect/dialect.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/references.hpp"

namespace references_test {

using namespace migrate;

namespace {

std::string list(const char* engine, std::string_view sql, TextKind text = TextKind::query) {
  std::string out;
  for (const auto& object : references_in(sql, dialect_named(engine).sql().lexical_rules(), text)) {
    const char* kind = object.kind == ObjectId::Kind::relation ? "r:" : object.kind == ObjectId::Kind::routine ? "f:" : "t:";
    out += (out.empty() ? "" : " ") + std::string(kind) + object.name.text();
  }
  return out;
}

}  // namespace

TEST_CASE("a column, an alias or a local name that is called as a table is no reference to it") {
  CHECK(list("postgresql", "SELECT y.a, z.a AS b FROM y JOIN z ON y.a = z.a") == "r:y r:z");
  CHECK(list("mysql", "select `y`.`a` AS `a` from (`y` join `z` on((`y`.`a` = `z`.`b`)))") == "r:y r:z");
  CHECK(list("mysql", "select 1 AS `x` from ((`a` left join `b` on(`a`.`i` = `b`.`i`)) join `db`.`c`)") == "r:a r:b r:db.c");
  CHECK(list("sqlite", "SELECT [a b].x FROM [a b], \"c\" d, (SELECT * FROM e) f WHERE d.x IN (SELECT g FROM h)") == "r:a b r:c r:e r:h");
  CHECK(list("postgresql", "WITH w AS (SELECT * FROM a), v (x) AS MATERIALIZED (VALUES (1)) SELECT * FROM w, v, other.u") == "r:a r:other.u");
  CHECK(list("postgresql", "SELECT extract(year FROM d), trim(both 'x' FROM n), a IS DISTINCT FROM b FROM t") == "r:t f:extract f:trim");
  CHECK(list("postgresql", "SELECT * FROM ONLY a, LATERAL f(a.x) g, LATERAL (SELECT * FROM c) d") == "r:a r:c f:f");
  CHECK(list("postgresql", "SELECT 'FROM x', $$FROM y$$ FROM z -- FROM c") == "r:z");
}

TEST_CASE("calls, casts and sequences are references to what they name") {
  CHECK(list("postgresql", "nextval('s.q'::regclass)") == "r:s.q f:nextval t:regclass");
  CHECK(list("mysql", "nextval(`s`) + (next value for t)") == "r:s r:t f:nextval");
  CHECK(list("postgresql", "lower(x)::mood = CAST(y AS public.level)") == "f:lower t:mood t:public.level");
  CHECK(list("postgresql", "mood[]", TextKind::type) == "f:mood t:mood");
}

TEST_CASE("programs name what their signatures and bodies stand on") {
  CHECK(list("postgresql", "CREATE FUNCTION f(a t, b integer) RETURNS SETOF v LANGUAGE sql AS $$ SELECT * FROM v WHERE g(a) $$", TextKind::program).find("r:v") != std::string::npos);
  CHECK(list("postgresql", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r orders%ROWTYPE; BEGIN INSERT INTO log (x) VALUES (1); UPDATE a SET b = 1 FROM c; "
                           "DELETE FROM d USING e; PERFORM h(1); END $$", TextKind::program) ==
        "r:a r:c r:d r:e r:log r:orders r:void f:h t:void");
  CHECK(list("mysql", "CREATE TRIGGER t AFTER UPDATE ON a FOR EACH ROW BEGIN INSERT INTO b VALUES (NEW.c); UPDATE d SET e = 1; CALL p(); END", TextKind::program) == "r:b r:d f:p");
  CHECK(list("sqlite", "CREATE TRIGGER t INSTEAD OF UPDATE OF x ON v BEGIN INSERT OR IGNORE INTO a SELECT * FROM b; REPLACE INTO c VALUES (1); END", TextKind::program) == "r:a r:b r:c");
  CHECK(list("postgresql", "CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.id)", TextKind::program) == "r:log");
}

}  // namespace references_test
