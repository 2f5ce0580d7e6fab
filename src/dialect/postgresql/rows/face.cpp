#include "dialect/postgresql/rows/face.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/rows/types.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

using Kind = ValueType::Kind;

std::string column_list(const std::vector<RowsColumn>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + quote_name(column.name);
  return list;
}

/// A value in COPY's text format.
void append_copy(std::string& out, const RowsColumn& column, const Field& field) {
  if (field.is_null()) {
    out += "\\N";
    return;
  }
  if (column.own.kind == Kind::bytes || field.kind == Field::Kind::bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += "\\\\x";
    out.reserve(out.size() + 2 * field.text.size());
    for (const char c : field.text) {
      const auto byte = static_cast<unsigned char>(c);
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
    return;
  }
  // What needs no escape goes in whole pieces.
  const auto text = field.text;
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '\\' && c != '\n' && c != '\r' && c != '\t') continue;
    out.append(text, written, i - written);
    out += '\\';
    out += c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;
    written = i + 1;
  }
  out.append(text, written);
}

/// The digits of a floating-point number as real_digest() writes them, out of the shortest text.
std::string real_sql(const std::string& name) {
  const auto text = fmt::format("({}::float8::text)", name);
  const auto bare = fmt::format("translate(split_part({}, 'e', 1), '-', '')", text);
  const auto digits = fmt::format("replace({}, '.', '')", bare);
  const auto point = fmt::format("case when position('.' in {0}) > 0 then position('.' in {0}) - 1 else length({0}) end", bare);
  return fmt::format("case when abs({1}) >= 0.001::float8 and abs({1}) < 1e14::float8 then {0} when {0} in ('NaN', 'Infinity', '-Infinity') then {0} when {1}::float8 = 0 then '0' else case when {1} < 0 then '-0.' else '0.' end "
                     "|| trim(both '0' from {2}) || 'e' || (coalesce(nullif(split_part({0}, 'e', 2), '')::int, 0) + {3} - (length({2}) - length(ltrim({2}, '0'))))::text end",
                     text, name, digits, point);
}

std::string hash_sql(const std::string& bytes, int digits) { return fmt::format("left(encode(sha256({}), 'hex'), {})", bytes, digits); }

/// Times as their own text has them: without zeros at the end of the fraction, in UTC without a zone.
std::string digest_sql(const RowsColumn& column) {
  const auto name = quote_name(column.name);
  switch (column.logical.kind) {
    case Kind::boolean: return column.own.kind == Kind::boolean ? name + "::int::text" : name + "::text";
    case Kind::integer: return column.own.kind == Kind::decimal ? fmt::format("trim_scale({}::numeric)::text", name) : name + "::text";
    case Kind::decimal: return fmt::format("trim_scale({}::numeric)::text", name);
    case Kind::real: return real_sql(name);
    case Kind::bytes: return hash_sql(name, 32);
    case Kind::timestamptz: return column.own.kind == Kind::timestamptz ? fmt::format("({} at time zone 'UTC')::text", name) : name + "::text";
    case Kind::text:
    case Kind::any:
      return fmt::format("case when length({0}::text) <= {1} then length({0}::text) || ':' || {0}::text else {2} end", name, most_digest_characters,
                         hash_sql(fmt::format("convert_to({}::text, 'UTF8')", name), 32));
    case Kind::json: return hash_sql(fmt::format("convert_to({}::text, 'UTF8')", name), 32);
    // As it is put out: a cast to text writes another for some types (inet).
    case Kind::other: return hash_sql(fmt::format("convert_to(format('%s', {}), 'UTF8')", name), 32) + fmt::format(" || case when {} is null then null else '' end", name);
    default: return name + "::text";
  }
}

/// A value as hash_record_extended() takes it. Equal ones are one value to it: of types that take more for equal than their text says (a collation that is
/// not deterministic, citext, intervals), and of those that have no hash (json, money), it gets the text.
std::string own_sql(const RowsColumn& column) {
  const auto name = quote_name(column.name);
  switch (column.own.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::real:
    case Kind::bytes:
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz:
    case Kind::uuid: return name;
    case Kind::decimal:
      if (column.own.name.starts_with("numeric") || column.own.name.starts_with("decimal")) return name;
      break;
    default: break;
  }
  return name + "::text COLLATE \"C\"";
}

class PostgresqlRowsFace final : public RowsFace {
 public:
  explicit PostgresqlRowsFace(OpenRows open) : open_(open) {}

  [[nodiscard]] std::unique_ptr<RowsConnection> open(const DatabaseUrl& url) const override { return open_(url); }

