#include "dialect/mysql/rows/face.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/mysql/rows/types.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

using Kind = ValueType::Kind;

/// In a session whose sql_mode has backslash escapes, as set_up_reading leaves it.
void append_quoted(std::string& out, std::string_view text) {
  out += '\'';
  for (const char c : text) {
    switch (c) {
      case '\0': out += "\\0"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      case '\'': out += "\\'"; break;
      case '\x1a': out += "\\Z"; break;
      default: out += c;
    }
  }
  out += '\'';
}

void append_literal(std::string& out, const ValueType& own, const Field& field) {
  if (field.is_null()) {
    out += "NULL";
    return;
  }
  switch (own.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::decimal:
    case Kind::real: out += field.text; return;
    case Kind::bits: out += "b'" + std::string(field.text) + "'"; return;
    case Kind::bytes: out += "_binary"; break;
    default: break;
  }
  append_quoted(out, field.text);
}

std::string hash_sql(const std::string& text) { return fmt::format("LEFT(SHA2({}, 256), 32)", text); }

std::string trim_zeros(const std::string& text) { return fmt::format("TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM {}))", text); }

/// The digits of a floating-point number as real_digest() writes them; the server prints the shortest ones.
std::string real_sql(const std::string& name) {
  const auto text = fmt::format("CAST({} + 0e0 AS CHAR)", name);
  const auto bare = fmt::format("REPLACE(SUBSTRING_INDEX({}, 'e', 1), '-', '')", text);
  const auto digits = fmt::format("REPLACE({}, '.', '')", bare);
  return fmt::format("CASE WHEN ABS({1}) >= 0.001e0 AND ABS({1}) < 1e14 THEN {0} WHEN {1} = 0 THEN '0' ELSE CONCAT(IF({1} < 0, '-0.', '0.'), TRIM(BOTH '0' FROM {2}), 'e', "
                     "CAST(IF(LOCATE('e', {0}) > 0, CAST(SUBSTRING_INDEX({0}, 'e', -1) AS SIGNED), 0) + IF(LOCATE('.', {3}) > 0, LOCATE('.', {3}) - 1, LENGTH({3})) - "
                     "(LENGTH({2}) - LENGTH(TRIM(LEADING '0' FROM {2}))) AS CHAR)) END",
                     text, name, digits, bare);
}

/// Bytes whatever their collations are, which do not mix.
std::string text_sql(const std::string& name) {
  const auto text = fmt::format("CAST(CONVERT({} USING utf8mb4) AS BINARY)", name);
  return fmt::format("IF(CHAR_LENGTH({0}) <= {1}, CONCAT(CHAR_LENGTH({0}), ':', {2}), {3})", name, most_digest_characters, text, hash_sql(text));
}

std::string digest_sql(const RowsColumn& column) {
  const auto name = backtick(column.name);
  const auto text = fmt::format("CAST({} AS CHAR)", name);
  switch (column.logical.kind) {
    case Kind::boolean:
    case Kind::integer: return fmt::format("CAST({} + 0 AS CHAR)", name);
    case Kind::decimal: return column.own.kind == Kind::decimal && column.own.scale.value_or(0) == 0 ? text : trim_zeros(text);
    case Kind::real: return real_sql(name);
    case Kind::bytes: return hash_sql(name);
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz: return column.own.fraction == 0 ? text : trim_zeros(text);
    case Kind::uuid: return column.own.kind == Kind::uuid ? text : fmt::format("LOWER({})", text);
    case Kind::bits: return column.own.kind == Kind::bits ? fmt::format("LPAD(BIN({}), {}, '0')", name, column.own.length.value_or(1)) : text;
    case Kind::text:
    case Kind::any: return text_sql(name);
    case Kind::json:
    case Kind::other: return hash_sql(column.own.kind == Kind::other ? text : fmt::format("CONVERT({} USING utf8mb4)", name));
    default: return text;
  }
}

/// The same where both sides are this server's kind and print alike.
std::string own_sql(const RowsColumn& column) {
  const auto name = backtick(column.name);
  switch (column.own.kind) {
    case Kind::bits: return name + " + 0";
    case Kind::real: return column.own.single ? name + " + 0e0" : name;
    case Kind::text:
    case Kind::any: return text_sql(name);
    case Kind::bytes: return fmt::format("IF(LENGTH({0}) <= {1}, CONCAT(LENGTH({0}), ':', {0}), {2})", name, most_digest_characters, hash_sql(name));
    case Kind::json:
    case Kind::other: return hash_sql(fmt::format("CAST({} AS CHAR)", name));
    default: return name;
  }
}

