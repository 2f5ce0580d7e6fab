#include "rows/side.hpp"

#include <fmt/format.h>

#include <cstring>

#include "core/text.hpp"

namespace migrate {
Value stored(const RowsColumn& column, const Field& field) {
  if (field.is_null()) return std::nullopt;
  if (!column.native) return std::string(field.text);
  switch (field.kind) {
    case Field::Kind::integer: return "i" + std::to_string(field.integer);
    case Field::Kind::real: return "r" + std::string(reinterpret_cast<const char*>(&field.real), sizeof field.real);
    case Field::Kind::bytes: return "b" + std::string(field.text);
    default: return "t" + std::string(field.text);
  }
}

Field restored(const RowsColumn& column, const Value& value) {
  if (!value) return {};
  if (!column.native) return column.logical.kind == ValueType::Kind::bytes ? Field::of_bytes(*value) : Field::of(*value);
  const auto rest = std::string_view(*value).substr(1);
  switch (value->front()) {
    case 'i': return {.kind = Field::Kind::integer, .integer = std::stoll(value->substr(1))};
    case 'r': {
      Field field{.kind = Field::Kind::real};
      std::memcpy(&field.real, rest.data(), sizeof field.real);
      return field;
    }
    case 'b': return Field::of_bytes(rest);
    default: return Field::of(rest);
  }
}

namespace {

/// (a > x OR (a = x AND (b > y ...))), with a plain bound on the first column in front of it, which an index understands.
std::string compared(const TableSide& side, const KeyValues& place, const char* strict, const char* last) {
  std::string text;
  for (auto i = side.key.size(); i-- > 0;) {
    const auto name = side.quoted(side.key[i].name);
    const auto literal = side.rows().literal(side.key[i], restored(side.key[i], place[i]));
    if (text.empty()) text = fmt::format("{} {} {}", name, last, literal);
    else text = fmt::format("({0} {1} {2} OR ({0} = {2} AND {3}))", name, strict, literal, text);
    if (i == 0 && side.key.size() > 1) text = fmt::format("{} {}= {} AND {}", name, strict, literal, text);
  }
  return text;
}

}  // namespace

std::string TableSide::from() const { return dialect->rows().from_sql(name, children); }

std::string select_sql(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& condition, const std::vector<RowsColumn>& order) {
  std::string sql = "SELECT ";
  for (std::size_t i = 0; i < columns.size(); ++i) sql += (i > 0 ? ", " : "") + side.rows().read_expression(columns[i]);
  if (columns.empty()) sql += "1";
  sql += " FROM " + side.from();
  if (!condition.empty()) sql += " WHERE " + condition;
  for (std::size_t i = 0; i < order.size(); ++i) sql += (i > 0 ? ", " : " ORDER BY ") + side.quoted(order[i].name);
  return sql;
}

std::string at_or_behind(const TableSide& side, const KeyValues& place) { return compared(side, place, ">", ">="); }
std::string before(const TableSide& side, const KeyValues& place) { return compared(side, place, "<", "<"); }

std::string equal_to(const TableSide& side, const std::vector<RowsColumn>& columns, const KeyValues& values) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto literal = side.rows().literal(columns[i], restored(columns[i], values[i]));
    text += (text.empty() ? "" : " AND ") + (values[i] ? side.rows().equal_sql(columns[i], literal) : side.quoted(columns[i].name) + " IS NULL");
  }
  return text;
}

void read_canonical(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& sql, const std::function<void(Fields)>& take,
                    const std::function<void(Fields, const ReadRefusal&)>& refused) {
  std::vector<Field> values(columns.size());
  std::vector<std::string> received(columns.size());
  std::vector<std::string> buffers(columns.size());
  side.connection->read_rows(sql, [&](Fields row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto field = side.rows().received(columns[i], row[i], received[i]);
      if (columns[i].native) {
        values[i] = field;
        continue;
      }
      auto canonical = canonical_text(columns[i].logical, field, buffers[i]);
      if (!canonical.refusal.empty()) {
        refused(row, {i, field, std::move(canonical.refusal)});
        return;
      }
      values[i] = canonical.value;
    }
    take(values);
  });
}

std::string shown_key(const std::vector<RowsColumn>& key, const KeyValues& values) {
  std::string text;
  for (std::size_t i = 0; i < key.size() && i < values.size(); ++i) text += (i > 0 ? ", " : "") + key[i].name + " " + shown_value(restored(key[i], values[i]));
  return text.empty() ? "a row without a key" : text;
}

}  // namespace migrate