  /// The moment when the server started tells servers apart.
  [[nodiscard]] std::string place(Connection& connection) const override {
    return connection.query("SELECT concat_ws(' ', pg_postmaster_start_time(), current_setting('port'), current_database())").rows.at(0).at(0).value_or("");
  }

  [[nodiscard]] ValueType value_type(const Table&, const Column& column, const Schema& schema, const ServerInfo&) const override { return postgresql::value_type(column, schema); }
  [[nodiscard]] OwnType own_type(const ValueType& type, const TypeUse&, const ServerInfo&) const override { return postgresql::own_type(type); }
  [[nodiscard]] ValueLimits limits(const ServerInfo&) const override {
    return {.nul_in_text = false, .invalid_utf8 = false, .nan = true, .infinity = true, .zero_dates = false, .infinite_dates = true, .smallest_time = "00:00:00", .largest_time = "24:00:00"};
  }
  [[nodiscard]] LoadForm load_form() const override { return {}; }

  [[nodiscard]] bool keys_can_ignore_case() const override { return false; }
  [[nodiscard]] std::string random_uuid() const override { return "gen_random_uuid()"; }
  [[nodiscard]] SelfNumbering self_numbering() const override { return SelfNumbering::any_column; }

  [[nodiscard]] std::size_t begin_snapshots(std::span<RowsConnection* const> sessions, std::string&) const override {
    constexpr auto begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    sessions[0]->execute(begin);
    if (sessions.size() == 1) return 1;
    std::string name;
    try {
      name = sessions[0]->query("SELECT pg_export_snapshot()").rows.at(0).at(0).value_or("");
    } catch (const DatabaseError&) {  // a standby before 10, a server that only speaks the protocol: the transaction is gone then
      sessions[0]->execute("ROLLBACK");
      sessions[0]->execute(begin);
      return 1;
    }
    for (auto* session : sessions.subspan(1)) session->execute(std::string(begin) + "; SET TRANSACTION SNAPSHOT " + quote_text(name));
    return sessions.size();
  }