class MysqlRowsFace final : public RowsFace {
 public:
  explicit MysqlRowsFace(OpenRows open) : open_(open) {}

  [[nodiscard]] std::unique_ptr<RowsConnection> open(const DatabaseUrl& url) const override { return open_(url); }

  [[nodiscard]] std::string place(Connection& connection) const override {
    return connection.query("SELECT CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@server_id, DATABASE())").rows.at(0).at(0).value_or("");
  }

  [[nodiscard]] ValueType value_type(const Table& table, const Column& column, const Schema& schema, const ServerInfo& server) const override {
    const auto context = context_of(server, schema);
    return mysql::value_type(column, context, column_collation(column, table_collation(table, context.collation)));
  }
  [[nodiscard]] OwnType own_type(const ValueType& type, const TypeUse& use, const ServerInfo& server) const override { return mysql::own_type(type, use, context_of(server)); }
  [[nodiscard]] Options table_options(const ServerInfo& server) const override {
    return {{"charset", "utf8mb4"}, {"collation", context_of(server).mariadb ? "utf8mb4_unicode_520_ci" : "utf8mb4_0900_ai_ci"}};
  }
  [[nodiscard]] ValueLimits limits(const ServerInfo&) const override {
    return {.nul_in_text = true, .invalid_utf8 = false, .nan = false, .infinity = false, .zero_dates = true, .infinite_dates = false, .smallest_time = "-838:59:59", .largest_time = "838:59:59"};
  }
  [[nodiscard]] LoadForm load_form() const override { return {.primary_key = true, .constraints = false, .in_order = true}; }

  [[nodiscard]] std::string random_uuid() const override { return "uuid()"; }
  [[nodiscard]] SelfNumbering self_numbering() const override { return SelfNumbering::first_of_key; }

