#include "fleet/settings.hpp"

#include <algorithm>
#include <charconv>

#include "core/text.hpp"
#include "core/yaml_keys.hpp"

namespace migrate::fleet {
namespace {

using yaml::Node;

class Reader {
 public:
  Reader(const Config& config, const Variables& variables) : config_(config), variables_(variables) {}

  Settings read() {
    Settings settings;
    each(config_.fleet, "fleet", {{"targets", [&](const Node& node) { list(node, "targets", [&](const Node& item) { settings.sources.push_back(source(item)); }); }},
                                  {"waves", [&](const Node& node) { list(node, "waves", [&](const Node& item) { settings.waves.push_back(wave(item)); }); }},
                                  {"journal", [&](const Node& node) { settings.journal = text(node, "journal"); }}});
    if (settings.sources.empty()) fail(config_.fleet, "'fleet' names no targets", "add `targets:`, a list of databases, queries, commands, schemas or files");
    if (settings.journal.empty()) settings.journal = "fleet.db";
    settle(settings.waves);
    return settings;
  }

 private:

  Source source(const Node& node) {
    Source source{.location = at(node)};
    std::vector<std::string> kinds;
    const auto kind = [&](Source::Kind which, const char* name) {
      return [&source, &kinds, which, name, this](const Node& value) {
        kinds.emplace_back(name);
        source.kind = which;
        source.text = text(value, name);
      };
    };
    using Kind = Source::Kind;
    each(node, "targets", {{"database", kind(Kind::database, "database")}, {"query", kind(Kind::query, "query")}, {"command", kind(Kind::command, "command")},
                           {"schemas", kind(Kind::schemas, "schemas")}, {"databases", kind(Kind::databases, "databases")}, {"files", kind(Kind::files, "files")},
                           {"on", [&](const Node& value) { source.on = text(value, "on"); }}, {"name", [&](const Node& value) { source.name = text(value, "name"); }},
                           {"tags", [&](const Node& value) { source.tags = words(value, "tags"); }}});
    if (kinds.size() != 1) fail(node, kinds.empty() ? "an entry of 'targets' says where its databases come from" : "an entry of 'targets' says one of " + join(kinds, " and "), "database, query, command, schemas, databases or files");
    const bool asks = source.kind == Kind::query || source.kind == Kind::schemas || source.kind == Kind::databases;
    if (asks && source.on.empty()) fail(node, "'" + kinds.front() + "' needs `on`: the database that is asked", "on: \"@NAME\" for an environment, \"@\" for the top level's, or a URL");
    if (!asks && !source.on.empty()) fail(node, "'" + kinds.front() + "' asks no database, so that `on` means nothing");
    if (source.kind != Kind::database && !source.name.empty()) fail(node, "`name` names one database; those of '" + kinds.front() + "' have their own names");
    return source;
  }

  Wave wave(const Node& node) {
    Wave wave{.location = at(node)};
    each(node, "waves", {{"name", [&](const Node& value) { wave.name = text(value, "name"); }}, {"match", [&](const Node& value) { wave.match = words(value, "match"); }},
                         {"parallel", [&](const Node& value) { wave.parallel = number(value, "parallel", text(value, "parallel"), 1, 256); }},
                         {"check", [&](const Node& value) { wave.check = text(value, "check"); }},
                         {"pause",
                          [&](const Node& value) {
                            const auto time = parse_duration(text(value, "pause"));
                            if (!time) fail(value, "'pause' needs a duration, not '" + value.scalar + "'", "write it as 30s, 10m or 0");
                            wave.pause = *time;
                          }},
                         {"max_failures", [&](const Node& value) {
                            auto words = text(value, "max_failures");
                            wave.percent = words.ends_with('%');
                            if (wave.percent) words.pop_back();
                            wave.max_failures = number(value, "max_failures", words, 0, wave.percent ? 100 : 1'000'000);
                          }}});
    if (wave.name.empty()) fail(node, "a wave needs a name");
    return wave;
  }

  /// The last wave takes what no other took; without waves there is one.
  static void settle(std::vector<Wave>& waves) {
    if (!waves.empty() && waves.back().match.empty()) return;
    const bool taken = std::any_of(waves.begin(), waves.end(), [](const Wave& wave) { return wave.name == "rest"; });
    Wave rest;
    rest.name = waves.empty() ? "all" : taken ? "others" : "rest";
    waves.push_back(std::move(rest));
  }

  void each(const Node& node, const std::string& name, const yaml::Keys& keys) const { yaml::read_keys(node, name, config_.file.string(), keys); }

  void list(const Node& node, const std::string& name, const std::function<void(const Node&)>& read) {
    if (!node.is_sequence()) fail(node, "'" + name + "' needs a list");
    for (const auto& item : node.items) read(item);
  }

  std::string text(const Node& node, const std::string& name) {
    if (!node.is_scalar() || node.scalar.empty()) fail(node, "'" + name + "' needs a single value");
    return expand_variables(node.scalar, variables_, at(node));
  }

  std::vector<std::string> words(const Node& node, const std::string& name) {
    if (node.is_scalar()) return {text(node, name)};
    std::vector<std::string> out;
    list(node, name, [&](const Node& item) { out.push_back(text(item, name)); });
    return out;
  }

  int number(const Node& node, const std::string& name, const std::string& digits, int least, int most) {
    int value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end.ec != std::errc{} || end.ptr != digits.data() + digits.size() || value < least || value > most) {
      fail(node, "'" + name + "' needs a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", not '" + node.scalar + "'");
    }
    return value;
  }

  [[nodiscard]] Location at(const Node& node) const { return {config_.file.string(), node.line, node.column}; }
  [[noreturn]] void fail(const Node& node, const std::string& message, std::string hint = {}) const { throw Error{ErrorKind::usage, message, std::move(hint), at(node)}; }

  const Config& config_;
  const Variables& variables_;
};

}  // namespace

std::size_t Wave::budget(std::size_t targets) const {
  const auto most = static_cast<std::size_t>(max_failures);
  return percent ? targets * most / 100 : most;
}

Settings read_settings(const Config& config, const Variables& variables) {
  if (config.fleet.is_null()) {
    throw Error{ErrorKind::usage, "migrate.yaml has no section 'fleet'", "fleet: {targets: [{files: \"data/*.db\"}]} names the databases (docs/fleets.md)", {config.file.string()}};
  }
  return Reader(config, variables).read();
}

}  // namespace migrate::fleet
