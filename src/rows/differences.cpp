#include "rows/differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "rows/both.hpp"

namespace migrate {
namespace {

using RowKind = RowDifference::Kind;

/// A row as it lies in memory while buckets are compared.
using Stored = std::vector<Value>;

class Comparer {
 public:
  Comparer(const TableSide& source, const TableSide& target, const std::vector<std::size_t>& key, const std::function<void(const RowDifference&)>& take)
      : source_(source), target_(target), key_(key), take_(take) {}

  long long run() {
    if (const auto width = width_of_buckets(); width > 0 && compare_divided({.count = 0, .width = width})) return found_;
    long long here = 0;
    long long there = 0;
    both([&] { here = count_rows(source_); }, [&] { there = count_rows(target_); });
    const auto buckets = std::clamp(std::max(here, there) / rows_a_bucket, 1LL, most_buckets);
    if (buckets > 1) static_cast<void>(compare_divided({.count = buckets, .width = 0}));
    else compare({}, {});
    return found_;
  }

 private:
  /// Of buckets that are ranges of the key; 0 where its first column is no whole number on both sides, or the table is small.
  [[nodiscard]] long long width_of_buckets() {
    if (key_.empty() || !whole_number(source_.columns[key_[0]]) || !whole_number(target_.columns[key_[0]])) return 0;
    std::optional<Span> here;
    std::optional<Span> there;
    both([&] { here = span_of(source_); }, [&] { there = span_of(target_); });
    if (!here || !there) return 0;
    const auto numbers = static_cast<double>(std::max(here->last, there->last)) - static_cast<double>(std::min(here->first, there->first));
    if (numbers < static_cast<double>(rows_a_bucket)) return 0;
    return static_cast<long long>(std::max(numbers / static_cast<double>(most_buckets), static_cast<double>(rows_a_bucket)));
  }

  static bool whole_number(const RowsColumn& column) { return column.own.kind == ValueType::Kind::integer && !(column.own.is_unsigned && column.own.width == 64); }

  struct Span {
    long long first, last;
  };

  /// Of the first column of the key; nothing where the table has no rows, or something else stands in it.
  [[nodiscard]] std::optional<Span> span_of(const TableSide& side) const {
    const auto name = side.quoted(side.columns[key_[0]].name);
    const auto row = side.connection->query(fmt::format("SELECT min({0}), max({0}) FROM {1}", name, side.from())).rows.at(0);
    const auto number = [](const Value& value) {
      long long result = 0;
      const bool whole = value && std::from_chars(value->data(), value->data() + value->size(), result) == std::from_chars_result{value->data() + value->size(), std::errc()};
      return whole ? std::optional(result) : std::nullopt;
    };
    const auto first = number(row.at(0));
    const auto last = number(row.at(1));
    return first && last ? std::optional(Span{*first, *last}) : std::nullopt;
  }

  /// Compares the rows of buckets whose checksums differ. False where this division does not serve: nothing was compared then.
  bool compare_divided(const Division& division) {
    std::optional<std::map<long long, Checksum>> here;
    std::optional<std::map<long long, Checksum>> there;
    both([&] { here = bucket_checksums(source_, key_columns(source_), source_.columns, division); },
         [&] { there = bucket_checksums(target_, key_columns(target_), target_.columns, division); });
    if (!here || !there) return false;
    std::map<long long, long long> sizes;  // of those that differ
    for (const auto& [bucket, sum] : *here) {
      const auto other = there->find(bucket);
      if (other == there->end() || other->second != sum) sizes[bucket] = std::max(sum.rows, other == there->end() ? 0 : other->second.rows);
    }
    for (const auto& [bucket, sum] : *there) {
      if (!here->contains(bucket)) sizes[bucket] = sum.rows;
    }
    if (division.width > 0 && std::any_of(sizes.begin(), sizes.end(), [](const auto& bucket) { return bucket.second > most_in_range; })) return false;
    std::vector<long long> some;
    long long in_some = 0;
    for (const auto& [bucket, size] : sizes) {
      some.push_back(bucket);
      in_some += size;
      if (in_some < rows_at_once && some.size() < buckets_at_once) continue;
      compare(division, some);
      some.clear();
      in_some = 0;
    }
    if (!some.empty()) compare(division, some);
    return true;
  }

