// migrate sync: a database made the same as another, or compared with it
#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/transfer_output.hpp"
#include "core/text.hpp"
#include "transfer/masks.hpp"
#include "transfer/sync.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Rows that are named on the terminal.
constexpr std::size_t most_shown = 20;

std::string counted(const TableDifference& table) {
  return fmt::format("{}: {} only in the source, {} only in the target, {} different", table.table, table.only_source, table.only_target, table.different);
}

void print_json(const Output& output, const SyncReport& report, bool dry_run) {
  Json json{{"from", report.source}, {"to", report.target}, {"dry_run", dry_run}, {"changes", report.changes}, {"statements", report.statements}};
  json["tables"] = Json::array();
  for (const auto& table : report.tables) {
    json["tables"].push_back({{"table", table.table}, {"only_source", table.only_source}, {"only_target", table.only_target}, {"different", table.different}});
  }
  json["differing"] = report.differing;
  json["lost"] = Json::array();
  for (const auto& loss : report.losses) json["lost"].push_back({{"object", loss.object}, {"what", loss.what}, {"left_out", loss.left_out}});
  json["rejected"] = Json::array();
  for (const auto& row : report.rejected) json["rejected"].push_back({{"table", row.table}, {"key", row.key}, {"column", row.column}, {"value", row.value}, {"why", row.why}});
  output.text(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void print(const Output& output, const SyncReport& report, bool dry_run) {
  if (output.json()) {
    print_json(output, report, dry_run);
    return;
  }
  for (const auto& change : report.changes) output.line(change);
  for (const auto& table : report.tables) {
    if (table.any()) output.line(counted(table));
  }
  for (std::size_t i = 0; dry_run && i < std::min(report.differing.size(), most_shown); ++i) output.line("  " + report.differing[i]);
  if (dry_run && report.differing.size() > most_shown) output.line("  ... (--json has more of them)");
  for (const auto& loss : report.losses) output.note((loss.left_out ? "left out: " : "changed: ") + loss.text());
  for (const auto& row : report.rejected) output.note("rejected: " + row.text());
  if (report.same()) output.note(fmt::format("no difference between {} and {}", report.source, report.target));
}

}  // namespace

int run_sync(Context& context) {
  auto& project = context.project_or_none();
  SyncOptions options{.copy = copy_options(context), .renames = rename_options(context)};
  options.delete_rows = !context.arguments.has("no-delete");
  options.dry_run = context.arguments.has("dry-run");
  Target source(project, context.arguments.at(0));
  source.only_look();
  if (!options.dry_run && !context.arguments.has("no-mask") && !project_masks(source).empty()) {
    throw Error{ErrorKind::usage, "the project declares masks, and sync brings values as they are", "`migrate copy` masks them; --no-mask says that they shall go as they are"};
  }
  Target target(project, context.arguments.at(1));
  if (options.dry_run) target.only_look();
  CopyPrinter printer(context.output);
  const auto report = sync_databases(source, target, options, printer);
  print(context.output, report, options.dry_run);
  if (options.dry_run) return report.same() ? 0 : 3;
  return report.rejected.empty() ? 0 : 3;
}

}  // namespace migrate::cli
