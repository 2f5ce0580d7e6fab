// Rows: SQL with values, many rows at once, work in batches.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "library/operations_context.hpp"
#include "schema/lookup.hpp"
#include "schema/type_family.hpp"

namespace migrate {
namespace {

constexpr std::size_t most_rows = 1000;
constexpr std::size_t most_bytes = 400 * 1024;

std::string quoted(const OperationsContext& context, const Names& names) {
  std::vector<std::string> out;
  for (const auto& name : names) out.push_back(context.dialect().sql().quote_name(name));
  return join(out, ", ");
}

// ---- batches -------------------------------------------------------------------------------------------------------

/// How far the batches have come: the rows that are done, and the key of the last one.
struct Cursor {
  long long rows = 0;
  std::vector<std::string> key;

  [[nodiscard]] std::string text() const {
    std::string out = std::to_string(rows);
    for (const auto& value : key) out += fmt::format(":{}:{}", value.size(), value);
    return out;
  }
  static Cursor read(const std::string& text) {
    Cursor cursor;
    if (text.empty()) return cursor;
    cursor.rows = std::atoll(text.c_str());
    for (auto at = text.find(':'); at < text.size();) {
      const auto size = static_cast<std::size_t>(std::atoll(text.c_str() + at + 1));
      const auto start = text.find(':', at + 1) + 1;
      cursor.key.push_back(text.substr(start, size));
      at = start + size;
    }
    return cursor;
  }
};

class BatchWork {
 public:
  /// `set` empty: rows are deleted.
  BatchWork(OperationsContext& context, QualifiedName table, const Batches& batches, bool deletes, Location at)
      : context_(context), table_(std::move(table)), batches_(batches), deletes_(deletes), at_(std::move(at)) {
    where_ = context.text(batches.where);
    set_ = context.text(batches.set);
    if (!deletes && set_.empty()) throw Error{ErrorKind::usage, "update_in_batches needs what to set", ".set = \"mail = lower(mail)\"", at_};
    if (batches.size < 1) throw Error{ErrorKind::usage, "the size of a batch must be 1 or more", "", at_};
  }

  void run() {
    BatchCall call;
    call.key = join(std::vector<std::string>{deletes_ ? "delete_in_batches" : "update_in_batches", table_.text(), set_, where_, join(batches_.key, ","), std::to_string(batches_.size)}, "\x1f");
    call.location = at_;
    call.next = [this](const std::string& cursor) { return next(Cursor::read(cursor)); };
    call.whole = {statement(where_.empty() ? "" : " WHERE " + where_), at_};
    context_.sink().run_batches(call);
  }

 private:
  [[nodiscard]] std::string statement(const std::string& condition) const {
    const auto name = context_.dialect().sql().quote_name(table_);
    return (deletes_ ? "DELETE FROM " + name : "UPDATE " + name + " SET " + set_) + condition;
  }

  void find_key() {
    if (!key_.empty()) return;
    const auto* table = find_named(context_.schema().tables, table_);
    if (table == nullptr) throw Error{ErrorKind::usage, "there is no table '" + table_.text() + "'", "", at_};
    key_ = batches_.key;
    if (key_.empty() && table->primary_key) key_ = column_names(table->primary_key->parts);
    if (key_.empty()) throw Error{ErrorKind::usage, "the table " + table_.text() + " has no primary key to go along", "name unique columns that are not null: .key = {\"...\"}", at_};
    for (const auto& name : key_) {
      const auto* column = find_named(table->columns, name);
      if (column == nullptr) throw Error{ErrorKind::usage, "the table " + table_.text() + " has no column '" + name + "'", "", at_};
      const auto family = type_family(column->type);
      numeric_.push_back(family == "integer" || family == "number");
    }
  }

  [[nodiscard]] std::string literal(std::size_t i, const std::string& value) const {
    const bool number = numeric_[i] && !value.empty() && value.find_first_not_of("0123456789.-") == std::string::npos;
    return number ? value : context_.dialect().sql().quote_text(value);
  }

  /// Keys behind (or up to) a place: a > x OR (a = x AND b > y), which every engine can answer from the key's index.
  [[nodiscard]] std::string bound(const std::vector<std::string>& key, bool behind) const {
    std::string out;
    for (std::size_t i = 0; i < key_.size(); ++i) {
      std::string part;
      for (std::size_t j = 0; j < i; ++j) part += context_.dialect().sql().quote_name(key_[j]) + " = " + literal(j, key[j]) + " AND ";
      const bool last = i + 1 == key_.size();
      part += context_.dialect().sql().quote_name(key_[i]) + (behind ? " > " : last ? " <= " : " < ") + literal(i, key[i]);
      out += (out.empty() ? "" : " OR ") + (i > 0 ? "(" + part + ")" : part);
    }
    return key_.size() > 1 ? "(" + out + ")" : out;
  }

