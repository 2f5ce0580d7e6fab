#include "runner/kept_schema.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "core/clock.hpp"
#include "core/sha256.hpp"
#include "core/version.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "runner/run_lock.hpp"

namespace migrate {
namespace {

/// The row that says which state the others belong to.
constexpr std::string_view state_kind = "state";
/// Statements are sent in pieces below any server's limit for a packet.
constexpr std::size_t piece = 512 * 1024;

std::string digest(const std::string& text) { return sha256(text).substr(0, 32); }

class Splitter {
 public:
  explicit Splitter(std::string section) : section_(std::move(section)) {}

  std::vector<KeptObject> split(const Schema& schema) {
    if (!schema.options.empty() || !schema.schemas.empty()) add("database", "", Schema{.schemas = schema.schemas, .options = schema.options});
    each(schema.extensions, &Schema::extensions, [](const Extension&) { return "extension"; }, [](const Extension& item) { return item.name; });
    each(schema.enums, &Schema::enums, [](const EnumType&) { return "enum"; });
    each(schema.domains, &Schema::domains, [](const Domain&) { return "domain"; });
    each(schema.sequences, &Schema::sequences, [](const Sequence&) { return "sequence"; });
    each(schema.definitions, &Schema::definitions, [](const Definition& item) { return item.kind; });
    each(schema.routines, &Schema::routines, [](const Routine& item) { return item.kind == Routine::Kind::procedure ? "procedure" : "function"; },
         [](const Routine& item) { return item.name.text() + (item.arguments.empty() ? "" : "(" + item.arguments + ")"); });
    each(schema.tables, &Schema::tables, [](const Table&) { return "table"; });
    each(schema.views, &Schema::views, [](const View& item) { return item.materialized ? "materialized view" : "view"; });
    return std::move(objects_);
  }

 private:
  template <class T, class Kind>
  void each(const std::vector<T>& items, std::vector<T> Schema::*place, const Kind& kind) {
    each(items, place, kind, [](const T& item) { return item.name.text(); });
  }

  template <class T, class Kind, class Name>
  void each(const std::vector<T>& items, std::vector<T> Schema::*place, const Kind& kind, const Name& name) {
    for (const auto& item : items) {
      Schema one;
      (one.*place).push_back(item);
      add(kind(item), name(item), one);
    }
  }

  void add(const std::string& kind, const std::string& name, const Schema& one) {
    KeptObject object{.kind = kind, .name = name, .id = digest(kind + '\0' + name), .hash = {}, .text = write_model(one, section_)};
    object.hash = digest(object.text);
    objects_.push_back(std::move(object));
  }

  std::string section_;
  std::vector<KeptObject> objects_;
};

std::string insert_head(const Dialect& dialect, const Versions& versions) {
  return fmt::format("INSERT INTO {} (id, kind, name, hash, kept_at, definition) VALUES\n", dialect.sql().quote_name(versions.schema_table()));
}

/// DELETE and INSERT of what changed, each over as many rows as fit into a piece.
std::vector<std::string> write_sql(const Dialect& dialect, const Versions& versions, const std::vector<std::string>& gone,
                                   const std::vector<KeptObject>& fresh) {
  std::vector<std::string> sql;
  const auto now = dialect.sql().quote_text(now_utc());
  for (std::size_t i = 0; i < gone.size(); i += 1000) {
    std::string list;
    for (std::size_t k = i; k < std::min(gone.size(), i + 1000); ++k) list += (list.empty() ? "" : ", ") + dialect.sql().quote_text(gone[k]);
    sql.push_back(fmt::format("DELETE FROM {} WHERE id IN ({})", dialect.sql().quote_name(versions.schema_table()), list));
  }
  std::string values;
  const auto flush = [&] {
    if (!values.empty()) sql.push_back(insert_head(dialect, versions) + values);
    values.clear();
  };
  for (const auto& object : fresh) {
    if (!values.empty()) values += ",\n";
    values += fmt::format("({}, {}, {}, {}, {}, {})", dialect.sql().quote_text(object.id), dialect.sql().quote_text(object.kind), dialect.sql().quote_text(object.name),
                          dialect.sql().quote_text(object.hash), now, dialect.sql().quote_text(object.text));
    if (values.size() > piece) flush();
  }
  flush();
  return sql;
}

void begin(Session& session) {
  // Where a transaction locks the whole database another runner may be in the middle of its step.
  const Stopwatch watch;
  while (true) {
    try {
      session.connection().execute(session.begin_sql());
      return;
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::lock_timeout || watch.elapsed() > std::chrono::seconds(20)) throw;
      sleep_with_jitter(std::chrono::milliseconds(50));
    }
  }
}

/// Writes what changed inside an open transaction, or in one of its own.
std::size_t write_changes(Session& session, const Versions& versions, const Schema& live) {
  const auto& dialect = session.dialect();
  auto objects = split_schema(live, std::string(dialect.name()));
  const auto kept = read_kept_schema(session.connection(), dialect, versions, false);
  std::map<std::string, std::string> before;
  for (const auto& object : kept.objects) before.emplace(object.id, object.hash);
  std::vector<std::string> gone;
  std::vector<KeptObject> fresh;
  for (auto& object : objects) {
    const auto it = before.find(object.id);
    const bool same = it != before.end() && it->second == object.hash;
    if (!same && it != before.end()) gone.push_back(object.id);
    if (it != before.end()) before.erase(it);
    if (!same) fresh.push_back(std::move(object));
  }
  for (const auto& [id, hash] : before) gone.push_back(id);
  const auto changed = gone.size() + fresh.size();

  const auto& server = session.server();
  KeptObject state{.kind = std::string(state_kind), .name = "applied", .id = digest(std::string(state_kind)),
                   .hash = applied_digest(versions.read(session.connection())),
                   .text = fmt::format("migrate {}, {} {}", tool_version(), server.product, server.version)};
  if (changed == 0 && kept.known && kept.applied == state.hash) return 0;
  if (kept.known) gone.push_back(state.id);
  fresh.push_back(std::move(state));
  const bool own = !server.capabilities.single_writer;
  std::string batch = own ? session.begin_sql() + ";\n" : std::string();
  for (const auto& sql : write_sql(dialect, versions, gone, fresh)) {
    if (batch.size() + sql.size() > 2 * piece) {
      session.connection().execute(batch);
      batch.clear();
    }
    batch += sql + ";\n";
  }
  session.connection().execute(batch + "COMMIT");
  return changed;
}

void create_table(Session& session, const Versions& versions) {
  try {
    (void)session.connection().query(versions.schema_probe_sql());
  } catch (const DatabaseError& error) {
    if (!session.dialect().run().is_missing_table(error)) throw;
    for (const auto& sql : versions.create_schema_sql(session.server())) session.connection().execute(sql);
  }
}

}  // namespace

