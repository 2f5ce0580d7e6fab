#include "transfer/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/html.hpp"

namespace migrate {
namespace {

using Json = nlohmann::ordered_json;

std::string row(std::initializer_list<std::string> cells, const char* tag = "td") {
  std::string out = "<tr>";
  for (const auto& cell : cells) out += fmt::format("<{0}>{1}</{0}>", tag, html_text(cell));
  return out + "</tr>\n";
}

std::string section(const std::string& title, const std::string& body) { return body.empty() ? "" : fmt::format("<h2>{}</h2>\n<table>\n{}</table>\n", html_text(title), body); }

constexpr std::string_view style =
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222;background:#fff}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.bad{color:#a00}.good{color:#070}"
    "@media (prefers-color-scheme:dark){body{color:#ddd;background:#161616}td,th{border-color:#444}}";

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
  std::string tables = row({"table", "rows read", "written", "rejected", "bytes", "seconds", "verified", "differences"}, "th");
  for (const auto& table : report.tables) {
    tables += row({table.table + (table.target == table.table ? "" : " \u2192 " + table.target), std::to_string(table.read), std::to_string(table.written), std::to_string(table.rejected),
                   std::to_string(table.bytes), fmt::format("{:.2f}", table.seconds), table.verified.empty() ? "no" : table.verified, std::to_string(table.differences)});
  }
  std::string out_of_it;
  std::string lost;
  for (const auto& loss : report.losses) (loss.left_out ? out_of_it : lost) += row({loss.object, loss.what});
  std::string rejected;
  for (const auto& one : report.rejected) rejected += row({one.table, one.key, one.column, one.value, one.why});
  std::string differing;
  for (const auto& one : report.differing) differing += row({one});
  std::string notes;
  for (const auto& note : report.notes) notes += row({note});
  return fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>migrate copy</title><style>{}</style></head><body>\n"
                     "<h1>{} \u2192 {}</h1>\n<p class=\"{}\">{}, {:.1f} s{}</p>\n{}{}{}{}{}{}</body></html>\n",
                     style, html_text(report.source), html_text(report.target), report.complete() ? "good" : "bad",
                     report.complete() ? "everything arrived" : "not everything arrived", report.seconds, report.resumed ? ", gone on with after a run that was cut off" : "",
                     section("Tables", tables), section("Left out", out_of_it), section("Changed on the way", lost), section("Rows that did not arrive", rejected),
                     section("Rows that differ", differing), section("Notes", notes));
}

}  // namespace migrate
