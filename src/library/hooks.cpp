#include "library/hooks.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

class HookReader {
 public:
  HookReader(const Config& config, const Dialect* dialect, std::vector<std::string> engines)
      : config_(config), dialect_(dialect), engines_(std::move(engines)) {
    const auto& hooks = config.hooks;
    if (hooks.is_null()) return;
    if (!hooks.is_map()) fail(hooks, "'hooks' is a map", "its keys: " + join(names, ", "));
    for (std::size_t i = 0; i < hooks.keys.size(); ++i) {
      const auto& key = hooks.keys[i].first;
      if (std::find(names.begin(), names.end(), key) != names.end()) continue;
      yaml::Node place;
      std::tie(place.line, place.column) = hooks.key_places[i];
      fail(place, "unknown key '" + key + "' in 'hooks'", did_you_mean(key, names));
    }
  }

  [[nodiscard]] std::vector<Statement> statements(const std::string& name) const {
    std::vector<Statement> out;
    for (const auto* node : values(name)) read(*node, out);
    return out;
  }

  /// The scalars of a hook for this engine.
  [[nodiscard]] std::vector<const yaml::Node*> values(const std::string& name) const {
    const auto* node = config_.hooks.find(name);
    if (node != nullptr && node->is_map()) node = for_engine(*node);
    if (node == nullptr || node->is_null()) return {};
    if (node->is_scalar()) return {node};
    if (!node->is_sequence()) fail(*node, "the hook '" + name + "' is a text or a list of texts");
    std::vector<const yaml::Node*> out;
    for (const auto& item : node->items) {
      if (!item.is_scalar()) fail(item, "the hook '" + name + "' is a text or a list of texts");
      out.push_back(&item);
    }
    return out;
  }

 private:
  [[nodiscard]] const yaml::Node* for_engine(const yaml::Node& map) const {
    const yaml::Node* found = nullptr;
    for (const auto& engine : engines_) {
      if (const auto* own = map.find(engine)) found = own;
    }
    return found;
  }

  void read(const yaml::Node& node, std::vector<Statement>& out) const {
    Location start{config_.file.string(), node.line, node.column};
    std::string text = node.scalar;
    if (text.ends_with(".sql") && text.find_first_of(" \n\t") == std::string::npos) {
      const auto file = config_.folder / text;
      if (!path_exists(file)) fail(node, "there is no file " + file.string());
      text = read_file(file);
      start = {file.string(), 1, 1};
    }
    for (auto& statement : dialect_->sql().split(text, start)) out.push_back(std::move(statement));
  }

  [[noreturn]] void fail(const yaml::Node& node, const std::string& what, const std::string& hint = {}) const {
    throw Error{ErrorKind::usage, what, hint, {config_.file.string(), node.line, node.column}};
  }

  static inline const std::vector<std::string> names{"before_run", "before_step", "after_step", "after_run", "after_write"};

  const Config& config_;
  const Dialect* dialect_;
  std::vector<std::string> engines_;
};

}  // namespace

Hooks read_hooks(const Config& config, const Dialect& dialect, const std::vector<std::string>& engines) {
  const HookReader reader(config, &dialect, engines);
  return {reader.statements("before_run"), reader.statements("before_step"), reader.statements("after_step"), reader.statements("after_run")};
}

void add_hooks(Step& step, const Hooks& hooks) {
  if (hooks.before_step.empty() && hooks.after_step.empty()) return;
  if (step.program) {
    const auto call = [](const char* name, const std::vector<Statement>& statements) {
      return StepCall{.key = std::string("hook ") + name, .fixed = true, .location = {}, .statements = [statements] { return statements; }};
    };
    step.program = [before = call("before_step", hooks.before_step), after = call("after_step", hooks.after_step), program = step.program](StepSink& sink) {
      sink.run(before);
      program(sink);
      sink.run(after);
    };
    return;
  }
  step.statements.insert(step.statements.begin(), hooks.before_step.begin(), hooks.before_step.end());
  step.statements.insert(step.statements.end(), hooks.after_step.begin(), hooks.after_step.end());
}

std::vector<std::string> after_write_commands(const Config& config, const std::filesystem::path& file) {
  const HookReader reader(config, nullptr, {});
  const auto quoted = "'" + replace_all(file.string(), "'", "'\\''") + "'";
  std::vector<std::string> commands;
  for (const auto* node : reader.values("after_write")) commands.push_back(replace_all(node->scalar, "{{file}}", quoted));
  return commands;
}

}  // namespace migrate
