#include "dialect/sqlite/run/connect.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <utility>
#include <variant>

#include "core/text.hpp"

namespace migrate::sqlite {
namespace {

using Cause = DatabaseError::Cause;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, Finalize>;

Cause cause_of(int code) {
  if (code == SQLITE_BUSY_SNAPSHOT) return Cause::serialization;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Cause::lock_timeout;
    case SQLITE_INTERRUPT:
      return Cause::cancelled;
    default:
      return Cause::statement;
  }
}

std::string hint_for(int code, const std::string& file, std::string_view words) {
  const auto says = [&](std::string_view part) { return words.find(part) != std::string_view::npos; };
  if (says("within a transaction") || says("within transaction") || says("inside a transaction")) {
    return "put `-- transaction: off` into the unit's header; each of its statements then commits by itself";
  }
  // SQLite reads every view and trigger when it renames a thing or drops a column.
  for (const auto* kind : {"view", "trigger"}) {
    const auto prefix = fmt::format("error in {} ", kind);
    if (!words.starts_with(prefix)) continue;
    const auto rest = words.substr(prefix.size());
    const auto name = rest.substr(0, std::min(rest.find(": "), rest.find(" after ")));  // "after rename", "after drop column"
    return fmt::format("the {} {} cannot be read as it stands, and SQLite renames and drops nothing beside it: correct it, or drop it, in front of this statement", kind, name);
  }
  if (says("no such collation") || says("no such function") || says("unknown function")) {
    return "an application may bring its own collations and functions to its connections, and they are not here: run this statement there, or drop what uses them first";
  }
  if (code == SQLITE_ERROR && words.starts_with("database ") && words.ends_with(" is locked")) {
    return "what is attached cannot be detached in the transaction that used it: put `-- transaction: off` into the unit's header";
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fmt::format("another process is using {}; wait for it to finish, or wait longer with ?busy_timeout=MILLISECONDS", file);
    case SQLITE_READONLY:
      return fmt::format("make {} and its folder writable for this user, and do not open it with ?mode=ro", file);
    case SQLITE_NOTADB:
      return fmt::format("{} is another kind of file, or an encrypted database; check the path in the database URL", file);
    case SQLITE_CORRUPT:
      return fmt::format("restore {} from a backup, or save what can be read with: sqlite3 {} .recover", file, file);
    case SQLITE_FULL:
      return fmt::format("make room on the disk that holds {}; nothing of the unfinished transaction was kept", file);
    case SQLITE_CANTOPEN:
      return fmt::format("check that {} and its folder exist and can be written by this user", file);
    case SQLITE_IOERR:
      return fmt::format("check the disk that holds {}", file);
    default:
      return {};
  }
}

/// The text of a statement without the white space in front of it.
std::size_t skip_space(std::string_view sql, std::size_t at) {
  while (at < sql.size() && (sql[at] == ' ' || sql[at] == '\t' || sql[at] == '\n' || sql[at] == '\r' || sql[at] == '\f')) ++at;
  return at;
}

Row read_row(sqlite3_stmt* statement, int columns) {
  Row row;
  row.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) {
    if (sqlite3_column_type(statement, i) == SQLITE_NULL) {
      row.emplace_back();
      continue;
    }
    const void* bytes = sqlite3_column_type(statement, i) == SQLITE_BLOB ? sqlite3_column_blob(statement, i)
                                                                         : sqlite3_column_text(statement, i);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
    row.emplace_back(size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size));
  }
  return row;
}

class SqliteConnection final : public RowsConnection {
 public:
  SqliteConnection(sqlite3* handle, std::string file) : handle_(handle), file_(std::move(file)) {}
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection() override {
    rows_.reset();
    sqlite3_close_v2(handle_);
  }

  Result query(std::string_view sql) override { return query(sql, {}); }

