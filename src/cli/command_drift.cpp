// migrate drift: what somebody changed by hand
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/drift.hpp"
#include "cli/events.hpp"
#include "core/clock.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "library/page.hpp"
#include "runner/run_lock.hpp"
#include "schema/rights.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

/// The lines that went ("- ") and came ("+ "), in order; longest common subsequence over what is left between the equal
/// beginning and end.
std::vector<std::string> changed_lines(const std::string& before, const std::string& after) {
  auto a = lines_of(before);
  auto b = lines_of(after);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.pop_back(), b.pop_back();
  std::size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  a.erase(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(same));
  b.erase(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(same));
  std::vector<std::string> out;
  if (a.size() * b.size() > 4'000'000) {
    for (const auto& line : a) out.push_back("- " + line);
    for (const auto& line : b) out.push_back("+ " + line);
    return out;
  }
  std::vector<std::vector<int>> length(a.size() + 1, std::vector<int>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t k = b.size(); k-- > 0;) length[i][k] = a[i] == b[k] ? length[i + 1][k + 1] + 1 : std::max(length[i + 1][k], length[i][k + 1]);
  }
  for (std::size_t i = 0, k = 0; i < a.size() || k < b.size();) {
    if (i < a.size() && k < b.size() && a[i] == b[k]) ++i, ++k;
    else if (k == b.size() || (i < a.size() && length[i + 1][k] >= length[i][k + 1])) out.push_back("- " + a[i++]);
    else out.push_back("+ " + b[k++]);
  }
  return out;
}

/// A text of one object without the head of its section.
std::string body(const std::string& text) { return text.empty() ? text : text.substr(std::min(text.find('\n'), text.size() - 1) + 1); }

std::vector<DriftedObject> compare_objects(const std::vector<KeptObject>& kept, const std::vector<KeptObject>& live) {
  std::map<std::string, const KeptObject*> before;
  for (const auto& object : kept) before.emplace(object.id, &object);
  std::vector<DriftedObject> out;
  for (const auto& object : live) {
    const auto it = before.find(object.id);
    if (it == before.end()) {
      out.push_back({object.kind, object.name, "", object.text});
      continue;
    }
    if (it->second->hash != object.hash) out.push_back({object.kind, object.name, it->second->text, object.text});
    before.erase(it);
  }
  for (const auto& object : kept) {
    if (before.contains(object.id)) out.push_back({object.kind, object.name, object.text, ""});
  }
  return out;
}

bool differs(const std::vector<KeptObject>& kept, const std::vector<KeptObject>& live) {
  std::map<std::string, std::string> hashes;
  for (const auto& object : kept) hashes.emplace(object.id, object.hash);
  return kept.size() != live.size() || std::any_of(live.begin(), live.end(), [&](const KeptObject& object) {
           const auto it = hashes.find(object.id);
           return it == hashes.end() || it->second != object.hash;
         });
}

Drift find_once(Target& target, const std::vector<VersionRow>& rows) {
  auto& session = target.session();
  const auto& versions = target.versions();
  auto kept = read_kept_schema(session.connection(), session.dialect(), versions, false);
  Drift drift{.known = kept.known, .same_revisions = kept.applied == applied_digest(rows), .kept_at = kept.kept_at, .kept_by = kept.kept_by};
  if (!kept.known) return drift;
  for (const auto& row : rows) {
    if (!drift.same_revisions && row.applied_at >= kept.kept_at) drift.since.push_back(row.revision);
  }
  auto live = without_definers(target.live_schema());
  const auto objects = split_schema(live, std::string(session.dialect().name()));
  if (!differs(kept.objects, objects)) return drift;
  kept = read_kept_schema(session.connection(), session.dialect(), versions, true);
  auto before = join_schema(kept.objects, target.model_options(session.server()));
  // What migrate.yaml ignores by now is not looked at on either side.
  filter_schema(before, target.filter());
  drift.difference = compare_inspected(session.dialect(), session.server(), std::move(before), std::move(live));
  drift.objects = compare_objects(kept.objects, objects);
  std::erase_if(drift.objects, [&](const DriftedObject& object) {
    return object.after.empty() && object.kind == "table" && !target.filter()("table", {"", object.name});
  });
  return drift;
}

std::string since_text(const Drift& drift) {
  if (drift.same_revisions) return "since the last run kept it at " + drift.kept_at;
  std::string text = "since it was kept at " + drift.kept_at + ", when other revisions were applied";
  if (!drift.since.empty()) text += fmt::format(" ({} came later: a script, or a run that was cut off)", join(drift.since, ", "));
  return text;
}

std::vector<std::string> told(const Drift& drift) {
  std::vector<std::string> lines;
  for (const auto& change : drift.difference.changes) lines.push_back("  " + describe(change.operation));
  for (const auto& object : drift.objects) {
    if (object.before.empty() || object.after.empty()) continue;
    lines.push_back("  " + object.kind + " " + object.name + ":");
    for (const auto& line : changed_lines(body(object.before), body(object.after))) lines.push_back("    " + line);
  }
  return lines;
}

