// migrate stamp, verify, repair, resume: the versions table is set right
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/events.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "core/version.hpp"
#include "library/hooks.hpp"
#include "revision/argument.hpp"
#include "revision/plan.hpp"

namespace migrate::cli {
namespace {

VersionRow stamped_row(Project& project, const std::string& id) {
  const auto* file = project.unit(id);
  return {.revision = id, .message = file->revision.message, .checksum = project.checksum_of(*file), .state = RowState::applied,
          .applied_at = now_utc(), .applied_by = who_runs(), .tool_version = tool_version()};
}

std::string way_back(Target& target, const std::string& id) {
  auto& project = target.project();
  const auto* file = project.unit(id);
  if (file->format != UnitFormat::sql) return kept_downgrade(file->revision, "", true);
  const auto unit = project.parse(*file);
  const auto engines = target.sections();
  const bool back = is_reversible(unit, engines);
  return kept_downgrade(unit.revision, back ? section_for(unit, Direction::downgrade, engines).text : "", !back);
}

}  // namespace

int run_stamp(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  const auto& graph = project.graph();
  const auto& versions = target.versions();
  StampPlan plan;
  EventPrinter events(context.output);
  auto options = target.run_options(context.arguments.get("lock-timeout"));
  options.keep_schema = target.schema_keeper();
  run_locked(target.session(), options, events, [&](const std::vector<VersionRow>& rows) {
    Ids there;
    for (const auto& row : rows) there.push_back(row.revision);
    const bool purge = context.arguments.has("purge");
    plan = stamp_plan(graph, applied_ids(rows), context.arguments.positional, purge);
    if (purge) {
      // What no unit here describes goes too.
      for (const auto& id : graph.unknown(there)) plan.remove.push_back(id);
    }
    std::vector<std::string> sql;
    const auto log = [&](const char* action, const std::string& id) {
      sql.push_back(versions.log_sql({action, id, "done", now_utc(), who_runs(), 0, tool_version()}));
    };
    for (const auto& id : plan.remove) {
      sql.push_back(versions.delete_sql(id));
      log("unstamp", id);
    }
    for (const auto& row : rows) {
      // A row that was cut off is settled by stamping: the person says what is true.
      if (row.state != RowState::applied && std::find(plan.remove.begin(), plan.remove.end(), row.revision) == plan.remove.end()) sql.push_back(versions.delete_sql(row.revision));
    }
    for (const auto& id : plan.add) {
      sql.push_back(versions.insert_sql(stamped_row(project, id), way_back(target, id)));
      log("stamp", id);
    }
    return sql;
  });
  for (const auto& id : plan.remove) context.output.line("unstamped " + id);
  for (const auto& id : plan.add) context.output.line("stamped " + title(*graph.find(id)));
  if (plan.remove.empty() && plan.add.empty()) context.output.note("nothing to do");
  return 0;
}

int run_verify(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  const auto& graph = project.graph();
  std::vector<SumFinding> findings;
  const auto file = project.sum_file();
  const auto entries = project.sum_entries();
  const bool update = context.arguments.has("update");
  if (path_exists(file) && !update) {
    findings = verify_sum(parse_sum(read_file(file), file.string()), graph, entries, file.string());
  } else {
    findings = verify_sum({}, graph, entries, file.string());
    std::erase_if(findings, [](const SumFinding& finding) { return finding.kind != SumFinding::Kind::several_heads; });
    if (!graph.empty()) {
      findings.push_back({SumFinding::Kind::unlisted_unit, "", "there is no " + file.filename().string(), "write it with `migrate verify --update`", {file.string()}});
    }
  }
  if (update) {
    project.write_sum();
    context.output.note("wrote " + shown_path(file.string()));
    std::erase_if(findings, [](const SumFinding& finding) { return finding.kind != SumFinding::Kind::several_heads; });
  }
  // Every unit must be sound, for every engine, before somebody meets it at night.
  for (const auto& unit : project.units()) {
    if (unit.format == UnitFormat::sql) (void)project.parse(unit);
  }
  if (!context.arguments.has("offline") && target.has_database()) {
    const auto rows = target.read_rows();
    for (const auto& row : rows) {
      const auto* unit = project.unit(row.revision);
      if (is_repeatable_id(row.revision)) continue;
      if (unit == nullptr) {
        findings.push_back({SumFinding::Kind::missing_unit, row.revision, "the database has the revision " + row.revision + ", which has no unit here", "restore its file", {}});
      } else if (!row.checksum.empty() && row.checksum != project.checksum_of(*unit)) {
        findings.push_back({SumFinding::Kind::edited, row.revision, "the unit " + title(unit->revision) + " was edited after it was applied",
                            "restore the file, or `migrate repair --accept " + row.revision + "`", {unit->path.string()}});
      }
    }
    for (const auto& [below, above] : out_of_order(graph, applied_ids(rows))) {
      findings.push_back({SumFinding::Kind::graph_changed, below, title(*graph.find(below)) + " is not applied, but " + above + ", which needs it, is",
                          "migrate upgrade --allow-out-of-order", graph.find(below)->location});
    }
  }
  if (context.output.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& finding : findings) list.push_back({{"revision", finding.revision}, {"message", finding.message}, {"hint", finding.hint}, {"file", finding.location.file}, {"line", finding.location.line}});
    context.output.line(list.dump(2));
  } else {
    for (const auto& finding : findings) {
      const auto place = finding.location.known() ? shown_path(finding.location.file) + (finding.location.line > 0 ? ":" + std::to_string(finding.location.line) : "") + ": " : "";
      context.output.line(place + finding.message);
      if (!finding.hint.empty()) context.output.line("  hint: " + finding.hint);
    }
    if (findings.empty()) context.output.line(fmt::format("{} verified, no finding", plural(static_cast<std::size_t>(graph.size()), "unit")));
  }
  return findings.empty() ? 0 : 3;
}