  Result query(std::string_view sql, std::span<const Value> values) override {
    ++round_trips_;
    return run_one(sql, values);
  }

  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    ++round_trips_;
    for (std::size_t i = 0; i < queries.size(); ++i) take(i, run_one(queries[i], {}));
  }

  void execute(std::string_view sql) override {
    ++round_trips_;
    refuse_nul(sql);
    const std::string text(sql);  // with its final NUL SQLite reads it in place instead of copying the rest every time
    std::size_t at = 0;
    while ((at = skip_space(text, at)) < text.size()) {
      std::size_t next = at;
      const StatementHandle statement = prepare(text, at, next);
      if (statement) {
        int code = SQLITE_ROW;
        while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
        if (code != SQLITE_DONE) fail(at, false);
      }
      at = next;
    }
  }

  void read_rows(std::string_view sql, const std::function<void(Fields)>& take) override {
    ++round_trips_;
    const std::string text(sql);
    std::size_t next = 0;
    const StatementHandle statement = prepare(text, 0, next);
    std::vector<Field> fields(static_cast<std::size_t>(sqlite3_column_count(statement.get())));
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
      for (std::size_t i = 0; i < fields.size(); ++i) fields[i] = field_of(sqlite3_column_value(statement.get(), static_cast<int>(i)));
      take(fields);
    }
    if (code != SQLITE_DONE) fail(0, false);
  }

  void prepare_rows(std::string_view sql) override {
    std::size_t next = 0;
    rows_ = prepare(std::string(sql), 0, next);
  }

  void run_row(Fields values) override {
    auto* statement = rows_.get();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (bind_field(statement, static_cast<int>(i) + 1, values[i]) != SQLITE_OK) fail(0, false);
    }
    const int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
      const RowsReset reset{statement};
      fail(0, false);
    }
    sqlite3_reset(statement);
  }

  void define_function(const std::string& name, std::function<std::optional<std::string>(Fields)> function) override {
    define(name, std::move(function));
  }
  void define_number(const std::string& name, std::function<long long(Fields)> function) override { define(name, std::move(function)); }

  void cancel() noexcept override { sqlite3_interrupt(handle_); }
  [[nodiscard]] long long round_trips() const override { return round_trips_; }
  void on_notice(std::function<void(const std::string&)> /*handler*/) override {}  // SQLite has no notices

 private:
  using Function = std::variant<std::function<std::optional<std::string>(Fields)>, std::function<long long(Fields)>>;

  void define(const std::string& name, Function function) {
    auto& kept = functions_.emplace_back(std::make_unique<Function>(std::move(function)));
    if (sqlite3_create_function_v2(handle_, name.c_str(), -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, kept.get(), &call_function, nullptr, nullptr, nullptr) != SQLITE_OK) fail(0, false);
  }

  struct RowsReset {
    sqlite3_stmt* statement;
    ~RowsReset() { sqlite3_reset(statement); }
  };

  static Field field_of(sqlite3_value* value) {
    Field field;
    const auto size = [&] { return static_cast<std::size_t>(sqlite3_value_bytes(value)); };
    switch (sqlite3_value_type(value)) {
      case SQLITE_INTEGER:
        field.kind = Field::Kind::integer;
        field.integer = sqlite3_value_int64(value);
        break;
      case SQLITE_FLOAT:
        field.kind = Field::Kind::real;
        field.real = sqlite3_value_double(value);
        break;
      case SQLITE_TEXT: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
        field = Field::of({text, size()});
        break;
      }
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
        field = Field::of_bytes(bytes == nullptr ? std::string_view() : std::string_view(bytes, size()));
        break;
      }
      default: break;
    }
    return field;
  }

  static int bind_field(sqlite3_stmt* statement, int at, const Field& field) {
    switch (field.kind) {
      case Field::Kind::integer: return sqlite3_bind_int64(statement, at, field.integer);
      case Field::Kind::real: return sqlite3_bind_double(statement, at, field.real);
      case Field::Kind::text: return sqlite3_bind_text64(statement, at, field.text.data() == nullptr ? "" : field.text.data(), field.text.size(), SQLITE_STATIC, SQLITE_UTF8);
      case Field::Kind::bytes: return sqlite3_bind_blob64(statement, at, field.text.data() == nullptr ? "" : field.text.data(), field.text.size(), SQLITE_STATIC);
      case Field::Kind::null: break;
    }
    return sqlite3_bind_null(statement, at);
  }

  static void call_function(sqlite3_context* context, int count, sqlite3_value** values) {
    thread_local std::vector<Field> fields;
    fields.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) fields[static_cast<std::size_t>(i)] = field_of(values[i]);
    try {
      const auto& function = *static_cast<const Function*>(sqlite3_user_data(context));
      if (const auto* number = std::get_if<std::function<long long(Fields)>>(&function)) {
        sqlite3_result_int64(context, (*number)(fields));
        return;
      }
      const auto result = std::get<0>(function)(fields);
      if (result) sqlite3_result_text64(context, result->data(), result->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      else sqlite3_result_null(context);
    } catch (const std::exception& error) {
      sqlite3_result_error(context, error.what(), -1);
    }
  }

  StatementHandle prepare(const std::string& text, std::size_t at, std::size_t& next) {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    if (sqlite3_prepare_v2(handle_, text.c_str() + at, static_cast<int>(text.size() - at + 1), &raw, &tail) != SQLITE_OK) fail(at, true);
    next = static_cast<std::size_t>(tail - text.c_str());
    return StatementHandle(raw);
  }

  Result run_one(std::string_view sql, std::span<const Value> values) {
    refuse_nul(sql);
    const std::string text(sql);
    const std::size_t start = skip_space(text, 0);
    std::size_t next = 0;
    Result result;
    const StatementHandle statement = prepare(text, start, next);
    if (!statement) return result;
    if ((next = skip_space(text, next)) < text.size()) {
      std::size_t end = 0;
      if (prepare(text, next, end)) throw DatabaseError{Cause::statement, "more than one statement where one was expected"};
    }
    bind(statement.get(), values);
    const int columns = sqlite3_column_count(statement.get());
    for (int i = 0; i < columns; ++i) result.columns.emplace_back(sqlite3_column_name(statement.get(), i));
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) result.rows.push_back(read_row(statement.get(), columns));
    if (code != SQLITE_DONE) fail(start, false);
    if (sqlite3_stmt_readonly(statement.get()) == 0) result.affected = sqlite3_changes(handle_);
    return result;
  }

  void bind(sqlite3_stmt* statement, std::span<const Value> values) {
    const int wanted = sqlite3_bind_parameter_count(statement);
    if (static_cast<std::size_t>(wanted) != values.size()) {
      throw DatabaseError{Cause::statement, fmt::format("the statement has {} parameters, {} values were given", wanted, values.size())};
    }
    for (int i = 0; i < wanted; ++i) {
      const Value& value = values[static_cast<std::size_t>(i)];
      const int code = value ? sqlite3_bind_text(statement, i + 1, value->data(), static_cast<int>(value->size()), SQLITE_TRANSIENT)
                             : sqlite3_bind_null(statement, i + 1);
      if (code != SQLITE_OK) fail(0, false);
    }
  }

  static void refuse_nul(std::string_view sql) {
    const auto at = sql.find('\0');
    if (at == std::string_view::npos) return;
    DatabaseError error{Cause::statement, "the statement holds a NUL byte"};
    error.position = static_cast<long long>(at);
    throw error;
  }

  /// `start` is where the statement stands in the text that was sent; the position is the server's where it tells, and
  /// otherwise the statement's own.
  [[noreturn]] void fail(std::size_t start, bool compiling) {
    const int code = sqlite3_extended_errcode(handle_);
    const std::string words = sqlite3_errmsg(handle_);
    DatabaseError error{cause_of(code), words, {}, code, hint_for(code, file_, words)};
    error.position = static_cast<long long>(start);
#if SQLITE_VERSION_NUMBER >= 3038000
    if (compiling) {
      if (const int offset = sqlite3_error_offset(handle_); offset >= 0) error.position += offset;
    }
#else
    static_cast<void>(compiling);
#endif
    throw error;
  }

  sqlite3* handle_;
  std::string file_;
  StatementHandle rows_;  ///< of prepare_rows
  std::vector<std::unique_ptr<Function>> functions_;
  long long round_trips_ = 0;
};

