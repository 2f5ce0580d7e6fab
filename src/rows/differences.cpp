#include "rows/differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

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
    const auto rows = std::max(count_rows(source_), count_rows(target_));
    const auto buckets = std::clamp(rows / rows_a_bucket, 1LL, most_buckets);
    std::vector<long long> differing;
    std::map<long long, long long> sizes;
    if (buckets == 1) {
      differing.push_back(0);
      sizes[0] = rows;
    } else {
      const auto here = bucket_checksums(source_, key_columns(source_), source_.columns, buckets);
      const auto there = bucket_checksums(target_, key_columns(target_), target_.columns, buckets);
      std::set<long long> all;
      for (const auto& [bucket, sum] : here) all.insert(bucket);
      for (const auto& [bucket, sum] : there) all.insert(bucket);
      for (const auto bucket : all) {
        const auto a = here.find(bucket);
        const auto b = there.find(bucket);
        if (a != here.end() && b != there.end() && a->second == b->second) continue;
        differing.push_back(bucket);
        sizes[bucket] = std::max(a == here.end() ? 0 : a->second.rows, b == there.end() ? 0 : b->second.rows);
      }
    }
    std::vector<long long> some;
    long long in_some = 0;
    for (const auto bucket : differing) {
      some.push_back(bucket);
      in_some += sizes[bucket];
      if (in_some < rows_at_once && some.size() < buckets_at_once) continue;
      compare(buckets, some);
      some.clear();
      in_some = 0;
    }
    if (!some.empty()) compare(buckets, some);
    return found_;
  }

 private:
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

  std::map<KeyValues, std::vector<Stored>> read(const TableSide& side, long long buckets, const std::vector<long long>& chosen) {
    std::map<KeyValues, std::vector<Stored>> rows;
    const auto condition = buckets == 1 ? std::string() : in_buckets(side, key_columns(side), buckets, chosen);
    const auto store = [&](Fields fields) {
      Stored row;
      for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool as_it_is = fields[i].kind == Field::Kind::integer || fields[i].kind == Field::Kind::real;
        row.push_back(as_it_is && !side.columns[i].native ? Value(shown_value(fields[i])) : stored(side.columns[i], fields[i]));
      }
      auto key = key_of(row);
      rows[std::move(key)].push_back(std::move(row));
    };
    // A value that is none of its type is compared as it stands.
    read_canonical(side, side.columns, select_sql(side, side.columns, condition), store, [&](Fields fields, const ReadRefusal&) { store(fields); });
    return rows;
  }

  void compare(long long buckets, const std::vector<long long>& chosen) {
    auto here = read(source_, buckets, chosen);
    auto there = read(target_, buckets, chosen);
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
