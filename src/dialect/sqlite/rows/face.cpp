#include "dialect/sqlite/rows/face.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

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

/// How migrate_digests is told what its values are: two characters each.
std::string specified(const RowsColumn& column) {
  return {static_cast<char>('a' + static_cast<int>(column.logical.kind)), static_cast<char>('0' + (column.logical.fixed ? 1 : 0) + (column.native ? 2 : 0))};
}

/// migrate_digests(specification, value, ...): the digests with '|' between them.
std::optional<std::string> digests_function(Fields values) {
  std::string text;
  std::string buffer;
  const auto specification = values[0].text;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const auto flags = specification[2 * i - 1] - '0';
    if (i > 1) text += '|';
    if ((flags & 2) != 0) {
      text += native_digest(values[i]);
      continue;
    }
    const ValueType type{.kind = static_cast<Kind>(specification[2 * i - 2] - 'a'), .fixed = (flags & 1) != 0};
    const auto canonical = canonical_text(type, values[i], buffer);
    text += canonical.refusal.empty() ? digest(type, canonical.value) : "!" + native_digest(values[i]);
  }
  return text;
}

/// migrate_hash(text)
long long hash_function(Fields values) { return hash_of(values[0].text); }

/// Two numbers into one, all of whose bits depend on all of theirs.
unsigned long long mixed(unsigned long long a, unsigned long long b) {
  __extension__ using Wide = unsigned __int128;
  const auto product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xd1b54a32d192ed03ULL);
  return static_cast<unsigned long long>(product) ^ static_cast<unsigned long long>(product >> 64) ^ a;
}

unsigned long long mixed(unsigned long long state, std::string_view bytes) {
  state = mixed(state, bytes.size());
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), sizeof state))) {
    unsigned long long word = 0;
    std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof word));
    state = mixed(state, word);
  }
  return state;
}

/// migrate_number(value, ...): a number out of the values as they are stored. It is worked out and compared by this program alone.
long long number_function(Fields values) {
  unsigned long long state = values.size();
  for (const auto& value : values) {
    state = mixed(state, static_cast<unsigned long long>(value.kind));
    if (value.kind == Field::Kind::integer) state = mixed(state, static_cast<unsigned long long>(value.integer));
    else if (value.kind == Field::Kind::real) state = mixed(state, std::string_view(reinterpret_cast<const char*>(&value.real), sizeof value.real));
    else state = mixed(state, value.text);
  }
  return static_cast<long long>(mixed(state, values.size()) >> 4);
}

/// Arguments that a call of a function takes with certainty.
constexpr std::size_t most_arguments = 90;

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
    connection->define_function("migrate_digests", digests_function);
    connection->define_number("migrate_hash", hash_function);
    connection->define_number("migrate_number", number_function);
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
  [[nodiscard]] LoadForm load_form() const override { return {.primary_key = true, .constraints = true, .in_order = true}; }

  [[nodiscard]] bool keeps_more_than_types() const override { return true; }
  [[nodiscard]] SelfNumbering self_numbering() const override { return SelfNumbering::whole_key; }
  [[nodiscard]] bool numbers_itself(const Table& table, const Column& column) const override {
    return column.identity || (equal_ignoring_case(column.type, "integer") && table.primary_key && table.primary_key->parts.size() == 1 && table.primary_key->parts[0].column == column.name &&
                               !table.options.contains("without_rowid"));
  }

  [[nodiscard]] std::size_t begin_snapshots(std::span<RowsConnection* const> sessions, std::string&) const override {
    sessions[0]->execute("PRAGMA query_only = 1");
    sessions[0]->execute("BEGIN");
    static_cast<void>(sessions[0]->query("SELECT count(*) FROM sqlite_master"));  // the read lock is taken by the first look
    return 1;
  }
  void set_up_reading(RowsConnection&) const override {}
  [[nodiscard]] std::string set_up_writing(RowsConnection& connection) const override {
    connection.execute("PRAGMA foreign_keys = OFF");
    connection.execute("PRAGMA cache_size = -24000");
    return "";
  }

  [[nodiscard]] std::string from_sql(const QualifiedName& table, bool) const override { return quote_name(table.name); }
  [[nodiscard]] std::string equal_sql(const RowsColumn& column, const std::string& literal) const override { return quote_name(column.name) + " = " + literal + " COLLATE BINARY"; }

  [[nodiscard]] std::string read_expression(const RowsColumn& column) const override { return quote_name(column.name); }
  [[nodiscard]] std::string row_number(const std::vector<RowsColumn>& columns, RowNumbers numbers) const override {
    std::vector<std::string> calls;
    for (std::size_t i = 0; i < std::max<std::size_t>(columns.size(), 1); i += most_arguments) {
      std::string names;
      std::string specification;
      for (std::size_t k = i; k < std::min(i + most_arguments, columns.size()); ++k) {
        names += (names.empty() ? "" : ", ") + quote_name(columns[k].name);
        specification += specified(columns[k]);
      }
      if (columns.empty()) names = "NULL", specification = "a0";
      calls.push_back(numbers == RowNumbers::own ? fmt::format("migrate_number({})", names) : fmt::format("migrate_digests('{}', {})", specification, names));
    }
    if (numbers == RowNumbers::common) return fmt::format("migrate_hash({})", join(calls, " || '|' || "));
    return calls.size() == 1 ? calls[0] : fmt::format("migrate_number({})", join(calls, ", "));
  }
  [[nodiscard]] std::string own_numbers_sql() const override { return "SELECT 'SQLite'"; }
  /// Anything may stand in the column.
  [[nodiscard]] std::string quotient(const std::string& column, long long divisor) const override {
    return fmt::format("CASE WHEN typeof({0}) = 'integer' THEN {0} / {1} END", quote_name(column), divisor);
  }
  [[nodiscard]] std::string digest_of(const RowsColumn& column, const Field& value) const override {
    return column.native ? native_digest(value) : digest(column.logical, value);
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