  void set_up_reading(RowsConnection& connection) const override {
    connection.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; "
                       "SET client_encoding = 'UTF8'; SET lc_monetary = 'C'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET row_security = off");
    // Buckets of rows are summed up in a hash table: the planner takes each row for a group of its own, and would sort them all on disk.
    connection.execute("SET enable_sort = off");
  }
  [[nodiscard]] std::string set_up_writing(RowsConnection& connection) const override {
    set_up_reading(connection);
    connection.execute("SET synchronous_commit = off");
    try {
      connection.execute("SET session_replication_role = replica");
    } catch (const DatabaseError&) {
      return "this role may not switch off triggers and foreign keys of tables that are there already";
    }
    return "";
  }

  [[nodiscard]] bool silences_triggers() const override { return true; }
  [[nodiscard]] std::string defer_keys_sql() const override { return "SET CONSTRAINTS ALL DEFERRED"; }

  [[nodiscard]] std::string from_sql(const QualifiedName& table, bool children) const override { return (children ? "" : "ONLY ") + quote_name(table); }
  [[nodiscard]] std::string equal_sql(const RowsColumn& column, const std::string& literal) const override {
    return quote_name(column.name) + (column.own.kind == Kind::json && !column.own.normalizes ? "::text" : "") + " = " + literal;
  }
  [[nodiscard]] std::vector<QualifiedName> partitions(Connection& connection) const override {
    std::vector<QualifiedName> names;
    const auto result = connection.query(R"(
        select case when n.nspname = current_schema() then '' else n.nspname end, c.relname
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relispartition and c.relkind in ('r', 'p') and n.nspname !~ '^pg_' order by 1, 2)");
    for (const auto& row : result.rows) names.push_back({row.at(0).value_or(""), row.at(1).value_or("")});
    return names;
  }

  [[nodiscard]] std::string read_expression(const RowsColumn& column) const override {
    const auto name = quote_name(column.name);
    if (column.own.name == "money") return name + "::numeric";
    if (column.own.kind == Kind::real && column.own.single) return name + "::float8";
    return name;
  }
  [[nodiscard]] Field received(const RowsColumn& column, const Field& field, std::string& buffer) const override {
    if (column.own.kind != Kind::bytes || field.is_null()) return field;
    buffer = from_hex(field.text.substr(std::min<std::size_t>(2, field.text.size())));
    return Field::of_bytes(buffer);
  }
  [[nodiscard]] std::string row_number(const std::vector<RowsColumn>& columns, RowNumbers numbers) const override {
    std::string text;
    if (numbers == RowNumbers::own) {
      for (const auto& column : columns) text += (text.empty() ? "" : ", ") + own_sql(column);
      return fmt::format("(hash_record_extended(ROW({}), 0) & {})", text, (1LL << 60) - 1);
    }
    for (const auto& column : columns) text += (text.empty() ? "" : " || '|' || ") + fmt::format("coalesce({}, '~')", digest_sql(column));
    return fmt::format("('x' || {})::bit(60)::bigint", hash_sql(fmt::format("convert_to({}, 'UTF8')", text.empty() ? "'~'" : text), 15));
  }
  /// From version 14; the hash is another on machines whose bytes stand the other way round.
  [[nodiscard]] std::string own_numbers_sql() const override {
    return "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_proc WHERE proname = 'hash_record_extended') THEN hashtext('one, two')::text ELSE '' END";
  }
  [[nodiscard]] std::string quotient(const std::string& column, long long divisor) const override { return fmt::format("{} / {}", quote_name(column), divisor); }
  [[nodiscard]] std::string literal(const RowsColumn& column, const Field& value) const override {
    if (value.is_null()) return "NULL";
    if (column.own.kind == Kind::bytes) return "'\\x" + to_hex(value.text) + "'::bytea";
    return quote_text(value.text);
  }

  void write(RowsConnection& connection, const QualifiedName& table, const std::vector<RowsColumn>& columns, const RowBatch& rows) const override {
    constexpr std::size_t piece = 1 << 18;
    std::string data;
    const auto send = [&] {
      for (std::size_t at = 0; at < data.size(); at += piece) connection.copy_in(std::string_view(data).substr(at, piece));
      data.clear();
    };
    connection.begin_copy_in(fmt::format("COPY {} ({}) FROM STDIN", quote_name(table), column_list(columns)));
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) data += '\t';
        append_copy(data, columns[i], rows.at(row, i));
      }
      data += '\n';
      if (data.size() >= piece) send();
    }
    send();
    connection.end_copy_in();
  }
  [[nodiscard]] std::pair<std::string, std::string> pass_through(const QualifiedName& table, const std::vector<RowsColumn>& columns, const std::string& condition) const override {
    const auto list = column_list(columns);
    return {fmt::format("COPY (SELECT {} FROM ONLY {}{}) TO STDOUT", list, quote_name(table), condition.empty() ? "" : " WHERE " + condition),
            fmt::format("COPY {} ({}) FROM STDIN", quote_name(table), list)};
  }
  [[nodiscard]] std::string delete_some_sql(const QualifiedName& table, const std::string& condition, long long most) const override {
    return fmt::format("DELETE FROM {0} WHERE ctid IN (SELECT ctid FROM {0} WHERE {1} LIMIT {2})", quote_name(table), condition, most);
  }
  [[nodiscard]] std::string empty_sql(const QualifiedName& table) const override { return fmt::format("DELETE FROM ONLY {}", quote_name(table)); }

  [[nodiscard]] std::optional<std::string> next_number(Connection& connection, const Table& table, const Column& column) const override {
    const auto name = connection.query(fmt::format("SELECT pg_get_serial_sequence({}, {})", quote_text(quote_name(table.name)), quote_text(column.name))).rows.at(0).at(0);
    if (!name) return std::nullopt;
    return connection.query(fmt::format("SELECT CASE WHEN is_called THEN last_value + (SELECT seqincrement FROM pg_sequence WHERE seqrelid = {}::regclass) ELSE last_value END FROM {}",
                                        quote_text(*name), *name)).rows.at(0).at(0);
  }
  [[nodiscard]] std::string set_next_number_sql(const Table& table, const Column& column, const std::string& next) const override {
    return fmt::format("SELECT setval(pg_get_serial_sequence({}, {}), {}, false)", quote_text(quote_name(table.name)), quote_text(column.name), next);
  }
  [[nodiscard]] std::string sequence_state_sql(Connection& connection, const Sequence& sequence) const override {
    const auto name = quote_name(sequence.name);
    const auto row = connection.query("SELECT last_value, is_called FROM " + name).rows.at(0);
    return fmt::format("SELECT setval({}, {}, {})", quote_text(name), row.at(0).value_or("1"), row.at(1) == "t" ? "true" : "false");
  }

 private:
  OpenRows open_;
};

}  // namespace

std::unique_ptr<RowsFace> make_rows_face(OpenRows open) { return std::make_unique<PostgresqlRowsFace>(open); }

}  // namespace migrate::postgresql
