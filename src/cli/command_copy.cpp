// migrate copy: a database made a copy of another
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/transfer_output.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "transfer/masks.hpp"

namespace migrate::cli {

CopyOptions copy_options(Context& context) {
  const auto& arguments = context.arguments;
  CopyOptions options;
  for (const auto& list : arguments.all("tables")) {
    for (auto& glob : split(list, ',')) options.tables.push_back(std::move(glob));
  }
  const auto kinds = [&](const std::string& option) {
    std::set<CopyKind> set;
    for (const auto& list : arguments.all(option)) {
      for (const auto& word : split(list, ',')) {
        const auto& known = copy_kinds();
        const auto found = std::find_if(known.begin(), known.end(), [&](const auto& kind) { return kind.first == word; });
        if (found != known.end()) {
          set.insert(found->second);
          continue;
        }
        std::vector<std::string> names;
        for (const auto& [name, kind] : known) names.push_back(name);
        throw Error{ErrorKind::usage, "--" + option + " cannot be '" + word + "'", did_you_mean(word, names)};
      }
    }
    return set;
  };
  options.kinds = kinds("only");
  if (options.kinds.empty()) {
    for (const auto& [name, kind] : copy_kinds()) options.kinds.insert(kind);
  }
  for (const auto kind : kinds("without")) options.kinds.erase(kind);
  for (const auto& text : arguments.all("subset")) options.subset.push_back(parse_subset(text));
  for (const auto& list : arguments.all("children")) {
    for (auto& name : split(list, ',')) options.children.insert(std::move(name));
  }
  if (const auto rows = arguments.get("rows"); !rows.empty()) {
    if (rows.size() > 12 || rows.find_first_not_of("0123456789") != std::string::npos) throw Error{ErrorKind::usage, "--rows cannot be '" + rows + "'", "how many rows of each table"};
    options.rows = std::stoll(rows);
  }
  if (!options.children.empty() && !options.is_subset()) throw Error{ErrorKind::usage, "--children goes with --subset or --rows"};
  const auto on_error = arguments.get("on-error", "stop");
  if (on_error != "stop" && on_error != "report") throw Error{ErrorKind::usage, "--on-error cannot be '" + on_error + "'", "stop or report"};
  options.report_errors = on_error == "report";
  const auto verify = arguments.get("verify", "full");
  if (verify != "full" && verify != "counts" && verify != "none") throw Error{ErrorKind::usage, "--verify cannot be '" + verify + "'", "full, counts or none"};
  options.verify = verify == "full" ? Verify::full : verify == "counts" ? Verify::counts : Verify::none;
  if (const auto jobs = arguments.get("jobs"); !jobs.empty()) {
    options.jobs = jobs.size() < 4 && jobs.find_first_not_of("0123456789") == std::string::npos ? std::stoi(jobs) : 0;
    if (options.jobs < 1) throw Error{ErrorKind::usage, "--jobs cannot be '" + jobs + "'", "a number from 1 to 999"};
  }
  options.replace = arguments.has("replace");
  options.confirm = [&context](const std::string& question) { context.confirm(question); };
  return options;
}

void add_masks(Context& context, Target& source, CopyOptions& options) {
  const auto& config = context.project_or_none().config();
  if (context.arguments.has("mask") && context.arguments.has("no-mask")) throw Error{ErrorKind::usage, "--mask and --no-mask are opposites"};
  if (context.arguments.has("no-mask")) return;
  options.masks = project_masks(source);
  if (options.masks.empty() && context.arguments.has("mask")) {
    throw Error{ErrorKind::usage, "there are no masks", "say `mask: hash` of a column in the model, or name a file with masks in migrate.yaml: `masks: masks.yaml`"};
  }
  options.mask_key = mask_key(config);
  if (options.mask_key.empty() && !options.masks.empty()) {
    throw Error{ErrorKind::usage, "masks need a secret key", "set MASK_KEY, or `mask_key: \"${VARIABLE}\"` in migrate.yaml; the same key gives the same values again"};
  }
}

void write_report(Context& context, const CopyReport& report) {
  const auto file = context.arguments.get("report");
  if (file.empty()) return;
  const bool html = file.ends_with(".html") || file.ends_with(".htm");
  if (context.output.file(file, html ? report_html(report) : report_json(report))) context.output.note("wrote " + file);
}

namespace {

using Json = nlohmann::ordered_json;

std::string one_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string size_text(long long bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

int print_plan(Context& context, const CopyReport& report) {
  const auto& output = context.output;
  if (output.json()) {
    output.text(report_json(report));
  } else {
    for (const auto& table : report.tables) output.line(fmt::format("{}  {}{}", table.table, plural(static_cast<std::size_t>(table.read), "row"), table.target == table.table ? "" : "  as " + table.target));
    for (const auto& loss : report.losses) output.line((loss.left_out ? "left out: " : "changed: ") + loss.text());
  }
  return report.tables.empty() && report.losses.empty() ? 0 : 3;
}

}  // namespace

void CopyPrinter::phase(const std::string& what) {
  if (output_.json()) output_.line(one_line({{"event", "phase"}, {"phase", what}}));
  else output_.progress(what);
}

void CopyPrinter::rows_moved(const std::string& table, long long rows, long long bytes) {
  auto& so_far = moved_[table];
  so_far.first += rows;
  so_far.second += bytes;
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < std::chrono::milliseconds(200)) return;
  told_ = now;
  if (output_.json()) output_.line(one_line({{"event", "progress"}, {"table", table}, {"rows", so_far.first}, {"bytes", so_far.second}}));
  else {
    const auto seconds = std::chrono::duration<double>(now - start_).count();
    output_.progress(fmt::format("{}: {} rows, {}, {:.0f} s", table, so_far.first, size_text(so_far.second), seconds));
  }
}

void CopyPrinter::table_done(const TableReport& table) {
  if (output_.json()) {
    output_.line(one_line({{"event", "table"}, {"table", table.table}, {"read", table.read}, {"written", table.written}, {"rejected", table.rejected}, {"bytes", table.bytes},
                           {"seconds", table.seconds}, {"verified", table.verified}, {"differences", table.differences}}));
    return;
  }
  if (output_.style().quiet) return;
  auto line = fmt::format("{}  {}  {}  {:.1f} s", table.table, plural(static_cast<std::size_t>(table.written), "row"), size_text(table.bytes), table.seconds);
  if (table.rejected != 0) line += output_.bad(fmt::format("  {} rejected", table.rejected));
  if (table.differences != 0) line += output_.bad(fmt::format("  {} differ", table.differences));
  else if (!table.verified.empty()) line += output_.good(table.verified == "full" ? "  verified" : "  counted");
  output_.line(line);
}

void CopyPrinter::note(const std::string& text) {
  if (output_.json()) output_.line(one_line({{"event", "notice"}, {"text", text}}));
  else output_.note(text);
}

void print_losses(const Output& output, const CopyReport& report) {
  if (output.json()) {
    for (const auto& loss : report.losses) output.line(one_line({{"event", loss.left_out ? "left_out" : "changed"}, {"object", loss.object}, {"what", loss.what}}));
    for (const auto& row : report.rejected) {
      output.line(one_line({{"event", "rejected"}, {"table", row.table}, {"key", row.key}, {"column", row.column}, {"value", row.value}, {"why", row.why}}));
    }
    for (const auto& row : report.differing) output.line(one_line({{"event", "differs"}, {"row", row}}));
    return;
  }
  for (const auto& loss : report.losses) output.note((loss.left_out ? "left out: " : "changed: ") + loss.text());
  for (const auto& row : report.rejected) output.note("rejected: " + row.text());
  for (const auto& row : report.differing) output.note("differs: " + row);
}

int run_copy(Context& context) {
  auto& project = context.project_or_none();
  auto options = copy_options(context);
  Target source(project, context.arguments.at(0));
  source.only_look();
  add_masks(context, source, options);
  Target target(project, context.arguments.at(1));
  if (context.arguments.has("dry-run")) {
    target.only_look();
    return print_plan(context, plan_copy(source, target, options));
  }
  CopyPrinter printer(context.output);
  const auto report = copy_database(source, target, options, printer);
  print_losses(context.output, report);
  write_report(context, report);
  const bool differs = !report.differing.empty() || std::any_of(report.tables.begin(), report.tables.end(), [](const TableReport& table) { return table.differences != 0; });
  const bool failed = differs || !report.rejected.empty() || (options.report_errors && !report.complete());
  if (context.output.json()) context.output.line(one_line({{"event", "copied"}, {"complete", report.complete()}, {"seconds", report.seconds}}));
  return failed ? 3 : 0;
}

}  // namespace migrate::cli
