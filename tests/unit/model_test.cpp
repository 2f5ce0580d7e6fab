#include <doctest/doctest.h>

#include "schema/lookup.hpp"
#include "schema/model.hpp"

namespace model_test {

using namespace migrate;

namespace {

const ModelOptions postgresql{.sections = {"postgresql"}, .other_sections = {"mysql", "mariadb", "sqlite"}, .schemas = true, .default_schema = "public"};

Schema parse(const std::string& text) { return parse_model(text, "model.yaml", postgresql); }

Error error_of(const std::string& text) {
  try {
    (void)parse(text);
  } catch (const Error& error) {
    return error;
  }
  return Error{ErrorKind::failed, "no error"};
}

const char* const design_model = R"yaml(
enums:
  order_status: [new, paid, shipped]
tables:
  teams: {columns: {id: bigint}, primary_key: [id]}
  users:
    comment: People who can sign in
    columns:
      id:      {type: bigint, identity: always}
      mail:    {type: varchar(255), null: false, renamed_from: email}
      status:  {type: order_status, default: new, null: false}
      notes:   {type: text, mysql: {type: longtext}}
      total:   {type: "numeric(12,2)", generated: "price * quantity"}
      price: numeric
      quantity: integer
      team_id: {type: bigint, references: teams(id)}
      created: {type: timestamptz, null: false, default: {sql: now()}}
    primary_key: [id]
    uniques:  {uq_users_mail: [mail]}
    indexes:  {ix_users_created: {columns: [created desc], where: "status = 'new'"}}
    foreign_keys: {fk_users_team: {columns: [team_id], references: teams(id), on_delete: cascade}}
    checks:   {ck_users_mail: "mail LIKE '%@%'"}
    postgresql: {unlogged: true}
    mysql: {engine: InnoDB}
)yaml";

}  // namespace

TEST_CASE("the model of the design reads as it says") {
  const auto schema = parse(design_model);
  REQUIRE(schema.tables.size() == 2);
  const auto& users = schema.tables[1];
  CHECK(users.comment == "People who can sign in");
  CHECK(users.columns[0].nullable == false);
  CHECK(users.columns[0].identity->kind == Identity::Kind::always);
  CHECK(users.columns[1].declared.renamed_from == "email");
  CHECK(users.columns[2].default_value == Default{false, "new"});
  CHECK(users.columns[3].type == "text");
  CHECK(users.columns[4].generated->expression == "price * quantity");
  CHECK(find_named(users.columns, std::string("created"))->default_value == Default{true, "now()"});
  CHECK(users.indexes[0].parts[0].descending);
  CHECK(users.foreign_keys.size() == 2);
  CHECK(users.foreign_keys[0].references.name == "teams");
  CHECK(users.options.at("unlogged") == "true");
  CHECK(users.options.count("engine") == 0);
}

TEST_CASE("any property may be overridden for an engine") {
  const ModelOptions mariadb{.sections = {"mysql", "mariadb"}, .other_sections = {"postgresql", "sqlite"}};
  const auto schema = parse_model(design_model, "model.yaml", mariadb);
  CHECK(find_named(schema.tables[1].columns, std::string("notes"))->type == "longtext");
  CHECK(schema.tables[1].options.at("engine") == "InnoDB");
}

TEST_CASE("what write_model wrote reads as the same schema") {
  auto schema = parse(design_model);
  for (auto& key : schema.tables[1].foreign_keys) key.referenced_columns = {"id"};
  schema.views.push_back({.name = {"", "odd: name"}, .definition = "SELECT 1,\n  2\n\nFROM t", .comment = "it's\ntwo lines"});
  schema.tables[0].checks.push_back({.name = "", .expression = "a > 0 -- {x}"});
  schema.tables[0].name = {"audit", "a.b"};
  schema.tables[1].foreign_keys[0].references = schema.tables[1].foreign_keys[1].references = schema.tables[0].name;
  schema.enums[0].values = {"null", "true", "1", "it's", "a, b", ""};
  const auto text = write_model(schema, "postgresql");
  CAPTURE(text);
  auto again = parse(text);
  again.tables[0].checks[0].name = "";
  CHECK(again == schema);
  CHECK(write_model(again, "postgresql") == text);
}