int run_repair(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  const auto accepted = context.arguments.all("accept");
  if (accepted.empty()) throw Error{ErrorKind::usage, "say what to repair", "migrate repair --accept REV takes an edited unit as it is now"};
  const auto& versions = target.versions();
  EventPrinter events(context.output);
  std::vector<std::string> done;
  run_locked(target.session(), target.run_options(context.arguments.get("lock-timeout")), events, [&](const std::vector<VersionRow>& rows) {
    std::vector<std::string> sql;
    for (const auto& argument : accepted) {
      for (const auto& id : resolve(project.graph(), applied_ids(rows), argument)) {
        const auto* file = project.unit(id);
        const bool applied = std::any_of(rows.begin(), rows.end(), [&](const VersionRow& row) { return row.revision == id; });
        if (!applied) throw Error{ErrorKind::usage, title(file->revision) + " is not applied: there is nothing to repair"};
        sql.push_back(versions.checksum_sql(id, project.checksum_of(*file)));
        sql.push_back(versions.log_sql({"repair", id, "done", now_utc(), who_runs(), 0, tool_version()}));
        done.push_back(id);
      }
    }
    return sql;
  });
  project.write_sum();
  for (const auto& id : done) context.output.line("accepted " + title(*project.graph().find(id)) + " as it is now");
  return 0;
}

namespace {

/// The step of a row that was cut off, with the statements that its record counts.
Step step_of(Target& target, const VersionRow& row, const RunOptions& options) {
  auto step = target.step(row.revision, row.state == RowState::upgrading ? Direction::upgrade : Direction::downgrade);
  add_hooks(step, target.hooks());
  prepare_step(step, options, target.session());
  return step;
}

bool is_in_doubt(const VersionRow& row) { return row.state != RowState::applied && read_progress(row.fingerprint).in_doubt; }

/// Without an answer: what the question is.
int tell_doubt(Context& context, const RunOptions& options) {
  auto& target = context.target();
  for (const auto& row : target.read_rows()) {
    if (!is_in_doubt(row)) continue;
    const auto step = step_of(target, row, options);
    const auto index = static_cast<std::size_t>(std::max(0, row.statement));
    const bool known = index < step.statements.size();
    throw Error{ErrorKind::needs_person,
                fmt::format("{} of {} was cut off at statement {}{}", to_text(step.direction), title(step.revision), row.statement + 1,
                            known ? ":\n    " + step.statements[index].text : ""),
                read_progress(row.fingerprint).visible
                    ? "run the same command as before: the catalog tells whether it took effect"
                    : "look at the database, then run `migrate resume --applied` if it took effect, or `migrate resume --not-applied` if it did not",
                known ? step.statements[index].location : step.revision.location};
  }
  context.output.line("no statement is in doubt");
  return 0;
}

}  // namespace

int run_resume(Context& context) {
  auto& target = context.target();
  const bool applied = context.arguments.has("applied");
  const auto options = target.run_options(context.arguments.get("lock-timeout"));
  if (applied == context.arguments.has("not-applied")) {
    if (!applied) return tell_doubt(context, options);
    throw Error{ErrorKind::usage, "say one of both: did the statement in doubt take effect?", "migrate resume --applied, or migrate resume --not-applied"};
  }
  EventPrinter events(context.output);
  std::string told;
  run_locked(target.session(), options, events, [&](const std::vector<VersionRow>& rows) {
    std::vector<std::string> sql;
    for (const auto& row : rows) {
      if (!is_in_doubt(row)) continue;
      const auto step = step_of(target, row, options);
      sql = resume_sql(target.versions(), row, step, applied ? Doubt::applied : Doubt::not_applied);
      sql.push_back(target.versions().log_sql({"resume", row.revision, applied ? "statement applied" : "statement not applied", now_utc(), who_runs(), 0, tool_version()}));
      told = fmt::format("statement {} of {} counts as {}; now run the same {} again", row.statement + 1, row.revision, applied ? "applied" : "not applied",
                         row.state == RowState::upgrading ? "upgrade" : "downgrade");
      break;
    }
    return sql;
  });
  context.output.line(told.empty() ? "no statement is in doubt" : told);
  return 0;
}

}  // namespace migrate::cli
