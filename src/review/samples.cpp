#include "review/samples.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "rows/side.hpp"
#include "schema/lookup.hpp"

namespace migrate::review {
namespace {

constexpr std::size_t longest = 120;        ///< bytes of a value that are shown
constexpr std::size_t widest = 5;           ///< columns of a row

std::string shown(const Field& field) {
  if (field.kind == Field::Kind::null) return "NULL";
  if (field.text.size() <= longest) return std::string(field.text);
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(field.text[end]) & 0xC0) == 0x80) --end;  // not in the middle of a character
  return std::string(field.text.substr(0, end)) + "…";
}

}  // namespace

void SampleReader::read(const Table& table, const std::vector<std::string>& columns, const std::string& condition, std::size_t most, const Take& take) {
  const auto& rows = dialect_.rows();
  if (!connection_) {
    connection_ = rows.open(url_);
    rows.set_up_reading(*connection_);
  }
  TableSide side{.dialect = &dialect_, .connection = connection_.get(), .name = table.name, .columns = {}, .key = {}, .hidden_key = false, .children = true};
  std::vector<const Mask*> masks;
  const auto of_table = masks_.find(table.name.text());
  for (const auto& name : columns) {
    const auto* column = find_named(table.columns, name);
    if (column == nullptr) continue;
    const auto type = rows.value_type(table, *column, live_, server_);
    side.columns.push_back({.name = name, .own = type, .logical = type, .changed = false, .native = false});
    const auto mask = of_table == masks_.end() ? Masks::mapped_type::const_iterator() : of_table->second.find(name);
    masks.push_back(of_table == masks_.end() || mask == of_table->second.end() ? nullptr : &mask->second);
  }
  std::vector<RowsColumn> order;
  bool hidden = false;
  const auto key = rows.order_key(table, hidden);
  for (const auto& name : key) {
    const auto* column = hidden ? nullptr : find_named(table.columns, name);
    if (column != nullptr) order.push_back({.name = name, .own = rows.value_type(table, *column, live_, server_), .logical = {}, .changed = false, .native = false});
  }
  std::vector<std::string> buffers(side.columns.size());
  bool more = true;
  read_canonical(side, side.columns, select_sql(side, side.columns, condition, order) + " LIMIT " + std::to_string(most),
                 [&](Fields fields) {
                   std::vector<std::string> row;
                   for (std::size_t i = 0; i < fields.size(); ++i) {
                     if (masks[i] == nullptr) row.push_back(shown(fields[i]));
                     else row.push_back(mask_key_.empty() ? "(masked)" : shown(masked(*masks[i], side.columns[i].own, mask_key_, fields[i], buffers[i])));
                   }
                   if (more) more = take(std::move(row));
                 },
                 [](Fields, const ReadRefusal&) {});  // such a value is no example
}

Samples SampleReader::values(const QualifiedName& name, const std::string& column, std::size_t most) {
  Samples samples{.columns = {column}, .rows = {}};
  const auto* table = find_named(live_.tables, name);
  if (table == nullptr || find_named(table->columns, column) == nullptr) return samples;
  std::set<std::string> seen;
  read(*table, {column}, dialect_.sql().quote_name(column) + " IS NOT NULL", 200, [&](std::vector<std::string> row) {
    if (seen.insert(row.front()).second) samples.rows.push_back(std::move(row));
    return samples.rows.size() < most;
  });
  return samples;
}

Samples SampleReader::rows(const QualifiedName& name, const std::vector<std::string>& first, const std::string& condition, std::size_t most) {
  Samples samples;
  const auto* table = find_named(live_.tables, name);
  if (table == nullptr) return samples;
  for (const auto& column : first) {
    if (find_named(table->columns, column) != nullptr) samples.columns.push_back(column);
  }
  for (const auto& column : table->columns) {
    if (samples.columns.size() >= widest) break;
    if (std::find(samples.columns.begin(), samples.columns.end(), column.name) == samples.columns.end()) samples.columns.push_back(column.name);
  }
  read(*table, samples.columns, condition, most + 1, [&](std::vector<std::string> row) {
    samples.more = samples.rows.size() == most;
    if (!samples.more) samples.rows.push_back(std::move(row));
    return !samples.more;
  });
  return samples;
}

}  // namespace migrate::review