  std::optional<BatchCall::Batch> next(const Cursor& cursor) {
    find_key();
    pause(cursor);
    std::vector<std::string> conditions;
    if (!cursor.key.empty()) conditions.push_back(bound(cursor.key, true));
    if (!where_.empty()) conditions.push_back("(" + where_ + ")");
    const auto from = " FROM " + context_.dialect().sql().quote_name(table_) + (conditions.empty() ? "" : " WHERE " + join(conditions, " AND "));
    const auto keys = quoted(context_, key_);
    // The last key of the batch; when fewer rows are left, the last of them.
    auto rows = context_.environment().ask(fmt::format("SELECT {}{} ORDER BY {} LIMIT 1 OFFSET {}", keys, from, keys, batches_.size - 1)).rows;
    auto count = static_cast<long long>(batches_.size);
    if (rows.empty()) {
      std::vector<std::string> backwards;
      for (const auto& name : key_) backwards.push_back(context_.dialect().sql().quote_name(name) + " DESC");
      rows = context_.environment().ask(fmt::format("SELECT {}{} ORDER BY {} LIMIT 1", keys, from, join(backwards, ", "))).rows;
      if (rows.empty()) return std::nullopt;
      count = std::stoll(context_.environment().ask("SELECT count(*)" + from).rows.at(0).at(0).value_or("0"));
    }
    Cursor behind{.rows = cursor.rows + count};
    for (const auto& value : rows.front()) {
      if (!value) throw Error{ErrorKind::usage, "a key of " + table_.text() + " is NULL: batches go along columns that are not", "", at_};
      behind.key.push_back(*value);
    }
    conditions.insert(conditions.begin() + (cursor.key.empty() ? 0 : 1), bound(behind.key, false));
    return BatchCall::Batch{{statement(" WHERE " + join(conditions, " AND ")), at_}, behind.text()};
  }

  void pause(const Cursor& cursor) {
    if (cursor.rows == 0) return;
    context_.sink().progress(fmt::format("{}: {} {}", table_.text(), plural(static_cast<std::size_t>(cursor.rows), "row"), deletes_ ? "deleted" : "updated"));
    if (batches_.pause_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(batches_.pause_ms));
  }

  OperationsContext& context_;
  QualifiedName table_;
  const Batches& batches_;
  bool deletes_;
  Location at_;
  std::string set_, where_;
  Names key_;
  std::vector<bool> numeric_;
};

}  // namespace

void Operations::execute(const SqlText& sql, const Scalars& values, Place place) {
  const auto at = context_.location(place);
  context_.execute(context_.bind(context_.text(sql), values, at), at);
}

Rows Operations::query(const SqlText& sql, const Scalars& values, Place place) {
  const auto at = context_.location(place);
  return context_.query(context_.bind(context_.text(sql), values, at), at);
}

void Operations::bulk_insert(const TableName& table, const Names& columns, const std::vector<Scalars>& rows, Place place) {
  const auto at = context_.location(place);
  const auto start = fmt::format("INSERT INTO {} ({}) VALUES\n  ", context_.dialect().sql().quote_name(table.get()), quoted(context_, columns));
  std::vector<Statement> statements;
  std::string sql;
  std::size_t count = 0;
  const auto flush = [&] {
    if (count > 0) statements.push_back({start + sql, at});
    sql.clear();
    count = 0;
  };
  for (const auto& row : rows) {
    if (row.size() != columns.size()) {
      throw Error{ErrorKind::usage, fmt::format("row {} for {} has {} for {}", &row - rows.data() + 1, table.get().text(), plural(row.size(), "value"), plural(columns.size(), "column")), "", at};
    }
    std::vector<std::string> values;
    for (const auto& value : row) values.push_back(context_.literal(value, at));
    auto line = "(" + join(values, ", ") + ")";
    if (count == most_rows || (count > 0 && sql.size() + line.size() > most_bytes)) flush();
    sql += (count == 0 ? "" : ",\n  ") + line;
    ++count;
  }
  flush();
  std::string key = "bulk_insert";
  for (const auto& statement : statements) key += "\x1f" + statement.text;
  context_.execute_all(key, std::move(statements), at);
}

void Operations::update_in_batches(const TableName& table, const Batches& batches, Place place) {
  BatchWork(context_, table.get(), batches, false, context_.location(place)).run();
}

void Operations::delete_in_batches(const TableName& table, const Batches& batches, Place place) {
  BatchWork(context_, table.get(), batches, true, context_.location(place)).run();
}

}  // namespace migrate
