#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "core/text.hpp"
#include "library/page.hpp"
#include "rehearse/rehearse.hpp"

namespace migrate {
namespace {

using Json = nlohmann::ordered_json;

std::string place(const Location& location) { return location.line > 0 ? fmt::format("{}:{}", location.file, location.line) : location.file; }

std::string_view who_waits(Waits waits) { return waits == Waits::everybody ? "everybody" : waits == Waits::writers ? "writers" : "nobody"; }

Json statement_json(const MeasuredStatement& statement) {
  const auto number = [](const std::optional<long long>& value) { return value ? Json(*value) : Json(); };
  Json json{{"revision", statement.revision}, {"direction", to_text(statement.direction)}, {"file", statement.location.file}, {"line", statement.location.line},
            {"milliseconds", statement.time.count()}, {"rows", number(statement.rows)}, {"log_bytes", number(statement.log_bytes)}};
  json["locks"] = Json::array();
  for (const auto& lock : statement.locks) {
    json["locks"].push_back({{"table", lock.table.empty() ? Json() : Json(lock.table)}, {"mode", lock.mode}, {"waits", who_waits(lock.waits)}, {"milliseconds", lock.time.count()}});
  }
  json["rewrites"] = Json::array();
  for (const auto& rewrite : statement.rewrites) json["rewrites"].push_back({{"table", rewrite.table}, {"bytes", number(rewrite.bytes)}});
  json["sql"] = statement.sql;
  return json;
}

}  // namespace

std::string rehearsal_json(const Rehearsal& rehearsal) {
  Json json{{"source", rehearsal.source}, {"copy", rehearsal.copy}, {"upgraded", !rehearsal.failure.has_value()}};
  json["hazards"] = Json::array();
  for (const auto& hazard : rehearsal.hazards) {
    json["hazards"].push_back({{"kind", hazard.kind}, {"revision", hazard.revision}, {"file", hazard.location.file}, {"line", hazard.location.line}, {"text", hazard.text}});
  }
  json["statements"] = Json::array();
  for (const auto& statement : rehearsal.statements) {
    json["statements"].push_back(statement_json(statement));
  }
  json["notes"] = rehearsal.notes;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<PageTable> rehearsal_tables(const Rehearsal& rehearsal) {
  PageTable hazards{.id = "hazards", .title = "Hazards", .columns = {"kind", "revision", "place", "what"}, .rows = {}};
  for (const auto& hazard : rehearsal.hazards) {
    hazards.rows.push_back({hazard.kind, hazard.revision, place(hazard.location), hazard.text});
    hazards.marks.emplace_back("bad");
  }
  PageTable statements{.id = "statements", .title = "Statements", .columns = {"revision", "direction", "place", "ms", "rows, locks, tables written anew", "log", "SQL"}, .rows = {}};
  for (const auto& statement : rehearsal.statements) {
    statements.rows.push_back({statement.revision, std::string(to_text(statement.direction)), place(statement.location), std::to_string(statement.time.count()),
                               join(describe_measures(statement), "; "), statement.log_bytes ? bytes_text(*statement.log_bytes) : "", statement.sql});
  }
  PageTable notes{.id = "notes", .title = "Notes", .columns = {"note"}, .rows = {}};
  for (const auto& note : rehearsal.notes) notes.rows.push_back({note});
  std::vector<PageTable> tables;
  for (auto* table : {&hazards, &statements, &notes}) {
    if (!table->rows.empty()) tables.push_back(std::move(*table));
  }
  return tables;
}

std::string rehearsal_html(const Rehearsal& rehearsal) {
  Page page{.title = "Rehearsal: " + rehearsal.source,
            .verdict = rehearsal.failure ? "The upgrade fails" : rehearsal.hazards.empty() ? "No hazards" : plural(rehearsal.hazards.size(), "hazard"),
            .good = rehearsal.hazards.empty(), .facts = {rehearsal.source, now_utc()}, .sections = {}, .body = {}, .data = {}};
  for (const auto& table : rehearsal_tables(rehearsal)) page.add(table);
  return page_html(page);
}

Rehearsal read_rehearsal(const std::string& json, const std::string& file) {
  Rehearsal rehearsal;
  try {
    const auto report = Json::parse(json);
    rehearsal.source = report.at("source");
    rehearsal.copy = report.at("copy");
    for (const auto& hazard : report.at("hazards")) {
      rehearsal.hazards.push_back({hazard.at("kind"), hazard.at("revision"), {hazard.at("file"), hazard.at("line"), 0}, hazard.at("text")});
    }
    for (const auto& statement : report.at("statements")) {
      rehearsal.statements.push_back({statement.at("revision"), statement.at("direction") == to_text(Direction::upgrade) ? Direction::upgrade : Direction::downgrade,
                                      {statement.at("file"), statement.at("line"), 0}, statement.at("sql"), std::chrono::milliseconds(statement.at("milliseconds").get<long long>())});
    }
    for (const auto& note : report.at("notes")) rehearsal.notes.push_back(note);
    if (!report.at("upgraded").get<bool>()) rehearsal.failure = Error{ErrorKind::failed, rehearsal.hazards.empty() ? "the upgrade failed" : rehearsal.hazards.front().text};
  } catch (const nlohmann::json::exception& error) {
    throw Error{ErrorKind::usage, std::string("this is no report of a rehearsal: ") + error.what(), "write one with `migrate rehearse --report FILE.json`", {file}};
  }
  return rehearsal;
}

}  // namespace migrate
