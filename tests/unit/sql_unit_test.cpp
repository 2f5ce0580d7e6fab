#include "dialect/dialect.hpp"
#include "unit/sql_unit.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/filesystem.hpp"
#include "core/mustache.hpp"
#include "dialect/registry.hpp"
#include "unit/templates.hpp"
#include "unit/write.hpp"

namespace sql_unit_test {

using namespace migrate;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("migrate-unit-" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path / "migrations");
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

const std::vector<std::string> mariadb{"mysql", "mariadb"};
const std::vector<std::string> mysql{"mysql"};
const std::vector<std::string> on_sqlite{"sqlite"};
const SqlUnitOptions known{{}, {"sqlite", "postgresql", "mysql", "mariadb"}};

SqlUnit parse(const std::string& body) {
  return parse_sql_unit("-- revision: 1\n\n" + body, "m/0001.sql", known);
}

template <class Work>
Error error_of(Work work) {
  try {
    (void)work();
  } catch (const Error& error) {
    CHECK_FALSE(error.hint.empty());
    return error;
  }
  FAIL("no error");
  return Error{ErrorKind::failed, ""};
}

Error parse_error(const std::string& body) {
  return error_of([&] { return parse(body); });
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the most specific section wins") {
  const auto unit = parse(
      "-- migrate: upgrade\nplain;\n-- migrate: upgrade mysql, sqlite\nmysql;\n-- migrate: upgrade mariadb\nmaria;\n"
      "-- migrate: downgrade mysql\ndown;\n");
  const auto text = [&](Direction direction, const std::vector<std::string>& engines) {
    return section_for(unit, direction, engines).text;
  };
  CHECK(text(Direction::upgrade, mariadb) == "maria;\n");
  CHECK(text(Direction::upgrade, mysql) == "mysql;\n");
  CHECK(text(Direction::upgrade, on_sqlite) == "mysql;\n");
  CHECK(text(Direction::upgrade, {"postgresql"}) == "plain;\n");
  CHECK(text(Direction::downgrade, mariadb) == "down;\n");
  const auto none = error_of([&] { return text(Direction::downgrade, on_sqlite); });
  CHECK(none.kind == ErrorKind::usage);
  CHECK(none.message() == "cannot downgrade 1: its unit has no downgrade section for sqlite");
  CHECK(is_reversible(unit, mysql));
  CHECK_FALSE(is_reversible(unit, on_sqlite));
}

TEST_CASE("a unit without a way back says so") {
  const auto declared = parse("-- migrate: upgrade\na;\n\n-- migrate: downgrade none\n-- because\n");
  CHECK(contains(error_of([&] { return section_for(declared, Direction::downgrade, on_sqlite).text; }).message(),
                 "cannot be undone"));
  const auto missing = parse("-- migrate: upgrade\na;\n");
  const auto error = error_of([&] { return section_for(missing, Direction::downgrade, on_sqlite).text; });
  CHECK(error.kind == ErrorKind::failed);
  CHECK(contains(error.message(), "has no downgrade section"));
  CHECK(contains(parse_error("-- migrate: upgrade\n-- migrate: downgrade none\nDROP TABLE t;\n").message(),
                 "below 'downgrade none'"));
  CHECK(section_for(parse("-- migrate: upgrade\n"), Direction::upgrade, on_sqlite).text.empty());
}

TEST_CASE("what is wrong in a unit is named with its line") {
  CHECK(parse_error("-- migrate: upgrad\n").hint == "did you mean 'upgrade'?");
  CHECK(parse_error("-- migrate: upgrad\n").location == Location{"m/0001.sql", 3, 0});
  CHECK(parse_error("-- migrate: upgrade postgres\n").hint == "did you mean 'postgresql'?");
  CHECK(contains(parse_error("\n/* a */\nSELECT 1;\n-- migrate: upgrade\n").message(), "in front of the first section"));
  CHECK(parse_error("\n/* a */\nSELECT 1;\n-- migrate: upgrade\n").location.line == 5);
  CHECK(contains(parse_error("SELECT 1;\n").message(), "in front of the first section"));
  CHECK(contains(parse_error("-- nothing\n").message(), "no upgrade section"));
  CHECK(contains(parse_error("-- migrate: upgrade\n-- migrate: upgrade\n").message(), "a second section for upgrade"));
  CHECK(contains(parse_error("-- migrate: upgrade mysql\n-- migrate: upgrade sqlite, mysql\n").message(),
                 "a second section for upgrade mysql"));
  CHECK(contains(parse_error("-- migrate: upgrade none\n").message(), "'upgrade none'"));
  CHECK(contains(parse_error("-- migrate: upgrade mysql,,sqlite\n").message(), "missing between the commas"));
  CHECK(contains(parse_error("-- migrate: include x.sql\n").message(), "in front of the first section"));
  CHECK(contains(parse_error("-- migrate: upgrade\n-- migrate: include\n").message(), "names no file"));
  for (const auto* almost :
       {"--migrate: downgrade", "-- Migrate: downgrade", "  -- migrate: downgrade", "-- migrate : downgrade"}) {
    CAPTURE(almost);
    CHECK(contains(parse_error("-- migrate: upgrade\na;\n" + std::string(almost) + "\n").message(), "nearly a directive"));
  }
  CHECK(parse("-- migrate: upgrade\n-- migrate the users\na;\n").sections.size() == 1);
  CHECK(error_of([] { return parse_sql_unit(std::string("-- revision: 1\na\0b", 18), "u.sql"); }).location ==
        Location{"u.sql", 2, 2});
  CHECK(contains(error_of([] { return parse_sql_unit("-- revision: 1\n\xE9\n", "u.sql"); }).message(), "not UTF-8"));
  CHECK(contains(error_of([] { return parse_sql_unit("", "u.sql"); }).message(), "has no header"));
}

TEST_CASE("included files stand in their places, count in the checksum, and stay inside the folder") {
  const Folder folder;
  const auto file = folder.path / "migrations" / "0001.sql";
  const SqlUnitOptions options{{folder.path / "migrations"}, {}};
  fs::create_directories(folder.path / "migrations" / "data");
  write_file(folder.path / "migrations" / "data" / "x.sql", "one;\r\ntwo;");
  write_file(folder.path / "outside.sql", "bad;");
  const std::string head = "-- revision: 1\n\n-- migrate: upgrade\nfirst;\n";
  const auto unit = parse_sql_unit(head + "-- migrate: include data/x.sql\nlast;\n", file, options);
  const auto& section = unit.sections.front();
  CHECK(section.text == "first;\none;\ntwo;\nlast;\n");
  CHECK(section.lines.locate(1) == Location{file.string(), 4, 0});
  CHECK(section.lines.locate(2, 3) == Location{(folder.path / "migrations" / "data" / "x.sql").string(), 1, 3});
  CHECK(section.lines.locate(3).line == 2);
  CHECK(section.lines.locate(4) == Location{file.string(), 6, 0});
  CHECK(unit.includes.size() == 1);
  write_file(folder.path / "migrations" / "data" / "x.sql", "one;\r\nthree;");
  CHECK(parse_sql_unit(head + "-- migrate: include data/x.sql\nlast;\n", file, options).checksum != unit.checksum);
  const auto included = [&](const std::string& name) {
    return error_of([&] { return parse_sql_unit(head + "-- migrate: include " + name + "\n", file, options); }).message();
  };
  CHECK(contains(included("../outside.sql"), "outside of the migrations folder"));
  CHECK(contains(included((folder.path / "outside.sql").string()), "outside of the migrations folder"));
  CHECK(contains(included("data/nothing.sql"), "cannot read"));
  fs::create_symlink(folder.path / "outside.sql", folder.path / "migrations" / "link.sql");
  CHECK(contains(included("link.sql"), "outside of the migrations folder"));
  write_file(folder.path / "migrations" / "data" / "y.sql", "\n-- migrate: upgrade\n");
  CHECK(contains(included("data/y.sql"), "holds a directive"));
}

TEST_CASE("a review block ends at the next blank line") {
  const auto unit = parse(
      "-- migrate: upgrade\na;\n-- REVIEW: renamed or new?\nALTER TABLE t RENAME a TO b;\n-- or:\n-- DROP\n\nb;\n"
      "-- migrate: downgrade\n--REVIEW: second\nc;\n");
  const auto reviews = reviews_of(unit);
  REQUIRE(reviews.size() == 2);
  CHECK(reviews[0].reason == "renamed or new?");
  CHECK(reviews[0].text == "ALTER TABLE t RENAME a TO b;\n-- or:\n-- DROP\n");
  CHECK(reviews[0].location == Location{"m/0001.sql", 5, 0});
  CHECK(reviews[1].location.line == 12);
  CHECK(reviews_of(parse("-- migrate: upgrade\n-- To REVIEW: no\na;\n")).empty());
  CHECK(find_reviews("// REVIEW: x\nop.a();\n", {{{1, {"u.cpp", 1, 1}}}}).size() == 1);
}

TEST_CASE("templates fill in names without escaping, and misspelled ones are errors") {
  TemplateData data{{{"a", "x < 'y' & {{b}}"}, {"b", ""}},
                    {{"list", {TemplateData{{{"n", "1"}}, {}}, TemplateData{{{"n", "2"}}, {}}}}}};
  CHECK(render_template("{{a}}|{{{a}}}|{{b}}", data, "t") == "x < 'y' & {{b}}|x < 'y' & {{b}}|");
  CHECK(render_template("{{#a}}A{{/a}}{{#b}}B{{/b}}{{^b}}no{{/b}}", data, "t") == "Ano");
  CHECK(render_template("{{#list}}{{n}},{{/list}}", data, "t") == "1,2,");
  CHECK(render_template("x\n  {{#b}}\nB\n{{/b}}\n{{^b}}\nno\n{{/b}}\ny\n", data, "t") == "x\nno\ny\n");
  CHECK(render_template("{{#a}}\nA\n{{/a}}\n\n{{#b}}\nB\n{{/b}}\n\n{{! a\ncomment }}y", data, "t") == "A\n\n\ny");
  const auto unknown = error_of([&] { return render_template("\n{{lst}}", data, "t"); });
  CHECK(unknown.hint == "did you mean 'list'?");
  CHECK(unknown.location == Location{"t", 2, 0});
  CHECK(error_of([&] { return render_template("{{#a}}", data, "t"); }).location.file == "t");
}

namespace {

NewUnit new_unit() {
  NewUnit unit;
  unit.revision.id = "0007-9f3c21";
  unit.revision.number = 7;
  unit.revision.parents = {"0006-77aa10", "0006-88bb20"};
  unit.revision.message = "Rename users.email\nto mail";
  unit.revision.created = "2026-11-21T10:00:00Z";
  unit.upgrade = "ALTER TABLE users RENAME COLUMN email TO mail;\n";
  unit.downgrade = "ALTER TABLE users RENAME COLUMN mail TO email;\n";
  return unit;
}

}  // namespace

TEST_CASE("a new unit reads as the design shows it") {
  CHECK(render_unit(new_unit()) == R"(-- revision: 0007-9f3c21
-- parents: 0006-77aa10, 0006-88bb20
-- message: Rename users.email to mail
-- created: 2026-11-21T10:00:00Z

-- migrate: upgrade
ALTER TABLE users RENAME COLUMN email TO mail;

-- migrate: downgrade
ALTER TABLE users RENAME COLUMN mail TO email;
)");
  auto unit = new_unit();
  unit.irreversible = true;
  unit.downgrade.clear();
  unit.revision.labels = {"billing"};
  unit.revision.depends_on = {"0003-aa0000"};
  unit.revision.transaction = false;
  const auto text = render_unit(unit);
  CHECK(contains(text, "-- labels: billing\n-- depends_on: 0003-aa0000\n-- transaction: off\n\n-- migrate: upgrade\n"));
  CHECK(text.ends_with("-- migrate: downgrade none\n"));
  CHECK_FALSE(is_reversible(parse_sql_unit(text, "u.sql"), on_sqlite));
  unit.format = UnitFormat::cpp;
  CHECK(contains(render_unit(unit), "MIGRATE_UNIT(upgrade, downgrade)"));
  CHECK(parse_header(render_unit(unit), "u.cpp")->revision.labels == unit.revision.labels);
  unit = new_unit();
  unit.upgrade = "CREATE FUNCTION f() AS $$\n-- migrate: downgrade\n$$;\n";
  CHECK(contains(error_of([&] { return render_unit(unit); }).message(), "starts with `-- migrate:`"));
}

TEST_CASE("units are written under their name, and never over another file") {
  const Folder folder;
  auto unit = new_unit();
  const auto first = write_unit(folder.path / "new" / "migrations", unit);
  CHECK(first.filename() == "0007_rename_users_email_to_mail.sql");
  CHECK(write_unit(folder.path / "new" / "migrations", unit).filename() == "0007_rename_users_email_to_mail_9f3c21.sql");
  CHECK_THROWS_AS(write_unit(folder.path / "new" / "migrations", unit), Error);
  WriteOptions options;
  options.file_name = "{{date}}{{time}}-{{random}}";
  options.number_width = 6;
  CHECK(unit_file_name(unit, options) == "20261121100000-9f3c21.sql");
  options.file_name = "{{number}}_{{slug}}";
  unit.revision.message.clear();
  CHECK(unit_file_name(unit, options) == "000007.sql");
  options.file_name = "../{{slug}}";
  CHECK_THROWS_AS((void)unit_file_name(unit, options), Error);
}

TEST_CASE("the project's own template serves in place of the built-in one") {
  const Folder folder;
  WriteOptions options;
  options.templates = folder.path;
  CHECK(contains(render_unit(new_unit(), options), "-- parents:"));
  write_file(folder.path / "unit.sql.mustache",
             "-- revision: {{revision}}\n-- parents: {{parents}}\n-- message: {{message}}\n\n-- ours\n");
  CHECK(contains(render_unit(new_unit(), options), "-- ours"));
  write_file(folder.path / "unit.sql.mustache", "-- revision: {{revision}}\n\n-- migrate: upgrade\n{{upgrade}}\n");
  CHECK(contains(error_of([&] { return render_unit(new_unit(), options); }).message(), "is read as another"));
}

TEST_CASE("the built-in templates are there, and give files that can be read") {
  const TemplateData data{{{"database", "sqlite:///app.db"}, {"migrations", "migrations"}, {"model", "model.yaml"}, {"environments", ""}}, {}};
  CHECK(contains(render_file("migrate.yaml", data), "database: sqlite:///app.db\n"));
  CHECK(contains(render_file("model.yaml", {{{"model", ""}}, {}}), "\ntables: {}\n"));
  CHECK(contains(render_file("model.yaml", {{{"model", "tables:\n  a: {}"}}, {}}), "\ntables:\n  a: {}\n"));
}

TEST_CASE("statements carry the place in the file that they come from, and so do errors") {
  const Folder folder;
  const auto file = folder.path / "migrations" / "0001.sql";
  const auto included = folder.path / "migrations" / "x.sql";
  const std::string head =
      "-- revision: 1\n\n-- migrate: upgrade\n\nCREATE TABLE a (id integer);\n-- migrate: include x.sql\n  SELECT 1\n";
  write_file(included, "-- a comment\nINSERT INTO a VALUES (';\n');\n");
  auto unit = parse_sql_unit(head, file);
  const auto statements = statements_of(unit.sections.front(), sqlite::dialect());
  REQUIRE(statements.size() == 3);
  CHECK(statements[0].location == Location{file.string(), 5, 1});
  CHECK(statements[1].text == "INSERT INTO a VALUES (';\n')");
  CHECK(statements[1].location == Location{included.string(), 2, 1});
  CHECK(statements[2].location == Location{file.string(), 7, 3});
  write_file(included, "SELECT 1;\nSELECT 'x;\n");
  unit = parse_sql_unit(head, file);
  CHECK(error_of([&] { return statements_of(unit.sections.front(), sqlite::dialect()); }).location ==
        Location{included.string(), 2, 8});
}

}  // namespace sql_unit_test
