#include "autogenerate/dependencies.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "core/text.hpp"

namespace migrate {
namespace {

enum Phase { type_phase = 10, domain_phase = 12, sequence_phase = 14, routine_phase = 20, table_phase = 30, view_phase = 40, trigger_phase = 50 };

void add(std::string& text, const std::string& more) {
  if (more.empty()) return;
  text += ' ';
  text += more;
  text += ' ';
}

/// What stands between the quotes of a string literal.
std::string_view string_body(std::string_view text) {
  if (text.starts_with('$')) {
    const auto tag = text.find('$', 1) + 1;
    return text.size() >= 2 * tag ? text.substr(tag, text.size() - 2 * tag) : std::string_view{};
  }
  const auto open = text.find_first_of("'\"");
  return open == std::string_view::npos || text.size() < open + 2 ? std::string_view{} : text.substr(open + 1, text.size() - open - 2);
}

void add_column(std::string& text, const Column& column) {
  add(text, column.type);
  if (column.default_value && column.default_value->expression) add(text, column.default_value->text);
  if (column.generated) add(text, column.generated->expression);
}

void add_index(std::string& text, const Index& index) {
  add(text, index.where);
  for (const auto& part : index.parts) add(text, part.expression);
}

/// Every identifier of a text in lower case, those inside strings too: nextval('orders_seq'), bodies in dollar quotes.
void each_identifier(std::string_view text, const LexicalRules& rules, const std::function<void(const std::string&)>& use, int depth = 0) {
  std::vector<Token> tokens;
  try {
    tokens = tokenize(text, rules);
  } catch (const Error&) {
    return;  // a string that is not SQL
  }
  for (const auto& token : tokens) {
    if (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name) {
      use(lower(unquote_name(token.text)));
    } else if (token.kind == TokenKind::string && depth < 2) {
      each_identifier(string_body(token.text), rules, use, depth + 1);
    }
  }
}

}  // namespace

std::vector<std::size_t> dependency_order(const std::vector<Dependent>& things, const LexicalRules& rules,
                                          std::vector<std::set<std::size_t>>* all_needs) {
  std::multimap<std::string, std::size_t> by_name;
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (!things[i].name.empty()) by_name.emplace(things[i].name, i);
  }
  std::vector<std::set<std::size_t>> needs(things.size());
  std::vector<std::vector<std::size_t>> needed_by(things.size());
  std::vector<std::set<std::size_t>> hard(things.size());
  const auto need = [&](std::size_t i, const std::string& name, bool key = false) {
    const auto [begin, end] = by_name.equal_range(name);
    for (auto it = begin; it != end; ++it) {
      const auto& other = things[it->second];
      if (it->second == i || (other.name == things[i].name && (other.over_namesakes || !things[i].over_namesakes))) continue;
      if (!key) hard[i].insert(it->second);
      if (needs[i].insert(it->second).second) needed_by[it->second].push_back(i);
    }
  };
  const auto need_namesakes = [&](std::size_t i) {
    const auto [begin, end] = by_name.equal_range(things[i].name);
    for (auto it = begin; it != end; ++it) {
      if (things[it->second].phase == things[i].phase) continue;
      hard[i].insert(it->second);
      if (needs[i].insert(it->second).second) needed_by[it->second].push_back(i);
    }
  };
  for (std::size_t i = 0; i < things.size(); ++i) {
    for (const auto& name : things[i].references) need(i, name);
    for (const auto& name : things[i].keys) need(i, name, true);
    int own_name = 0;
    each_identifier(things[i].text, rules, [&](const std::string& name) {
      if (name == things[i].name) ++own_name;
      need(i, name);
    });
    // A function may return rows of the view that has its name.
    if (own_name > things[i].own_mentions) need_namesakes(i);
  }
  using Key = std::pair<int, std::size_t>;
  std::set<Key> ready;
  std::set<Key> blocked;
  std::vector<std::size_t> open(things.size());
  for (std::size_t i = 0; i < things.size(); ++i) {
    open[i] = needs[i].size();
    (open[i] == 0 ? ready : blocked).insert({things[i].phase, i});
  }
  std::vector<std::size_t> order;
  std::vector<bool> made(things.size());
  while (!ready.empty() || !blocked.empty()) {
    auto& from = ready.empty() ? blocked : ready;
    auto next = from.begin();
    if (ready.empty()) {
      // What waits for keys only is not really blocked.
      const auto soft = std::find_if(blocked.begin(), blocked.end(), [&](const Key& key) {
        return std::all_of(hard[key.second].begin(), hard[key.second].end(), [&](std::size_t other) { return made[other]; });
      });
      if (soft != blocked.end()) next = soft;
    }
    const auto key = *next;
    from.erase(next);
    made[key.second] = true;
    order.push_back(key.second);
    for (const auto user : needed_by[key.second]) {
      if (open[user] > 0 && --open[user] == 0 && blocked.erase({things[user].phase, user}) > 0) ready.insert({things[user].phase, user});
    }
  }
  if (all_needs != nullptr) *all_needs = std::move(needs);
  return order;
}

Dependent dependent(const Table& table, bool with_keys) {
  Dependent out{.name = lower(table.name.name), .phase = table_phase};
  for (const auto& column : table.columns) add_column(out.text, column);
  for (const auto& check : table.checks) add(out.text, check.expression);
  for (const auto& exclusion : table.exclusions) add(out.text, exclusion.definition);
  for (const auto& index : table.indexes) add_index(out.text, index);
  for (const char* option : {"inherits", "partition_of"}) {
    if (const auto it = table.options.find(option); it != table.options.end()) add(out.text, it->second);
  }
  if (with_keys) {
    for (const auto& key : table.foreign_keys) out.keys.push_back(lower(key.references.name));
  }
  return out;
}

Dependent dependent(const View& view) { return {.name = lower(view.name.name), .text = view.definition, .phase = view_phase}; }

Dependent dependent(const Routine& routine) { return {.name = lower(routine.name.name), .text = routine.definition, .own_mentions = 1, .phase = routine_phase}; }

Dependent dependent(const Domain& domain) {
  Dependent out{.name = lower(domain.name.name), .text = domain.type, .phase = domain_phase};
  if (domain.default_value && domain.default_value->expression) add(out.text, domain.default_value->text);
  for (const auto& check : domain.checks) add(out.text, check.expression);
  return out;
}

Dependent dependent(const EnumType& type) { return {.name = lower(type.name.name), .phase = type_phase}; }

Dependent dependent(const Sequence& sequence) { return {.name = lower(sequence.name.name), .phase = sequence_phase}; }

Dependent dependent(const Definition& definition) {
  const bool early = definition.kind == "type" || definition.kind == "aggregate";
  return {.name = early ? lower(definition.name.name) : "", .text = definition.definition,
          .own_mentions = 1, .over_namesakes = definition.kind == "aggregate", .phase = definition.kind == "type" ? type_phase : early ? routine_phase : trigger_phase};
}

Dependent dependent(const Trigger& trigger) {
  return {.text = trigger.definition, .references = {lower(trigger.table.name)}, .phase = trigger_phase};
}

Dependent dependent(const Policy& policy, const QualifiedName& table) {
  return {.text = policy.using_expression + " " + policy.check_expression, .references = {lower(table.name)}, .phase = trigger_phase};
}

}  // namespace migrate