struct OpenOptions {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int busy_timeout = 5000;
  std::string foreign_keys;
};

[[noreturn]] void refuse_parameter(const DatabaseUrl& url, const std::string& key, const std::string& value, const std::string& hint) {
  throw Error{ErrorKind::usage, fmt::format("database URL {}: '{}' is not a value of '{}'", url.display(), value, key), hint};
}

OpenOptions read_parameters(const DatabaseUrl& url) {
  static const std::array<std::string, 3> known = {"mode", "busy_timeout", "foreign_keys"};
  OpenOptions options;
  for (const auto& [key, value] : url.parameters) {
    if (key == "mode") {
      if (value == "ro") options.flags = SQLITE_OPEN_READONLY;
      else if (value == "rw") options.flags = SQLITE_OPEN_READWRITE;
      else if (value != "rwc") refuse_parameter(url, key, value, "ro, rw or rwc");
    } else if (key == "busy_timeout") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.busy_timeout);
      if (error != std::errc() || end != value.data() + value.size() || options.busy_timeout < 0) {
        refuse_parameter(url, key, value, "a number of milliseconds");
      }
    } else if (key == "foreign_keys") {
      const std::string chosen = lower(value);
      if (chosen == "on" || chosen == "true" || chosen == "1" || chosen == "yes") options.foreign_keys = "ON";
      else if (chosen == "off" || chosen == "false" || chosen == "0" || chosen == "no") options.foreign_keys = "OFF";
      else refuse_parameter(url, key, value, "on or off");
    } else {
      throw Error{ErrorKind::usage, fmt::format("database URL {}: unknown parameter '{}'", url.display(), key), did_you_mean(key, known)};
    }
  }
  return options;
}

