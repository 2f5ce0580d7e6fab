#include "transfer/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "library/page.hpp"

namespace migrate {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

bool CopyReport::complete() const {
  return rejected.empty() && differing.empty() && std::none_of(losses.begin(), losses.end(), [](const Loss& loss) { return loss.left_out; }) &&
         std::none_of(tables.begin(), tables.end(), [](const TableReport& table) { return table.differences != 0 || table.rejected != 0; });
}

std::string report_json(const CopyReport& report) {
  Json json{{"from", report.source}, {"to", report.target}, {"complete", report.complete()}, {"resumed", report.resumed}, {"seconds", report.seconds}};
  json["tables"] = Json::array();
  for (const auto& table : report.tables) {
    json["tables"].push_back({{"table", table.table}, {"target", table.target}, {"read", table.read}, {"written", table.written}, {"rejected", table.rejected},
                              {"bytes", table.bytes}, {"seconds", table.seconds}, {"verified", table.verified}, {"differences", table.differences}});
  }
  json["lost"] = Json::array();
  for (const auto& loss : report.losses) json["lost"].push_back({{"object", loss.object}, {"what", loss.what}, {"left_out", loss.left_out}});
  json["rejected"] = Json::array();
  for (const auto& row : report.rejected) json["rejected"].push_back({{"table", row.table}, {"key", row.key}, {"column", row.column}, {"value", row.value}, {"why", row.why}});
  json["differing"] = report.differing;
  json["notes"] = report.notes;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_html(const CopyReport& report) {
  PageTable tables{.id = "tables", .title = "Tables", .columns = {"table", "rows read", "written", "rejected", "bytes", "seconds", "verified", "differences"}, .rows = {}};
  for (const auto& table : report.tables) {
    tables.rows.push_back({table.table + (table.target == table.table ? "" : " \u2192 " + table.target), std::to_string(table.read), std::to_string(table.written), std::to_string(table.rejected),
                           std::to_string(table.bytes), fmt::format("{:.2f}", table.seconds), table.verified.empty() ? "no" : table.verified, std::to_string(table.differences)});
    tables.marks.push_back(table.rejected + table.differences > 0 ? "bad" : "");
  }
  PageTable left_out{.id = "left-out", .title = "Left out", .columns = {"object", "why"}, .rows = {}};
  PageTable changed{.id = "changed", .title = "Changed on the way", .columns = {"object", "what is lost"}, .rows = {}};
  for (const auto& loss : report.losses) (loss.left_out ? left_out : changed).rows.push_back({loss.object, loss.what});
  PageTable rejected{.id = "rejected", .title = "Rows that did not arrive", .columns = {"table", "key", "column", "value", "why"}, .rows = {}};
  for (const auto& one : report.rejected) rejected.rows.push_back({one.table, one.key, one.column, one.value, one.why});
  PageTable differing{.id = "differing", .title = "Rows that differ", .columns = {"row"}, .rows = {}};
  for (const auto& one : report.differing) differing.rows.push_back({one});
  PageTable notes{.id = "notes", .title = "Notes", .columns = {"note"}, .rows = {}};
  for (const auto& note : report.notes) notes.rows.push_back({note});

  Page page{.title = "Copy: " + report.source + " \u2192 " + report.target,
            .verdict = fmt::format("{}, {:.1f} s{}", report.complete() ? "Everything arrived" : "Not everything arrived", report.seconds, report.resumed ? ", gone on with after a run that was cut off" : ""),
            .good = report.complete(), .facts = {report.source, report.target, now_utc()}, .sections = {}, .body = {}, .data = {}};
  for (const auto* table : {&tables, &left_out, &changed, &rejected, &differing, &notes}) page.add(*table);
  return page_html(page);
}

}  // namespace migrate
