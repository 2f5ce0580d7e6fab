// migrate kept, migrate purge: what upgrades have kept for the way back
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/events.hpp"
#include "core/clock.hpp"
#include "core/text.hpp"
#include "dialect/keep.hpp"
#include "dialect/sql.hpp"
#include "revision/argument.hpp"
#include "runner/kept_records.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The records, of one revision when one is named.
std::vector<KeptRecord> records_asked_for(Context& context) {
  auto& target = context.target();
  auto& connection = target.session().connection();
  if (!has_kept_table(connection, target.versions())) return {};
  auto records = read_kept(connection, target.versions());
  const auto argument = context.arguments.at(0, "");
  if (argument.empty()) return records;
  std::vector<std::string> ids;
  for (const auto& record : records) {
    if (std::find(ids.begin(), ids.end(), record.revision) == ids.end()) ids.push_back(record.revision);
  }
  // A revision may be gone from the graph, as those of `apply` are never in it.
  auto id = argument;
  if (std::find(ids.begin(), ids.end(), argument) == ids.end()) {
    const auto rows = target.read_rows();
    id = resolve_one(target.graph_with(rows), applied_ids(rows), argument);
  }
  std::erase_if(records, [&](const KeptRecord& record) { return record.revision != id; });
  return records;
}

/// The one number that a query answers; nothing where the table is not there or the engine cannot tell.
std::optional<long long> number(Session& session, const std::string& sql) {
  try {
    const auto result = session.connection().query(sql);
    if (!result.rows.empty() && result.rows[0].at(0)) return std::atoll(result.rows[0].at(0)->c_str());
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::statement) throw;
  }
  return std::nullopt;
}

std::string shown_bytes(long long bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1000);
  return fmt::format("{} MB", bytes / 1'000'000);
}

}  // namespace

int run_kept(Context& context) {
  auto& target = context.target();
  auto& session = target.session();
  auto list = Json::array();
  for (const auto& record : records_asked_for(context)) {
    const auto object = record.text(session.server().default_schema);
    const auto rows = number(session, "SELECT COUNT(*) FROM " + session.dialect().sql().quote_name(record.kept));
    const auto bytes = number(session, session.dialect().keep().bytes_sql(record.kept));
    const bool left = record.state == KeptRecord::State::left;
    if (context.output.json()) {
      Json json{{"revision", record.revision}, {"object", object}, {"kind", to_text(record.kind)}, {"state", left ? "left" : "kept"}, {"table", record.kept.text()},
                {"rows", nullptr}, {"bytes", nullptr}, {"kept_at", record.kept_at}, {"until", record.until}};
      if (rows) json["rows"] = *rows;
      if (bytes) json["bytes"] = *bytes;
      list.push_back(std::move(json));
      continue;
    }
    context.output.line(fmt::format("{}  {:<8} {:<30} {:>10} {:>9}  until {}{}  ({})", record.revision, to_text(record.kind), object,
                                    rows ? plural(static_cast<std::size_t>(*rows), "row") : "not there", bytes ? shown_bytes(*bytes) : "", record.until.empty() ? "purged" : record.until,
                                    left ? ", not put back" : "", record.kept.name));
    list.push_back(0);
  }
  if (context.output.json()) context.output.line(list.dump(2, ' ', false, Json::error_handler_t::replace));
  else if (list.empty()) context.output.note("nothing is kept");
  return 0;
}

int run_purge(Context& context) {
  auto& target = context.target();
  auto records = records_asked_for(context);
  if (context.arguments.has("older-than")) {
    const auto word = context.arguments.get("older-than");
    const auto time = parse_duration(word);
    if (!time) throw Error{ErrorKind::usage, "--older-than cannot be '" + word + "'", "a time such as 30d or 12h"};
    const auto limit = time_after(now_utc(), -*time);
    std::erase_if(records, [&](const KeptRecord& record) { return record.kept_at > limit; });
  }
  const auto tell = [&](const char* what) {
    if (context.output.json()) {
      auto list = Json::array();
      for (const auto& record : records) list.push_back({{"revision", record.revision}, {"object", record.text(target.session().server().default_schema)}, {"table", record.kept.text()}});
      context.output.line(list.dump(2, ' ', false, Json::error_handler_t::replace));
      return;
    }
    for (const auto& record : records) context.output.line(fmt::format("{} {}  {} ({})", what, record.revision, record.text(target.session().server().default_schema), record.kept.name));
    if (records.empty()) context.output.note("nothing to purge");
  };
  if (context.arguments.has("dry-run") || records.empty()) {
    tell("would purge");
    return 0;
  }
  context.confirm(fmt::format("Let go of {} on {}? A downgrade cannot put it back any more.", plural(records.size(), "kept thing"), target.url().display()));
  EventPrinter events(context.output);
  run_locked(target.session(), target.run_options(context.arguments.get("lock-timeout")), events, [&](const std::vector<VersionRow>&) {
    std::vector<std::string> sql;
    for (const auto& record : records) {
      for (auto& one : forget_kept_sql(target.versions(), record)) sql.push_back(std::move(one));
      sql.push_back(log_kept_sql(target.versions(), record, "purge", now_utc(), who_runs()));
    }
    return sql;
  });
  tell("purged");
  return 0;
}

}  // namespace migrate::cli