std::vector<KeptObject> split_schema(const Schema& schema, const std::string& section) { return Splitter(section).split(schema); }

Schema join_schema(const std::vector<KeptObject>& objects, const ModelOptions& options) {
  // A text is sections, whose heads stand at the left edge; each may come once in a model.
  std::vector<std::string> heads;
  std::map<std::string, std::string> bodies;
  for (const auto& object : objects) {
    std::string* body = nullptr;
    std::size_t start = 0;
    while (start < object.text.size()) {
      const auto end = std::min(object.text.find('\n', start), object.text.size() - 1) + 1;
      const auto line = object.text.substr(start, end - start);
      start = end;
      if (line.front() == ' ' || line.front() == '\n') {
        if (body != nullptr) *body += line;
        continue;
      }
      const auto [it, fresh] = bodies.try_emplace(line);
      if (fresh) heads.push_back(line);
      body = &it->second;
    }
  }
  std::string text;
  for (const auto& head : heads) text += head + bodies[head];
  return parse_model(text, "the kept schema", options);
}

std::string applied_digest(const std::vector<VersionRow>& rows) {
  std::set<std::string> lines;
  for (const auto& row : rows) lines.insert(fmt::format("{} {} {}\n", row.revision, static_cast<int>(row.state), row.statement));
  std::string all;
  for (const auto& line : lines) all += line;
  return digest(all);
}

KeptSchema read_kept_schema(Connection& connection, const Dialect& dialect, const Versions& versions, bool texts) {
  KeptSchema kept;
  Result result;
  try {
    result = connection.query(fmt::format("SELECT id, hash, kept_at, kind{} FROM {} ORDER BY kind, name, id",
                                          texts ? ", name, definition" : "", dialect.sql().quote_name(versions.schema_table())) );
  } catch (const DatabaseError& error) {
    if (!dialect.run().is_missing_table(error)) throw;
    return kept;
  }
  for (auto& row : result.rows) {
    const auto field = [&](std::size_t i) { return i < row.size() && row[i] ? std::move(*row[i]) : std::string(); };
    KeptObject object{.kind = field(3), .name = field(4), .id = field(0), .hash = field(1), .text = field(5)};
    if (object.kind != state_kind) {
      kept.objects.push_back(std::move(object));
      continue;
    }
    kept.known = true;
    kept.applied = object.hash;
    kept.kept_at = field(2);
    kept.kept_by = object.text;
  }
  return kept;
}

std::size_t keep_schema(Session& session, const Versions& named, const std::function<Schema()>& inspect) {
  auto versions = named;  // beside the versions table, whatever its name means by now
  versions.stay_in(session.dialect().run().schema_of(session.connection(), versions.table()));
  create_table(session, versions);
  const bool together = session.server().capabilities.single_writer;
  try {
    if (together) begin(session);
    return write_changes(session, versions, inspect());
  } catch (...) {
    try {
      session.connection().execute("ROLLBACK");
    } catch (const DatabaseError&) {
      // The first error is the one to tell.
    }
    throw;
  }
}

}  // namespace migrate