  [[nodiscard]] std::vector<RowsColumn> key_columns(const TableSide& side) const {
    std::vector<RowsColumn> columns;
    for (const auto place : key_) columns.push_back(side.columns[place]);
    return columns.empty() ? side.columns : columns;
  }

  [[nodiscard]] KeyValues key_of(const Stored& row) const {
    if (key_.empty()) return row;
    KeyValues key;
    for (const auto place : key_) key.push_back(row[place]);
    return key;
  }

  /// A value that is only compared is kept by its hash where it is long.
  [[nodiscard]] Value kept(const RowsColumn& column, const Field& field) const {
    const bool as_it_is = field.kind == Field::Kind::integer || field.kind == Field::Kind::real;
    if (as_it_is && !column.native) return shown_value(field);
    if (key_.empty() || field.text.size() <= most_kept || column.logical.kind == ValueType::Kind::json) return stored(column, field);
    return fmt::format("{} {}", static_cast<int>(field.kind), hash_text(field.text));
  }

  std::map<KeyValues, std::vector<Stored>> read(const TableSide& side, const Division& division, const std::vector<long long>& chosen) {
    std::map<KeyValues, std::vector<Stored>> rows;
    const auto condition = chosen.empty() ? std::string() : in_buckets(side, key_columns(side), division, chosen);
    const auto store = [&](Fields fields) {
      Stored row;
      for (std::size_t i = 0; i < fields.size(); ++i) row.push_back(kept(side.columns[i], fields[i]));
      auto key = key_of(row);
      rows[std::move(key)].push_back(std::move(row));
    };
    // A value that is none of its type is compared as it stands.
    read_canonical(side, side.columns, select_sql(side, side.columns, condition), store, [&](Fields fields, const ReadRefusal&) { store(fields); });
    return rows;
  }

  /// Of these buckets, or all rows.
  void compare(const Division& division, const std::vector<long long>& chosen) {
    std::map<KeyValues, std::vector<Stored>> here;
    std::map<KeyValues, std::vector<Stored>> there;
    both([&] { here = read(source_, division, chosen); }, [&] { there = read(target_, division, chosen); });
    for (auto& [key, rows] : here) {
      const auto other = there.find(key);
      if (other == there.end()) {
        tell({RowKind::only_source, key, {}, static_cast<long long>(rows.size())});
      } else if (key_.empty()) {
        const auto more = static_cast<long long>(rows.size()) - static_cast<long long>(other->second.size());
        if (more != 0) tell({more > 0 ? RowKind::only_source : RowKind::only_target, key, {}, std::llabs(more)});
      } else if (const auto column = first_difference(rows.front(), other->second.front()); !column.empty()) {
        tell({RowKind::different, key, column});
      }
    }
    for (auto& [key, rows] : there) {
      if (!here.contains(key)) tell({RowKind::only_target, key, {}, static_cast<long long>(rows.size())});
    }
  }

  [[nodiscard]] std::string first_difference(const Stored& a, const Stored& b) const {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto& column = source_.columns[i];
      if (a[i] != b[i] && (column.native || !same_value(column.logical, restored(column, a[i]), restored(column, b[i])))) return column.name;
    }
    return {};
  }

  void tell(const RowDifference& difference) {
    found_ += key_.empty() ? difference.times : 1;
    take_(difference);
  }

  static constexpr long long rows_a_bucket = 64;
  static constexpr long long most_buckets = 65536;
  static constexpr long long rows_at_once = 20000;
  static constexpr long long most_in_range = 200000;
  static constexpr std::size_t most_kept = 4096;  ///< bytes of a value
  static constexpr std::size_t buckets_at_once = 2000;

  const TableSide& source_;
  const TableSide& target_;
  const std::vector<std::size_t>& key_;
  const std::function<void(const RowDifference&)>& take_;
  long long found_ = 0;
};

}  // namespace

long long find_differences(const TableSide& source, const TableSide& target, const std::vector<std::size_t>& key, const std::function<void(const RowDifference&)>& take) {
  return Comparer(source, target, key, take).run();
}

}  // namespace migrate
