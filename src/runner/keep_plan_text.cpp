// A plan as text: remembered with the progress of a run, so that one that was cut off goes the same way again.
#include <nlohmann/json.hpp>

#include "runner/keep_plan.hpp"

namespace migrate {

using Names = std::vector<std::string>;

std::string write_plan(const KeepPlan& plan) {
  nlohmann::ordered_json json{{"records", write_kept(plan.records)}, {"ahead", plan.ahead}, {"fill", plan.fill},         {"catch_up", plan.catch_up}, {"instead", plan.instead},
                              {"replaced", plan.replaced},          {"together", plan.together}, {"prune", plan.prune}, {"cannot", plan.cannot}, {"beside", plan.beside}};
  for (const auto& range : plan.ranges) json["ranges"].push_back({range.table, range.target, range.key, range.columns});
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

KeepPlan read_plan(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text);
  KeepPlan plan;
  plan.records = read_kept(json.at("records").get<std::string>());
  plan.ahead = json.at("ahead").get<Names>();
  plan.fill = json.at("fill").get<Names>();
  plan.catch_up = json.at("catch_up").get<Names>();
  plan.instead = json.at("instead").get<Names>();
  plan.prune = json.at("prune").get<Names>();
  plan.replaced = json.at("replaced");
  plan.together = json.at("together");
  plan.cannot = json.at("cannot");
  plan.beside = json.at("beside");
  if (json.contains("ranges")) {
    for (const auto& range : json["ranges"]) plan.ranges.push_back({range.at(0), range.at(1), range.at(2).get<Names>(), range.at(3).get<Names>()});
  }
  return plan;
}

}  // namespace migrate