  /// Nothing commits while they begin: all see the same moment. The lock waits for statements that run, and others wait for it, so that it is given up soon;
  /// one session reads what is small as fast.
  [[nodiscard]] std::size_t begin_snapshots(std::span<RowsConnection* const> sessions, std::string& limit) const override {
    bool locked = false;
    constexpr auto large = "SELECT COALESCE(SUM(data_length), 0) >= 32 << 20 FROM information_schema.tables WHERE table_schema = DATABASE()";
    if (sessions.size() > 1 && sessions[0]->query(large).rows.at(0).at(0) == "1") {
      try {
        sessions[0]->execute("SET SESSION lock_wait_timeout = 2");
        sessions[0]->execute("FLUSH TABLES WITH READ LOCK");
        locked = true;
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection) throw;
        sessions[0]->execute("SET SESSION lock_wait_timeout = DEFAULT");
        limit = "rows are read by one session: " + error.message() + " (FLUSH TABLES WITH READ LOCK, for a moment, lets several see the same)";
      }
    }
    const auto count = locked ? sessions.size() : 1;
    for (auto* session : sessions.first(count)) {
      session->execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      session->execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    }
    if (locked) sessions[0]->execute("UNLOCK TABLES; SET SESSION lock_wait_timeout = DEFAULT");
    return count;
  }
  void set_up_reading(RowsConnection& connection) const override {
    connection.execute("SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'");
    connection.execute("SET SESSION wait_timeout = 86400, SESSION net_write_timeout = 3600, SESSION net_read_timeout = 3600");
  }
  [[nodiscard]] std::string set_up_writing(RowsConnection& connection) const override {
    set_up_reading(connection);
    connection.execute("SET foreign_key_checks = 0, unique_checks = 0");
    return "";
  }

  [[nodiscard]] std::string from_sql(const QualifiedName& table, bool) const override { return quote_name(table); }
  [[nodiscard]] std::string equal_sql(const RowsColumn& column, const std::string& literal) const override {
    const auto name = backtick(column.name);
    if (column.own.kind != Kind::text && column.own.kind != Kind::any) return name + " = " + literal;
    // The plain comparison first, which an index understands; the bytes decide.
    return fmt::format("{0} = {1} AND BINARY {0} = BINARY {1}", name, literal);
  }

  [[nodiscard]] std::string read_expression(const RowsColumn& column) const override {
    const auto name = backtick(column.name);
    switch (column.own.kind) {
      case Kind::bits: return fmt::format("LPAD(BIN({}), {}, '0')", name, column.own.length.value_or(1));
      case Kind::real: return column.own.single ? name + " + 0e0" : name;
      case Kind::integer: return column.own.name.starts_with("year") || column.own.name.find("zerofill") != std::string::npos ? name + " + 0" : name;
      case Kind::json: return fmt::format("CONVERT({} USING utf8mb4)", name);
      case Kind::other:
      case Kind::uuid: return fmt::format("CAST({} AS CHAR)", name);
      default: return name;
    }
  }
  [[nodiscard]] Field received(const RowsColumn& column, const Field& field, std::string&) const override {
    return column.own.kind == Kind::bytes && !field.is_null() ? Field::of_bytes(field.text) : field;
  }
  [[nodiscard]] std::string row_number(const std::vector<RowsColumn>& columns, RowNumbers numbers) const override {
    std::string text;
    for (const auto& column : columns) text += (text.empty() ? "" : ", '|', ") + fmt::format("IFNULL({}, '~')", numbers == RowNumbers::own ? own_sql(column) : digest_sql(column));
    return fmt::format("CAST(CONV(LEFT(SHA2(CONCAT({}), 256), 15), 16, 10) AS UNSIGNED)", text.empty() ? "'~'" : text);
  }
  /// MySQL and MariaDB print some values each in its own way.
  [[nodiscard]] std::string own_numbers_sql() const override { return "SELECT IF(VERSION() LIKE '%MariaDB%', 'MariaDB', 'MySQL')"; }
  [[nodiscard]] std::string quotient(const std::string& column, long long divisor) const override { return fmt::format("{} DIV {}", backtick(column), divisor); }
  [[nodiscard]] std::string literal(const RowsColumn& column, const Field& value) const override {
    std::string out;
    append_literal(out, column.own, value);
    return out;
  }

  void write(RowsConnection& connection, const QualifiedName& table, const std::vector<RowsColumn>& columns, const RowBatch& rows) const override {
    if (rows.rows() == 0) return;
    std::string head = fmt::format("INSERT INTO {} (", quote_name(table));
    for (std::size_t i = 0; i < columns.size(); ++i) head += (i > 0 ? ", " : "") + backtick(columns[i].name);
    head += ") VALUES ";
    std::string sql = head;
    sql.reserve(rows.bytes() + rows.bytes() / 8 + rows.rows() * columns.size() * 3);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < columns.size(); ++i) bytes += rows.at(row, i).text.size();
      if (sql.size() > head.size() && sql.size() + bytes > most_bytes) {  // a large row goes alone
        static_cast<void>(connection.query(sql));
        sql = head;
      }
      sql += sql.size() > head.size() ? ",(" : "(";
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) sql += ',';
        append_literal(sql, columns[i].own, rows.at(row, i));
      }
      sql += ')';
    }
    static_cast<void>(connection.query(sql));
  }
  static constexpr std::size_t most_bytes = 900 << 10;  ///< of a statement, without escapes
  /// Below the smallest max_allowed_packet of a server's defaults, escapes among it.
  [[nodiscard]] std::size_t batch_bytes() const override { return 512 << 10; }
  [[nodiscard]] bool transactional(const Table& table) const override {
    const auto engine = table.options.find("engine");
    return engine == table.options.end() || equal_ignoring_case(engine->second, "InnoDB");
  }
  [[nodiscard]] std::string delete_some_sql(const QualifiedName& table, const std::string& condition, long long most) const override {
    return fmt::format("DELETE FROM {} WHERE {} LIMIT {}", quote_name(table), condition, most);
  }
  [[nodiscard]] std::string empty_sql(const QualifiedName& table) const override { return "DELETE FROM " + quote_name(table); }

  [[nodiscard]] std::optional<std::string> next_number(Connection& connection, const Table& table, const Column&) const override {
    // Not the table's status, which MySQL remembers for a day.
    const auto text = connection.query("SHOW CREATE TABLE " + quote_name(table.name)).rows.at(0).at(1).value_or("");
    constexpr std::string_view mark = ") ENGINE=";
    const auto options = text.substr(std::min(text.rfind(mark), text.size()));
    constexpr std::string_view word = "AUTO_INCREMENT=";
    const auto at = options.find(word);
    if (at != std::string::npos) return options.substr(at + word.size(), options.find(' ', at) - at - word.size());
    return std::nullopt;
  }
  [[nodiscard]] std::string set_next_number_sql(const Table& table, const Column&, const std::string& next) const override {
    return fmt::format("ALTER TABLE {} AUTO_INCREMENT = {}", quote_name(table.name), next);
  }

 private:
  OpenRows open_;
};

}  // namespace

std::unique_ptr<RowsFace> make_rows_face(OpenRows open) { return std::make_unique<MysqlRowsFace>(open); }

}  // namespace migrate::mysql
