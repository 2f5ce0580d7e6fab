#include "dialect/postgresql/sql/sequences.hpp"

namespace migrate::postgresql {
namespace {

std::string largest(const std::string& type) {
  if (type == "smallint") return "32767";
  if (type == "integer") return "2147483647";
  return "9223372036854775807";
}

std::string smallest(const std::string& type) {
  if (type == "smallint") return "-32768";
  if (type == "integer") return "-2147483648";
  return "-9223372036854775808";
}

void unset(std::optional<std::string>& option, const std::string& usual) {
  if (option == usual) option.reset();
}

}  // namespace

SequenceOptions full_options(const SequenceOptions& options, const std::string& type) {
  SequenceOptions full = options;
  if (!full.increment) full.increment = "1";
  const bool down = full.increment->starts_with('-');
  if (!full.min) full.min = down ? smallest(type) : "1";
  if (!full.max) full.max = down ? "-1" : largest(type);
  if (!full.start) full.start = down ? full.max : full.min;
  if (!full.cache) full.cache = "1";
  return full;
}

void drop_default_options(SequenceOptions& options, const std::string& type) {
  SequenceOptions bare;
  bare.increment = options.increment;
  const auto usual = full_options(bare, type);
  const bool down = usual.increment->starts_with('-');
  const auto first = down ? options.max.value_or(*usual.max) : options.min.value_or(*usual.min);
  unset(options.start, first);
  unset(options.min, *usual.min);
  unset(options.max, *usual.max);
  unset(options.increment, "1");
  unset(options.cache, "1");
}

std::string create_options(const SequenceOptions& options) {
  std::string sql;
  if (options.start) sql += " START WITH " + *options.start;
  if (options.increment) sql += " INCREMENT BY " + *options.increment;
  if (options.min) sql += " MINVALUE " + *options.min;
  if (options.max) sql += " MAXVALUE " + *options.max;
  if (options.cache) sql += " CACHE " + *options.cache;
  if (options.cycle) sql += " CYCLE";
  return sql;
}

std::string alter_options(const SequenceOptions& before, const std::string& before_type, const SequenceOptions& after,
                          const std::string& after_type, const std::string& prefix) {
  const auto old = full_options(before, before_type);
  const auto now = full_options(after, after_type);
  std::string sql;
  const auto set = [&](const std::string& what) { sql += " " + prefix + what; };
  if (old.start != now.start) set("START WITH " + *now.start);
  if (old.increment != now.increment) set("INCREMENT BY " + *now.increment);
  if (old.min != now.min) set("MINVALUE " + *now.min);
  if (old.max != now.max) set("MAXVALUE " + *now.max);
  if (old.cache != now.cache) set("CACHE " + *now.cache);
  if (old.cycle != now.cycle) set(now.cycle ? "CYCLE" : "NO CYCLE");
  return sql;
}

}  // namespace migrate::postgresql