/// Why a file cannot be opened, in words that SQLite's "unable to open database file" leaves out.
std::string explain_open(const std::filesystem::path& file, bool create) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return "it is a folder";
  auto folder = file.parent_path();
  if (folder.empty()) folder = ".";
  if (!std::filesystem::is_directory(folder, ignored)) return fmt::format("the folder {} does not exist", folder.string());
  if (!std::filesystem::exists(file, ignored)) {
    if (!create) return "the file does not exist";
    if (::access(folder.c_str(), W_OK) != 0) return fmt::format("the folder {} is not writable for this user", folder.string());
  } else if (::access(file.c_str(), R_OK) != 0) {
    return "no permission to read it";
  }
  return {};
}

[[noreturn]] void refuse_open(sqlite3* handle, const std::string& file, const OpenOptions& options) {
  const int code = handle == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle);
  const std::string words = handle == nullptr ? "out of memory" : sqlite3_errmsg(handle);
  sqlite3_close_v2(handle);
  const std::string reason = explain_open(file, (options.flags & SQLITE_OPEN_CREATE) != 0);
  throw DatabaseError{Cause::connection,
                      fmt::format("cannot open {}: {}{}", file, words, reason.empty() ? "" : " (" + reason + ")"), {}, code,
                      "check the path in the database URL: sqlite:///relative/path or sqlite:////absolute/path"};
}

}  // namespace

std::unique_ptr<RowsConnection> connect(const DatabaseUrl& url) {
  const OpenOptions options = read_parameters(url);
  const bool memory = url.database.empty() || url.database == ":memory:";
  // A path is taken as a path: "file:..." would otherwise be read as a URI where the library was built so.
  std::string file = memory ? ":memory:" : url.database;
  if (!memory && starts_with_ignoring_case(file, "file:")) file = "./" + file;

  sqlite3* handle = nullptr;
  // A connection is one thread's at a time, but for sqlite3_interrupt(), which needs no mutex.
  if (sqlite3_open_v2(file.c_str(), &handle, options.flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) refuse_open(handle, file, options);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, options.busy_timeout);
  auto connection = std::make_unique<SqliteConnection>(handle, file);
  // Setting a session up is part of connecting, not a round trip of the caller's.
  if (!options.foreign_keys.empty()) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, options.foreign_keys == "ON" ? 1 : 0, nullptr);
  }
  return connection;
}

void only_look(DatabaseUrl& url) {
  const bool creates = (read_parameters(url).flags & SQLITE_OPEN_CREATE) != 0;
  std::error_code error;
  const auto folder = std::filesystem::path(url.database).parent_path();
  const bool there = std::filesystem::exists(url.database, error);
  if (error) throw Error{ErrorKind::usage, fmt::format("cannot open {}: {}", url.database, error.message()), "check the path in the database URL"};
  // In a folder that is not there, opening fails and says so.
  if (!creates || there || !(folder.empty() || std::filesystem::is_directory(folder, error))) return;
  url.database = ":memory:";
}

std::string library_version() { return sqlite3_libversion(); }
int library_version_number() { return sqlite3_libversion_number(); }

}  // namespace migrate::sqlite