TEST_CASE("an unknown key is an error with its line, column and the nearest key") {
  const auto error = error_of("tables:\n  users:\n    colums: {id: bigint}\n");
  CHECK(error.location.line == 3);
  CHECK(error.location.column == 5);
  CHECK(error.hint.find("columns") != std::string::npos);
}

TEST_CASE("wrong models are refused with a place") {
  for (const char* text : {
           "tables: [a]",
           "tables:\n  users: 1",
           "tables:\n  users:\n    columns: {id: }",
           "tables:\n  users:\n    columns: {id: {null: false}}",
           "tables:\n  users:\n    columns: {id: {type: int, null: maybe}}",
           "tables:\n  users:\n    columns: {id: int}\n    primary_key: [di]",
           "tables:\n  users:\n    columns: {id: int}\n    primary_key: {columns: }",
           "tables:\n  users:\n    columns: {id: int}\n    uniques: {u: {columns: }}",
           "tables:\n  users:\n    columns: {id: int}\n    indexes: {i: {columns: }}",
           "tables:\n  users:\n    columns: {id: int}\n    foreign_keys: {f: {columns: [id]}}",
           "tables:\n  users:\n    columns: {id: int}\n    foreign_keys: {f: {columns: [id], references: users(nope)}}",
           "tables:\n  users:\n    columns: {id: int}\n    foreign_keys: {f: {columns: [id], references: users(id), on_delete: explode}}",
           "tables:\n  users:\n    columns: {id: int}\n  users:\n    columns: {id: int}",
           "views: {v: {}}",
           "enums: {e: x}",
           "nonsense: 1",
           "- a",
       }) {
    CAPTURE(text);
    const auto error = error_of(text);
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.location.line > 0);
    CHECK(error.location.file == "model.yaml");
  }
}

TEST_CASE("`dialects` limits any object and any part of a table to some engines") {
  const auto schema = parse(R"yaml(
tables:
  here:
    columns:
      id: integer
      tags: {type: "text[]", dialects: postgresql}
      code: {type: integer, dialects: [mysql, sqlite]}
    indexes:
      ix_partial: {columns: [id], where: id > 0, dialects: [postgresql, sqlite]}
      ix_other: {columns: [id], dialects: mysql}
    checks:
      ck_here: {expression: id > 0, dialects: [postgresql]}
      ck_other: {expression: id > 1, dialects: [mysql]}
    triggers:
      tr_other: {definition: CREATE TRIGGER tr_other, dialects: sqlite}
  there: {dialects: [mariadb], columns: {id: integer}}
views:
  v_other: {query: SELECT 1, dialects: [mysql]}
)yaml");
  REQUIRE(schema.tables.size() == 1);
  const auto& table = schema.tables.front();
  REQUIRE(table.columns.size() == 2);
  CHECK(table.columns[1].name == "tags");
  REQUIRE(table.indexes.size() == 1);
  CHECK(table.indexes.front().name == "ix_partial");
  REQUIRE(table.checks.size() == 1);
  CHECK(table.checks.front().name == "ck_here");
  CHECK(table.triggers.empty());
  CHECK(schema.views.empty());

  const auto error = error_of("tables:\n  a:\n    columns: {id: integer}\n    indexes: {i: {columns: [id], dialects: [postgres]}}\n");
  CHECK(error.kind == ErrorKind::usage);
  CHECK(error.message().find("unknown dialect 'postgres'") != std::string::npos);
  CHECK(error.hint.find("postgresql") != std::string::npos);
  CHECK(error.location.line == 4);
}

TEST_CASE("a reference written on its column may have a name and actions") {
  const auto schema = parse("tables:\n  teams: {columns: {id: integer}, primary_key: [id]}\n"
                            "  users: {columns: {team_id: {type: integer, references: {table: teams, column: id, name: fk_team, on_delete: cascade}}}}\n");
  const auto& key = schema.tables[1].foreign_keys.at(0);
  CHECK(key.name == "fk_team");
  CHECK(key.on_delete == "cascade");
  CHECK(key.referenced_columns == std::vector<std::string>{"id"});
  CHECK_FALSE(key.declared.generated_name);
}

}  // namespace model_test
