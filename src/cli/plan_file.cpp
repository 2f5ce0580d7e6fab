#include "cli/plan_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "core/version.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format = "migrate plan v1";

Json steps_to_json(const Project& project, const std::vector<Step>& steps) {
  const auto place = [&](const std::string& file) {
    const auto path = std::filesystem::path(file).lexically_relative(project.config().folder);
    return path.empty() ? file : path.string();
  };
  Json list = Json::array();
  for (const auto& step : steps) {
    Json statements = Json::array();
    for (const auto& statement : step.statements) {
      statements.push_back({{"sql", statement.text}, {"file", place(statement.location.file)}, {"line", statement.location.line}, {"column", statement.location.column}});
    }
    list.push_back({{"revision", step.revision.id}, {"message", step.revision.message}, {"checksum", step.checksum},
                    {"transaction", step.transaction}, {"statements", statements}, {"downgrade", step.downgrade}});
  }
  return list;
}

Json content(const Project& project, const PlanFile& plan) {
  Json from = Json::array();
  for (const auto& [id, checksum] : plan.from) from.push_back({{"revision", id}, {"checksum", checksum}});
  return {{"database", {{"engine", plan.engine}, {"host", plan.host}, {"port", plan.port}, {"name", plan.database}, {"versions_table", plan.versions_table}}},
          {"from", from}, {"steps", steps_to_json(project, plan.steps)}};
}

std::string digest_of(const Json& content) { return sha256(content.dump()); }

std::vector<Step> steps_from_json(const Json& list, const Project& project) {
  std::vector<Step> steps;
  for (const auto& json : list) {
    Step step{.revision = {}, .direction = Direction::upgrade, .checksum = json.at("checksum"), .statements = {}, .downgrade = json.at("downgrade"),
              .transaction = json.at("transaction")};
    step.revision.id = json.at("revision");
    step.revision.message = json.at("message");
    for (const auto& statement : json.at("statements")) {
      const std::string file = statement.at("file");
      step.statements.push_back({statement.at("sql"), {file.empty() ? file : (project.config().folder / file).lexically_normal().string(), statement.at("line"), statement.at("column")}});
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

void check_database(const PlanFile& plan, const PlanFile& here) {
  const auto name = [](const PlanFile& of) { return of.engine + "://" + of.host + (of.port == 0 ? "" : ":" + std::to_string(of.port)) + "/" + of.database + " (" + of.versions_table + ")"; };
  if (name(plan) == name(here)) return;
  throw Error{ErrorKind::usage, "the plan is for " + name(plan) + ", not for " + name(here), "make one for this database with `migrate upgrade --to-plan FILE`"};
}

[[noreturn]] void refuse_start(const std::string& what) {
  throw Error{ErrorKind::failed, "the database is not where the plan starts: " + what, "look at it, and make a new plan with `migrate upgrade --to-plan FILE`"};
}

}  // namespace

PlanFile make_plan(Target& target, const std::vector<VersionRow>& rows, std::vector<Step> steps) {
  auto& project = target.project();
  const auto& url = target.url();
  PlanFile plan{.digest = {}, .engine = url.scheme, .host = url.host, .port = url.port, .database = database_name(url, project.config().folder),
                .versions_table = project.config().versions_table, .from = {}, .steps = std::move(steps)};
  for (const auto& row : rows) {
    if (row.state != RowState::applied) {
      throw Error{ErrorKind::needs_person, fmt::format("{} was cut off after {}", row.revision, plural(static_cast<std::size_t>(row.statement), "statement")),
                  "finish it first; a plan starts between revisions"};
    }
    plan.from.emplace_back(row.revision, row.checksum);
  }
  std::sort(plan.from.begin(), plan.from.end());
  plan.digest = digest_of(content(project, plan));
  return plan;
}

std::string plan_text(const Project& project, const PlanFile& plan) {
  Json json{{"format", format}, {"written", now_utc()}, {"written_by", who_runs()}, {"tool_version", tool_version()}, {"digest", plan.digest}};
  json.update(content(project, plan));
  return json.dump(2) + "\n";
}

PlanFile read_plan(const std::filesystem::path& file, const Project& project) {
  PlanFile plan;
  try {
    const auto json = Json::parse(read_file(file));
    if (json.at("format") != format) throw Error{ErrorKind::usage, "the plan is of another format than this version reads: " + json.at("format").dump(), "", {file.string()}};
    const auto& database = json.at("database");
    plan.digest = json.at("digest");
    plan.engine = database.at("engine");
    plan.host = database.at("host");
    plan.port = database.at("port");
    plan.database = database.at("name");
    plan.versions_table = database.at("versions_table");
    for (const auto& row : json.at("from")) plan.from.emplace_back(row.at("revision"), row.at("checksum"));
    plan.steps = steps_from_json(json.at("steps"), project);
  } catch (const nlohmann::json::exception& error) {
    throw Error{ErrorKind::usage, std::string("this is not a plan: ") + error.what(), "write one with `migrate upgrade --to-plan FILE`", {file.string()}};
  }
  if (digest_of(content(project, plan)) != plan.digest) {
    throw Error{ErrorKind::usage, "the plan was edited after it was written", "change the units and write a new plan with `migrate upgrade --to-plan FILE`", {file.string()}};
  }
  return plan;
}

std::vector<Step> remaining_steps(Target& target, const PlanFile& plan, const std::vector<VersionRow>& rows) {
  auto& project = target.project();
  check_database(plan, make_plan(target, {}, {}));
  std::map<std::string, const VersionRow*> now;
  for (const auto& row : rows) now.emplace(row.revision, &row);
  for (const auto& [id, checksum] : plan.from) {
    const auto it = now.find(id);
    if (it == now.end()) refuse_start(id + " is not applied");
    if (it->second->state != RowState::applied) refuse_start(id + " was cut off");
    if (it->second->checksum != checksum) refuse_start(id + " was applied from another text");
    now.erase(it);
  }
  std::vector<Step> steps;
  for (const auto& step : plan.steps) {
    const auto& id = step.revision.id;
    const auto it = now.find(id);
    if (it != now.end()) {
      const auto& row = *it->second;
      // What this very plan has done is no other start: another process runs it too, or an earlier run was cut off.
      if (row.checksum != step.checksum || row.applied_by.find(plan.mark()) == std::string::npos) refuse_start(id + " is applied already");
      const bool done = row.state == RowState::applied;
      now.erase(it);
      if (done) continue;
    }
    const auto* unit = project.unit(id);
    if (unit == nullptr) throw Error{ErrorKind::failed, "the unit " + id + " of the plan is not here", "take the plan and the units from the same release"};
    if (project.checksum_of(*unit) != step.checksum) {
      throw Error{ErrorKind::failed, "the unit " + title(unit->revision) + " is not the one that was planned", "restore its file, or make a new plan with `migrate upgrade --to-plan FILE`",
                  {unit->path.string()}};
    }
    steps.push_back(step);
    steps.back().revision = unit->revision;
  }
  if (!now.empty()) refuse_start(now.begin()->first + " is applied");
  return steps;
}

}  // namespace migrate::cli
