#include "project/config.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "core/filesystem.hpp"
#include "migrate/error.hpp"

namespace config_test {

using namespace migrate;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("migrate-config-" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

Variables variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto it = values.find(name);
    if (it == values.end()) return std::nullopt;
    return it->second;
  };
}

Config parse(std::string_view text, const std::string& environment = "", const Variables& values = variables({})) {
  return parse_config(text, "/project/migrate.yaml", environment, values);
}

Error failure(std::string_view text, const std::string& environment = "") {
  try {
    (void)parse(text, environment);
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.location.file == "/project/migrate.yaml");
    return error;
  }
  FAIL("no error for ", std::string(text));
  return Error{ErrorKind::failed, ""};
}

}  // namespace

TEST_CASE("an empty migrate.yaml gives the defaults") {
  const auto config = parse("");
  CHECK(config.folder == "/project");
  CHECK(config.migrations == std::vector<fs::path>{"/project/migrations"});
  CHECK(config.model == std::vector<std::string>{"/project/model.yaml"});
  CHECK(config.versions_table == "schema_versions");
  CHECK(config.transaction == TransactionMode::per_revision);
  CHECK(config.lock.timeout == 60s);
  CHECK(config.statement.lock_timeout == 5s);
  CHECK(config.reconnect == 30s);
  CHECK(config.statement.retries == 5);
  CHECK_FALSE(config.confirm);
}

TEST_CASE("every key of the design is read") {
  const auto config = parse(R"(
database: sqlite:///app.db
migrations: [migrations, ../shared/migrations/]
model: [model.yaml, "models/*.yaml"]
templates: templates
versions_table: audit.schema_versions
revision: {format: cpp, file_name: "{{id}}_{{slug}}", number_width: 6}
naming: {index: "i_{{columns}}", unique: "u_{{columns}}", foreign_key: "f_{{columns}}", check: "c_{{name}}"}
transaction: all
lock: {timeout: 2m, kind: lease, lease: 4s}
reconnect: 90s
statement: {lock_timeout: 500ms, timeout: 0, retries: 2}
schemas: [public, audit]
ignore: ["legacy_*", "audit.*"]
include: "*"
lint: {rules: {drop: off}, level: "${LEVEL:-warn}"}
hooks: {after: echo}
cpp: {flags: -O2}
compiler: {command: c++}
drift: {enabled: true}
environments:
  prod: {database: "postgresql://u@h/x", confirm: true}
)");
  CHECK(config.migrations == std::vector<fs::path>{"/project/migrations", "/shared/migrations"});
  CHECK(config.model == std::vector<std::string>{"/project/model.yaml", "/project/models/*.yaml"});
  CHECK(config.templates == fs::path("/project/templates"));
  CHECK(config.versions_table == "audit.schema_versions");
  CHECK(config.revision.format == "cpp");
  CHECK(config.revision.file_name == "{{id}}_{{slug}}");
  CHECK(config.revision.number_width == 6);
  CHECK(config.naming.check == "c_{{name}}");
  CHECK(config.transaction == TransactionMode::all);
  CHECK(config.lock.timeout == 120s);
  CHECK(config.lock.kind == LockSettings::Kind::lease);
  CHECK(config.lock.lease == 4s);
  CHECK(config.reconnect == 90s);
  CHECK(config.statement.lock_timeout == 500ms);
  CHECK(config.statement.timeout == 0ms);
  CHECK(config.schemas == std::vector<std::string>{"public", "audit"});
  CHECK(config.include == std::vector<std::string>{"*"});
  CHECK(config.lint.find("level")->scalar == "warn");
  CHECK(config.cpp.compiler == "c++");
  CHECK(config.cpp.flags == std::vector<std::string>{"-O2"});
  CHECK_FALSE(config.confirm);
  CHECK(database_url(config).database == "/project/app.db");
  CHECK_FALSE(is_included(config, "", "legacy_users"));
  CHECK_FALSE(is_included(config, "audit", "log"));
  CHECK(is_included(config, "public", "log"));
}

TEST_CASE("an environment lies over the settings key by key") {
  const auto* text = R"(
database: "${DEV_URL}"
password_file: dev.password
statement: {lock_timeout: 1s, retries: 9}
environments:
  prod: {database: "${PROD_URL}", confirm: true, statement: {lock_timeout: 2s}}
  test:
)";
  const auto values = variables({{"PROD_URL", "postgresql://u:p@h/x"}});
  const auto prod = parse(text, "prod", values);
  CHECK(prod.environment == "prod");
  CHECK(prod.confirm);
  CHECK(prod.statement.lock_timeout == 2s);
  CHECK(prod.statement.retries == 9);
  CHECK(database_url(prod, values).password == "p");
  const auto none = parse(text, "", values);
  CHECK_THROWS_WITH_AS((void)database_url(none, values), "the environment variable DEV_URL is not set", Error);
  CHECK(parse(text, "test", values).statement.lock_timeout == 1s);
  CHECK(failure(text, "prd").hint == "did you mean 'prod'?");
}

