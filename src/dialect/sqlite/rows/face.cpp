#include "dialect/sqlite/rows/face.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.hpp"
#include "dialect/sqlite/rows/types.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

using Kind = ValueType::Kind;

/// A value as it is stored, of whatever type.
std::string native_digest(const Field& field) {
  switch (field.kind) {
    case Field::Kind::null: return "~";
    case Field::Kind::integer: return "i" + std::to_string(field.integer);
    case Field::Kind::real: {
      std::array<char, 40> buffer{};
      return "r" + std::string(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), field.real, std::chars_format::hex).ptr);
    }
    case Field::Kind::text: return "t" + hash_text(field.text);
    case Field::Kind::bytes: return "b" + hash_text(field.text);
  }
  return "~";
}

/// migrate_digest(kind, fixed, native, value)
std::optional<std::string> digest_function(Fields values) {
  const auto& field = values[3];
  if (values[2].integer != 0) return native_digest(field);
  const ValueType type{.kind = static_cast<Kind>(values[0].integer), .fixed = values[1].integer != 0};
  std::string buffer;
  const auto canonical = canonical_text(type, field, buffer);
  if (!canonical.refusal.empty()) return "!" + native_digest(field);
  return digest(type, canonical.value);
}

std::optional<std::string> hash_function(Fields values) { return std::to_string(hash_of(values[0].text)); }

/// The value as a column of this type stores it.
Field bound(const RowsColumn& column, Field field) {
  if (column.native || field.kind != Field::Kind::text) return field;
  const auto* begin = field.text.data();
  const auto* end = begin + field.text.size();
  if (column.own.kind == Kind::integer || column.own.kind == Kind::boolean) {
    if (const auto [stop, error] = std::from_chars(begin, end, field.integer); error == std::errc() && stop == end) field.kind = Field::Kind::integer;
  } else if (column.own.kind == Kind::real) {
    if (field.text == "Infinity" || field.text == "-Infinity") {
      field.real = field.text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
      field.kind = Field::Kind::real;
    } else if (const auto [stop, error] = std::from_chars(begin, end, field.real); error == std::errc() && stop == end) {
      field.kind = Field::Kind::real;
    }
  }
  return field;
}

class SqliteRowsFace final : public RowsFace {
 public:
  explicit SqliteRowsFace(OpenRows open) : open_(open) {}

  [[nodiscard]] std::unique_ptr<RowsConnection> open(const DatabaseUrl& url) const override {
    auto connection = open_(url);
    connection->define_function("migrate_digest", digest_function);
    connection->define_function("migrate_hash", hash_function);
    return connection;
  }

  /// The file itself, which may have several names. One in memory is its connection's own.
  [[nodiscard]] std::string place(Connection& connection) const override {
    const auto file = connection.query("SELECT file FROM pragma_database_list WHERE name = 'main'").rows.at(0).at(0).value_or("");
    struct stat status{};
    if (file.empty() || ::stat(file.c_str(), &status) != 0) return fmt::format("memory {}", static_cast<const void*>(&connection));
    return fmt::format("file {} {}", status.st_dev, status.st_ino);
  }

  [[nodiscard]] ValueType value_type(const Table&, const Column& column, const Schema&, const ServerInfo&) const override { return sqlite::value_type(column); }
  [[nodiscard]] OwnType own_type(const ValueType& type, const TypeUse&, const ServerInfo&) const override { return sqlite::own_type(type); }
  [[nodiscard]] ValueLimits limits(const ServerInfo&) const override {
    return {.nul_in_text = true, .invalid_utf8 = true, .nan = false, .infinity = true, .zero_dates = true, .infinite_dates = true, .smallest_time = {}, .largest_time = {}};
  }
  [[nodiscard]] LoadForm load_form() const override { return {.primary_key = true, .constraints = true}; }

  void begin_snapshot(RowsConnection& connection) const override {
    connection.execute("PRAGMA query_only = 1");
    connection.execute("BEGIN");
    static_cast<void>(connection.query("SELECT count(*) FROM sqlite_master"));  // the read lock is taken by the first look
  }
  void set_up_reading(RowsConnection&) const override {}
  [[nodiscard]] std::string set_up_writing(RowsConnection& connection) const override {
    connection.execute("PRAGMA foreign_keys = OFF");
    connection.execute("PRAGMA cache_size = -32000");
    return "";
  }

  [[nodiscard]] std::string from_sql(const QualifiedName& table, bool) const override { return quote_name(table.name); }
  [[nodiscard]] std::string equal_sql(const RowsColumn& column, const std::string& literal) const override { return quote_name(column.name) + " = " + literal + " COLLATE BINARY"; }