Json to_json(const Drift& drift) {
  Json changes = Json::array();
  for (const auto& change : drift.difference.changes) {
    Json json{{"change", describe(change.operation)}};
    if (const auto* table = table_of(change.operation)) json["table"] = table->text();
    changes.push_back(json);
  }
  Json objects = Json::array();
  for (const auto& object : drift.objects) {
    Json json{{"kind", object.kind}, {"name", object.name}};
    json["before"] = object.before.empty() ? Json() : Json(object.before);
    json["after"] = object.after.empty() ? Json() : Json(object.after);
    objects.push_back(json);
  }
  return {{"drift", drift.any()}, {"kept_at", drift.kept_at}, {"kept_by", drift.kept_by}, {"same_revisions", drift.same_revisions},
          {"changes", changes}, {"objects", objects}};
}

/// --report FILE.html
void write_report(Context& context, const Drift& drift) {
  const auto file = context.arguments.get("report");
  if (file.empty()) return;
  PageTable changes{.id = "changes", .title = "Changes", .columns = {"change"}, .rows = {}};
  for (const auto& change : drift.difference.changes) changes.rows.push_back({describe(change.operation)});
  PageTable objects{.id = "objects", .title = "Objects", .columns = {"object", "as it was kept", "now"}, .rows = {}};
  for (const auto& object : drift.objects) {
    objects.rows.push_back({object.kind + " " + object.name, object.before.empty() ? "not there" : object.before, object.after.empty() ? "not there" : object.after});
  }
  Page page{.title = "Drift", .verdict = (drift.any() ? "The schema was changed " : "Nobody changed the schema ") + since_text(drift), .good = !drift.any(),
            .facts = {context.target().url().display(), now_utc()}, .sections = {}, .body = {}, .data = {}};
  page.add(changes);
  page.add(objects);
  static_cast<void>(context.output.file(file, page_html(page)));
}

int accept(Context& context) {
  auto& target = context.target();
  EventPrinter events(context.output);
  auto options = target.run_options(context.arguments.get("lock-timeout"));
  std::size_t changed = 0;
  bool kept = false;
  // Somebody asked for it: here a failure is an error.
  run_locked(target.session(), options, events, [](const std::vector<VersionRow>&) { return std::vector<std::string>{}; },
             [&](Session& session) {
               changed = keep_schema(session, target.versions(), [&] { return without_definers(target.live_schema(session)); });
               kept = true;
             });
  if (context.output.json()) context.output.line(Json({{"accepted", changed}}).dump());
  else context.output.line(changed == 0 ? "the schema is the known one" : fmt::format("the schema as it is now is the known one ({} taken)", plural(changed, "change")));
  return kept ? 0 : 1;
}

}  // namespace

Drift find_drift(Target& target) {
  for (int attempt = 0;; ++attempt) {
    const auto rows = target.read_rows();
    auto drift = find_once(target, rows);
    // A run in another process may stand between its last step and keeping the schema.
    if (!drift.known || drift.same_revisions || attempt == 5) return drift;
    sleep_with_jitter(std::chrono::milliseconds(200));
  }
}

void refuse_drift(Context& context, const std::vector<VersionRow>& rows, RunEvents& events) {
  const auto drift = find_once(context.target(), rows);
  if (!drift.known) {
    if (!rows.empty()) events.notice("cannot tell whether the schema drifted: none is kept yet");
    return;
  }
  if (!drift.any()) return;
  if (!drift.same_revisions) {
    events.notice("cannot tell whether the schema drifted: it was kept at " + drift.kept_at + ", when other revisions were applied");
    return;
  }
  throw Error{ErrorKind::difference, "the schema was changed " + since_text(drift) + ":\n" + join(told(drift), "\n"),
              "undo it, or bring it into the model and take it with `migrate drift --accept`"};
}

int run_drift(Context& context) {
  if (context.arguments.has("accept")) return accept(context);
  const auto& output = context.output;
  const auto drift = find_drift(context.target());
  if (!drift.known) {
    throw Error{ErrorKind::failed, "no schema is kept in this database to compare with",
                context.project().config().drift.enabled ? "the next upgrade, downgrade or stamp keeps it; `migrate drift --accept` does it now"
                                               : "`drift: {enabled: false}` in migrate.yaml switches it off; `migrate drift --accept` keeps it once"};
  }
  write_report(context, drift);
  if (output.json()) {
    output.line(to_json(drift).dump(2, ' ', false, Json::error_handler_t::replace));
  } else if (!drift.any()) {
    output.line("nobody changed the schema " + since_text(drift));
  } else {
    output.line("the schema was changed " + since_text(drift) + ":");
    for (const auto& line : told(drift)) output.line(line);
    output.note("`migrate drift --accept` takes it for the known schema");
  }
  return drift.any() ? 3 : 0;
}

}  // namespace migrate::cli
