#include "rehearse/settings.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "core/text.hpp"
#include "core/yaml_keys.hpp"

namespace migrate {
namespace {

using yaml::Node;

constexpr std::array<std::string_view, 5> units{"", "k", "m", "g", "t"};

class Reader {
 public:
  explicit Reader(const Config& config) : file_(config.file.string()) {}

  RehearsalSettings read(const Node& node) {
    RehearsalSettings settings;
    auto& budgets = settings.budgets;
    each(node, "rehearse", {{"on", [&](const Node& value) { settings.on = text(value, "on"); }},
                            {"budgets", [&](const Node& value) {
                               each(value, "budgets", {{"statement", [&](const Node& time) { budgets.statement = duration(time, "statement"); }},
                                                       {"lock", [&](const Node& time) { budgets.lock = duration(time, "lock"); }},
                                                       {"rewrite", [&](const Node& size) { budgets.rewrite = bytes(size, "rewrite"); }},
                                                       {"loss", [&](const Node& word) { budgets.loss = loss(word); }}});
                             }}});
    return settings;
  }

 private:
  void each(const Node& node, const std::string& name, const yaml::Keys& keys) const { yaml::read_keys(node, name, file_, keys); }

  [[nodiscard]] std::string text(const Node& node, const std::string& name) const {
    if (!node.is_scalar()) fail(node, "'" + name + "' needs a single value");
    return node.scalar;
  }
  [[nodiscard]] std::chrono::milliseconds duration(const Node& node, const std::string& name) const {
    const auto time = parse_duration(text(node, name));
    if (!time) fail(node, "'" + name + "' needs a duration, not '" + node.scalar + "'", "write it as 500ms, 2s, 10m");
    return *time;
  }
  [[nodiscard]] long long bytes(const Node& node, const std::string& name) const {
    const auto size = parse_bytes(text(node, name));
    if (!size) fail(node, "'" + name + "' needs a size, not '" + node.scalar + "'", "write it as 500MB, 1GB or 0");
    return *size;
  }
  [[nodiscard]] bool loss(const Node& node) const {
    const auto word = text(node, "loss");
    if (word != "none" && word != "any") fail(node, "'loss' is none or any; '" + word + "' is neither");
    return word == "any";
  }
  [[noreturn]] void fail(const Node& node, const std::string& message, const std::string& hint = {}) const {
    throw Error{ErrorKind::usage, message, hint, {file_, node.line, node.column}};
  }

  std::string file_;
};

}  // namespace

RehearsalSettings read_rehearsal_settings(const Config& config) { return config.rehearse.is_null() ? RehearsalSettings{} : Reader(config).read(config.rehearse); }

std::optional<long long> parse_bytes(std::string_view text) {
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc{} || text.find_first_of("0123456789") != 0) return std::nullopt;  // no sign, no "inf"
  auto unit = lower(trim(text.substr(static_cast<std::size_t>(end.ptr - text.data()))));
  for (const auto* ending : {"ib", "b"}) {
    if (unit.ends_with(ending)) {
      unit.resize(unit.size() - std::string_view(ending).size());
      break;
    }
  }
  for (const auto name : units) {
    if (unit == name) return number > 9e18 ? std::nullopt : std::optional(static_cast<long long>(number));
    number *= 1024;
  }
  return std::nullopt;
}

std::string bytes_text(long long bytes) {
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  return unit == 0 ? plural(static_cast<std::size_t>(bytes), "byte") : fmt::format("{:.{}f} {}B", size, size < 10 ? 1 : 0, unit == 1 ? "k" : upper(std::string(units[unit])));
}

}  // namespace migrate