  [[nodiscard]] std::string read_expression(const RowsColumn& column) const override { return quote_name(column.name); }
  [[nodiscard]] std::string digest_expression(const RowsColumn& column) const override {
    return fmt::format("migrate_digest({}, {}, {}, {})", static_cast<int>(column.logical.kind), column.logical.fixed ? 1 : 0, column.native ? 1 : 0, quote_name(column.name));
  }
  [[nodiscard]] std::string digest_of(const RowsColumn& column, const Field& value) const override {
    return column.native ? native_digest(value) : digest(column.logical, value);
  }
  [[nodiscard]] std::string hash_expression(const std::vector<std::string>& digests) const override {
    return fmt::format("CAST(migrate_hash({}) AS INTEGER)", join(digests, " || '|' || "));
  }
  /// sum() of integers ends with an error above 2^63.
  [[nodiscard]] std::pair<std::string, std::string> sum_expressions(const std::string& number) const override {
    return {fmt::format("coalesce(sum({} >> 30), 0)", number), fmt::format("coalesce(sum({} & 1073741823), 0)", number)};
  }
  [[nodiscard]] std::string literal(const RowsColumn& column, const Field& value) const override {
    const auto field = column.name == "rowid" ? bound({.name = {}, .own = {.kind = Kind::integer}, .logical = {}}, value) : bound(column, value);
    switch (field.kind) {
      case Field::Kind::null: return "NULL";
      case Field::Kind::integer: return std::to_string(field.integer);
      case Field::Kind::real: return fmt::format("{}", field.real);
      case Field::Kind::bytes: return "X'" + to_hex(field.text) + "'";
      case Field::Kind::text: break;
    }
    return quote_text(field.text);
  }
  /// The rowid, which every table has that is not made WITHOUT one.
  [[nodiscard]] std::vector<std::string> order_key(const Table& table, bool& hidden) const override {
    hidden = false;
    if (table.options.contains("without_rowid")) return key_columns(table);
    for (const auto* name : {"rowid", "_rowid_", "oid"}) {
      if (std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) { return equal_ignoring_case(column.name, name); })) continue;
      hidden = true;
      return {name};
    }
    return key_columns(table);
  }

  void write(RowsConnection& connection, const QualifiedName& table, const std::vector<RowsColumn>& columns, const RowBatch& rows) const override {
    std::string names;
    std::string marks;
    for (const auto& column : columns) {
      names += (names.empty() ? "" : ", ") + quote_name(column.name);
      marks += marks.empty() ? "?" : ", ?";
    }
    connection.prepare_rows(fmt::format("INSERT INTO {} ({}) VALUES ({})", quote_name(table.name), names, marks));
    std::vector<Field> values(columns.size());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) values[i] = bound(columns[i], rows.at(row, i));
      connection.run_row(values);
    }
  }
  [[nodiscard]] std::string delete_some_sql(const QualifiedName& table, const std::string& condition, long long most) const override {
    return fmt::format("DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE {1} LIMIT {2})", quote_name(table.name), condition, most);
  }
  [[nodiscard]] std::string empty_sql(const QualifiedName& table) const override { return "DELETE FROM " + quote_name(table.name); }

  [[nodiscard]] std::vector<std::string> broken_keys(Connection& connection) const override {
    std::vector<std::string> lines;
    for (const auto& row : connection.query("SELECT \"table\", rowid, parent, count(*) FROM pragma_foreign_key_check GROUP BY \"table\", parent").rows) {
      lines.push_back(fmt::format("table {}: {} rows refer to rows of {} that are not there (one has rowid {})", row.at(0).value_or(""), row.at(3).value_or(""), row.at(2).value_or(""),
                                  row.at(1).value_or("?")));
    }
    return lines;
  }

  [[nodiscard]] std::optional<std::string> next_number(Connection& connection, const Table& table, const Column&) const override {
    if (connection.query("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").rows.empty()) return std::nullopt;
    const auto rows = connection.query("SELECT seq + 1 FROM sqlite_sequence WHERE name = " + quote_text(table.name.name)).rows;
    return rows.empty() ? std::nullopt : rows[0].at(0);
  }
  [[nodiscard]] std::string set_next_number_sql(const Table& table, const Column&, const std::string& next) const override {
    const auto name = quote_text(table.name.name);
    return fmt::format("DELETE FROM sqlite_sequence WHERE name = {0}; INSERT INTO sqlite_sequence (name, seq) VALUES ({0}, {1} - 1)", name, next);
  }

 private:
  OpenRows open_;
};

}  // namespace

std::unique_ptr<RowsFace> make_rows_face(OpenRows open) { return std::make_unique<SqliteRowsFace>(open); }

}  // namespace migrate::sqlite
