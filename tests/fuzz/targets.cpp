#include "fuzz/targets.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/mustache.hpp"
#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "project/config.hpp"
#include "project/url.hpp"
#include "revision/argument.hpp"
#include "revision/sum.hpp"
#include "runner/journal.hpp"
#include "runner/versions.hpp"
#include "schema/model.hpp"
#include "unit/sql_unit.hpp"

namespace migrate::fuzz {
namespace {

/// A promise that does not hold is a finding, in every build.
void expect(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

// ---- SQL ----

void check_statement(const Dialect& dialect, const Statement& statement, std::string_view source) {
  expect(!statement.text.empty(), "no statement is empty");
  expect(statement.text.size() <= source.size() + 1, "a statement is no longer than its source");
  expect(statement.location.line >= 1, "a statement has a line");
  static_cast<void>(dialect.sql().classify(statement));
  static_cast<void>(dialect.run().witness(statement));
}

/// A text that ends inside a body gives a last statement with the ';' in it, for the server to refuse.
std::string_view without_end(std::string_view text) {
  while (!text.empty() && (text.back() == ';' || text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

void split_sql(const Dialect& dialect, std::string_view input) {
  const auto statements = dialect.sql().split(input, Location{"unit.sql", 1, 1});
  std::string script = "\n";  // a BOM that was a statement is none here
  for (const auto& statement : statements) {
    check_statement(dialect, statement, input);
    script += dialect.sql().script_statement(statement) + "\n";
  }
  // What --sql writes has the same statements. Only a body that DELIMITER has cut off is none that a script can hold.
  const bool certain = written_by_hand || lower(input).find("delimiter") == std::string::npos;
  std::vector<Statement> again;
  try {
    again = dialect.sql().split(script, Location{"script.sql", 1, 1});
  } catch (const Error& error) {
    if (!certain) return;
    std::fprintf(stderr, "%s\n---- script:\n%s\n", error.what(), script.c_str());
    expect(false, "a script of statements can be split");
  }
  bool same = again.size() == statements.size();
  for (std::size_t i = 0; same && i < again.size(); ++i) same = without_end(again[i].text) == without_end(statements[i].text);
  if (!same && certain) std::fprintf(stderr, "%zu statements, then %zu; script:\n%s\n", statements.size(), again.size(), script.c_str());
  expect(same || !certain, "a script of statements is split into the same");
  try {
    static_cast<void>(dialect.run().frame_unit(statements, nullptr));
  } catch (const Error&) {
  }
}

void split_sqlite(std::string_view input) { split_sql(dialect_named("sqlite"), input); }
void split_postgresql(std::string_view input) { split_sql(dialect_named("postgresql"), input); }
void split_mysql(std::string_view input) { split_sql(dialect_named("mysql"), input); }

void lexer(std::string_view input) {
  for (const auto* name : {"sqlite", "postgresql", "mysql"}) {
    const auto& rules = dialect_named(name).sql().lexical_rules();
    try {
      std::size_t end = 0;
      for (const auto& token : tokenize(input, rules)) {
        expect(token.offset >= end && !token.text.empty(), "tokens follow each other");
        expect(input.substr(token.offset, token.text.size()) == token.text, "a token is a part of its source");
        end = token.offset + token.text.size();
      }
      static_cast<void>(normalize_sql(input, rules));
      static_cast<void>(mentions(input, "users", rules));
      static_cast<void>(rename_in_sql(input, "users", "people", rules));
      static_cast<void>(unquote_name(input));
      static_cast<void>(unquote_text(input, true));
    } catch (const Error&) {
    }
  }
}

// ---- units ----

void unit(std::string_view input) {
  const SqlUnitOptions options{.folders = {"/nonexistent/migrations"}, .known_engines = {"sqlite", "postgresql", "mysql", "mariadb"}, .needs_upgrade = true};
  const auto parsed = parse_sql_unit(input, "/nonexistent/migrations/0001_unit.sql", options);
  expect(!parsed.revision.id.empty(), "a unit has an id");
  expect(parsed.checksum.starts_with("v1:"), "a unit has a checksum");
  static_cast<void>(reviews_of(parsed));
  // Line ends are not part of what a unit is.
  if (input.find('\r') == std::string_view::npos) {
    const auto windows = parse_sql_unit(replace_all(std::string(input), "\n", "\r\n"), "/nonexistent/migrations/0001_unit.sql", options);
    expect(windows.checksum == parsed.checksum, "a checksum does not depend on line ends");
    expect(windows.sections.size() == parsed.sections.size(), "sections do not depend on line ends");
  }
  for (const auto* name : {"sqlite", "postgresql", "mysql"}) {
    const std::vector<std::string> engines = {name};
    for (const auto direction : {Direction::upgrade, Direction::downgrade}) {
      try {
        const auto& section = section_for(parsed, direction, engines);
        const auto lines = static_cast<int>(std::count(input.begin(), input.end(), '\n')) + 1;
        for (const auto& statement : statements_of(section, dialect_named(name))) {
          expect(statement.location.line >= 1 && statement.location.line <= lines, "a statement stands in its file");
        }
      } catch (const Error&) {
      }
    }
  }
}

void header(std::string_view input) {
  const auto whole = parse_header(input, "0001_unit.sql", true);
  expect(whole.has_value() && whole->body <= input.size(), "a header ends inside its file");
  for (const auto size : {input.size() / 4, input.size() / 2, input.size()}) {
    // The first part of a file gives the same header as the whole, or says that it goes on.
    std::optional<Header> part;
    try {
      part = parse_header(input.substr(0, size), "0001_unit.sql", false);
    } catch (const Error&) {
      continue;
    }
    if (part) expect(part->revision == whole->revision, "the start of a file gives the whole header");
  }
}

void sum(std::string_view input) {
  const auto parsed = parse_sum(input, "migrate.sum");
  expect(parsed.entries.size() == parsed.lines.size(), "every entry has a line");
}

void progress(std::string_view input) {
  const auto parsed = read_progress(write_progress(read_progress(std::string(input))));
  expect(read_progress(write_progress(parsed)) == parsed, "progress that is written is read back");
  if (parsed.journal.empty()) return;
  const auto journal = read_journal(parsed.journal);
  expect(read_journal(write_journal(journal)) == journal, "a journal that is written is read back");
}

// ---- models ----

void check_model(const std::string& name, std::string_view input, const ModelOptions& options) {
  auto schema = parse_model(input, "model.yaml", options);
  const auto& dialect = dialect_named(name);
  DatabaseUrl url{.scheme = name, .database = "app"};
  const auto server = dialect.catalog().assume(url);
  dialect.canonical().canonicalize(schema, server);
  auto again = schema;
  dialect.canonical().canonicalize(again, server);
  expect(again == schema || !written_by_hand, "canonicalize is idempotent");
  const auto text = write_model(schema, name);
  Schema read;
  try {
    read = parse_model(text, "written.yaml", options);
    dialect.canonical().canonicalize(read, server);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n---- %s\n%s\n", error.what(), name.c_str(), text.c_str());
    expect(false, "a model that was written can be read");
  }
  if (read == schema || !written_by_hand) return;
  std::fprintf(stderr, "---- %s\n%s\n---- read back\n%s\n", name.c_str(), text.c_str(), write_model(read, name).c_str());
  expect(false, "a model that was written is read back");
}

void model(std::string_view input) {
  for (const std::string name : {"sqlite", "postgresql", "mysql"}) {
    ModelOptions options;
    for (const auto* section : {"sqlite", "postgresql", "mysql", "mariadb"}) (section == name ? options.sections : options.other_sections).emplace_back(section);
    options.schemas = name == "postgresql";
    if (options.schemas) options.default_schema = "public";
    try {
      check_model(name, input, options);
    } catch (const Error&) {
    }
  }
}

// ---- the project ----

std::optional<std::string> variable(const std::string& name) {
  if (name == "EMPTY") return "";
  if (name.starts_with("SET")) return "value of " + name;
  return std::nullopt;
}

void config(std::string_view input) {
  // The database's URL is not asked for: `password_command` runs what it says.
  for (const auto* environment : {"", "prod"}) {
    try {
      const auto parsed = parse_config(input, "/nonexistent/migrate.yaml", environment, variable);
      static_cast<void>(is_included(parsed, "public", "users"));
    } catch (const Error& error) {
      expect(error.location.line >= 0, "an error has a line");
    }
  }
}

void url(std::string_view input) {
  static_cast<void>(is_url(input));
  DatabaseUrl parsed;
  try {
    parsed = parse_url(input);
  } catch (const Error& error) {
    const auto at = input.find(":SECRET-PASSWORD@");
    expect(at == std::string_view::npos || std::string_view(error.what()).find("SECRET-PASSWORD") == std::string_view::npos, "an error shows no password");
    throw;
  }
  const auto shown = parsed.display();
  expect(parsed.password != "SECRET-PASSWORD" || shown.find("SECRET-PASSWORD") == std::string::npos, "a URL that is shown has no password");
  static_cast<void>(parsed.dialect());
  static_cast<void>(parse_url(shown));
}

/// Two bases, a branch with a label, a merge, dependencies.
Graph some_graph() {
  const auto revision = [](const std::string& id, Ids parents, Ids labels = {}, Ids depends_on = {}) {
    return Revision{.id = id, .number = revision_number(id), .parents = std::move(parents), .message = "m", .labels = std::move(labels), .depends_on = std::move(depends_on)};
  };
  return Graph({revision("0001-aaaaaa", {}), revision("0002-bbbbbb", {"0001-aaaaaa"}), revision("0003-9f3c21", {"0002-bbbbbb"}),
                revision("0003-9f3d00", {"0002-bbbbbb"}, {"billing"}), revision("0004-cccccc", {"0003-9f3d00"}),
                revision("0005-dddddd", {"0003-9f3c21", "0004-cccccc"}), revision("0006-eeeeee", {"0005-dddddd"}),
                revision("0001-fff000", {}, {"search"}), revision("0002-fff111", {"0001-fff000"}, {}, {"0006-eeeeee"}), revision("plain", {"0002-fff111"})});
}

void argument(std::string_view input) {
  static const auto graph = some_graph();
  static const Ids applied = {"0001-aaaaaa", "0002-bbbbbb", "0003-9f3d00", "0001-fff000"};
  for (const Ids& now : {Ids{}, applied}) {
    try {
      if (is_range(input)) static_cast<void>(revisions_in(graph, resolve_range(graph, now, input), false));
      static_cast<void>(resolve(graph, now, parse_argument(graph, input)));
    } catch (const Error&) {
    }
  }
}

void file_name(std::string_view input) {
  const TemplateData data{.texts = {{"number", "0007"}, {"slug", "a_slug"}, {"empty", ""}},
                          .lists = {{"columns", {TemplateData{.texts = {{"name", "a"}}, .lists = {}}, TemplateData{.texts = {{"name", "b"}}, .lists = {}}}}}};
  static_cast<void>(render_template(input, data, "template"));
}

constexpr std::array all = {
    Target{"split_sqlite", split_sqlite}, Target{"split_postgresql", split_postgresql}, Target{"split_mysql", split_mysql}, Target{"lexer", lexer},
    Target{"unit", unit}, Target{"header", header}, Target{"sum", sum}, Target{"progress", progress}, Target{"model", model}, Target{"config", config},
    Target{"url", url}, Target{"argument", argument}, Target{"template", file_name}};

}  // namespace

std::span<const Target> targets() { return all; }

const Target* find(std::string_view name) {
  for (const auto& target : all) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

void run(const Target& target, std::string_view input) {
  try {
    target.run(input);
  } catch (const Error&) {
    // Bad text, and it was said so.
  }
}

}  // namespace migrate::fuzz
