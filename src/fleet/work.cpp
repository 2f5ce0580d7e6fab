#include "fleet/work.hpp"

#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "dialect/run.hpp"
#include "fleet/run.hpp"
#include "revision/graph.hpp"

namespace migrate::fleet {

std::string revision_text(Target& target) {
  const auto rows = target.read_rows();
  if (rows.empty()) return "";
  const auto& graph = target.graph_with(rows);
  return join(graph.heads_of(graph.mark(applied_ids(rows))), ", ");
}

bool is_true(Project& project, const FleetTarget& target, const std::string& query) {
  Target there(project, target.url, target.schema);
  const auto result = there.session().connection().query(query);
  const auto value = result.rows.empty() || result.rows.front().empty() ? std::string() : lower(result.rows.front().front().value_or(""));
  return value == "1" || value == "t" || value == "true";
}

std::string outcome_line(Target& target, bool ask_limit) {
  nlohmann::ordered_json told{{"event", outcome_event}};
  try {
    told["revision"] = revision_text(target);
    auto& session = target.session();
    if (ask_limit) told["max_connections"] = session.dialect().run().max_connections(session.connection());
  } catch (const Error&) {  // what happened is said already
  }
  return told.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void load_units(Project& project) {
  Ids compiled;
  for (const auto& revision : project.graph().revisions()) compiled.push_back(revision.id);
  (void)project.compile(compiled);
}

}  // namespace migrate::fleet