TEST_CASE("variables are filled in, with defaults that may hold variables") {
  const auto values = variables({{"A", "x"}, {"EMPTY", ""}});
  CHECK(expand_variables("${A}-${B:-${A}y}-${EMPTY:-e}-${EMPTY}", values) == "x-xy-e-");
  CHECK(expand_variables("$A $$ $${A} $", values) == "$A $$ ${A} $");
  CHECK_THROWS_WITH_AS((void)expand_variables("${B}", values), "the environment variable B is not set", Error);
  CHECK_THROWS_AS((void)expand_variables("${A", values), Error);
  CHECK_THROWS_AS((void)expand_variables("${}", values), Error);
  CHECK(parse("statement: {retries: \"${N:-7}\"}").statement.retries == 7);
  CHECK(failure("versions_table: ${T}").location.line == 1);
}

TEST_CASE("unknown keys and wrong types name the line and what was meant") {
  const auto unknown = failure("database: sqlite://\ndatabse: x\n");
  CHECK(unknown.message() == "migrate.yaml: unknown key 'databse'");
  CHECK(unknown.hint == "did you mean 'database'?");
  CHECK(unknown.location.line == 2);
  CHECK(unknown.location.column == 1);
  CHECK(failure("lock: {timout: 5s}").hint == "did you mean 'timeout'?");
  CHECK(failure("lock: {timout: 5s}").message().find("in 'lock'") != std::string::npos);
  CHECK(failure("environments: {prod: {environments: {}}}").message().find("unknown key 'environments'") != std::string::npos);
  for (const auto* text : {"[a]",
                           "lock: 5s",
                           "lock: {timeout: 5}",
                           "lock: {timeout: soon}",
                           "statement: {retries: many}",
                           "statement: {retries: -1}",
                           "confirm: maybe",
                           "transaction: some",
                           "revision: {format: java}",
                           "migrations: []",
                           "migrations: {a: b}",
                           "model: [[a]]",
                           "environments: [prod]",
                           "environments: {prod: {lock: 5s}}",
                           "lint: off",
                           "versions_table: a.b.c",
                           "database: [x]",
                           "database: {uri: x}",
                           "password_file: a\npassword_command: b",
                           "versions_table: ''"}) {
    CAPTURE(text);
    CHECK(failure(text).location.line >= 1);
  }
}

TEST_CASE("durations need a unit, but for zero") {
  CHECK(parse_duration("60s") == 60s);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1.5h") == 90min);
  CHECK(parse_duration("1 d") == 24h);
  CHECK(parse_duration("0") == 0ms);
  for (const auto* text : {"", "5", "s", "-1s", "1e3s", "5 parsecs", "99999999999999d", "nan", "inf"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("the password comes from a file or a command, and from one place only") {
  const Folder folder;
  write_file(folder.path / "secret", "p@ss word\n");
  const auto load = [&](const std::string& text) {
    write_file(folder.path / "migrate.yaml", text);
    return database_url(load_config(folder.path));
  };
  CHECK(load("database: postgresql://u@h/x\npassword_file: secret").password == "p@ss word");
  CHECK(load("database: {url: postgresql://u@h/x, password_command: cat secret}").password == "p@ss word");
  CHECK(load("database: sqlite:///sub/../a.db").database == (folder.path / "a.db").string());
  CHECK(load("database: sqlite://").database.empty());
  CHECK_THROWS_AS(load("database: postgresql://u:p@h/x\npassword_file: secret"), Error);
  CHECK_THROWS_AS(load("database: postgresql://u@h/x\npassword_file: nothing"), Error);
  CHECK_THROWS_WITH_AS(load("database: postgresql://u@h/x\npassword_command: exit 3"), "password_command failed with exit code 3",
                       Error);
  CHECK_THROWS_WITH_AS(load("model: x"), "no database is given", Error);
}

TEST_CASE("migrate.yaml is found in the folders above") {
  const Folder folder;
  fs::create_directories(folder.path / "a" / "b");
  CHECK_FALSE(find_config(folder.path / "a" / "b"));
  write_file(folder.path / "migrate.yaml", "");
  CHECK(find_config(folder.path / "a" / "b") == folder.path / "migrate.yaml");
  CHECK_THROWS_AS((void)load_config(folder.path / "other.yaml"), Error);
}

TEST_CASE("model globs are resolved in a stable order") {
  const Folder folder;
  fs::create_directories(folder.path / "models" / "x");
  for (const auto* name : {"models/b.yaml", "models/a.yaml", "models/x/c.yaml", "models/note.txt", "models/.hidden.yaml"}) {
    write_file(folder.path / name, "");
  }
  const auto files = [&](const std::string& model) {
    return model_files(parse_config("model: " + model, folder.path / "migrate.yaml"));
  };
  CHECK(files("models/*.yaml") == std::vector<fs::path>{folder.path / "models/a.yaml", folder.path / "models/b.yaml"});
  CHECK(files("[models/b.yaml, 'models/*.yaml', 'models/*/c.yaml']") ==
        std::vector<fs::path>{folder.path / "models/b.yaml", folder.path / "models/a.yaml", folder.path / "models/x/c.yaml"});
  CHECK_THROWS_AS(files("nothing/*.yaml"), Error);
}

}  // namespace config_test
