#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

/// The items of a plain SELECT list; empty when the query is anything more (UNION, WITH, VALUES, *).
std::vector<std::string> select_items(const std::string& query) {
  const auto tokens = tokenize(query, lexical_rules());
  std::vector<std::string> items;
  if (tokens.empty() || !tokens[0].is("select")) return {};
  int depth = 0;
  bool in_list = true;
  std::string item;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.is_symbol("(") || token.is_symbol("[")) ++depth;
    if (token.is_symbol(")") || token.is_symbol("]")) --depth;
    if (depth == 0 && (token.is("union") || token.is("intersect") || token.is("except"))) return {};
    if (!in_list) continue;
    if (depth == 0 && token.is("from")) {
      in_list = false;
    } else if (depth == 0 && token.is_symbol(",")) {
      items.push_back(std::move(item));
      item.clear();
    } else {
      if (token.is_symbol("*") && (item.empty() || item.ends_with(". "))) return {};
      item += std::string(token.text) + " ";
    }
  }
  items.push_back(std::move(item));
  return items;
}

/// CREATE OR REPLACE VIEW keeps every column as it is and may add some at the end.
bool can_replace(const View& before, const View& after) {
  if (before.materialized || after.materialized || before.columns != after.columns) return false;
  const auto old = select_items(before.definition);
  const auto now = select_items(after.definition);
  return !old.empty() && now.size() >= old.size() && std::equal(old.begin(), old.end(), now.begin());
}

std::string kind_of(const View& view) { return view.materialized ? "MATERIALIZED VIEW" : "VIEW"; }

}  // namespace

void Renderer::create_view(const View& view, bool with_triggers) {
  statement(view_sql(view));
  for (const auto& index : view.indexes) create_index(view.name, index);
  comment(view.name, kind_of(view) + " " + quote_name(view.name), "", view.comment);
  comment_columns(View{.name = view.name}, view);
  // One that is made by a new name has what it had under the old one.
  const auto own = state_.rights.given.find({.kind = ObjectId::Kind::relation, .name = view.name, .part = {}});
  const auto had = own != state_.rights.given.end() ? own : std::find_if(state_.rights.given.begin(), state_.rights.given.end(), [&](const auto& given) {
    return given.first.kind == ObjectId::Kind::relation && given.first.name.text() == view.declared.renamed_from;
  });
  if (had != state_.rights.given.end()) {
    give_back(had->first, quote_name(view.name), [&](const std::string& column) {
      return std::find(view.columns.begin(), view.columns.end(), column) != view.columns.end() || mentions(view.definition, column);
    });
  }
  if (!with_triggers) return;
  for (const auto& trigger : view.triggers) create_trigger(view.name, trigger);
}

void Renderer::comment_columns(const View& before, const View& after) {
  const auto what = [&](const std::string& key) { return "COLUMN " + quote_name(after.name) + "." + quote_name(key.substr(8)); };
  for (const auto& [key, value] : after.options) {
    if (key.starts_with("comment.")) comment(after.name, what(key), option(before.options, key), value);
  }
  for (const auto& [key, value] : before.options) {
    if (key.starts_with("comment.") && after.options.count(key) == 0) comment(after.name, what(key), value, "");
  }
}

void Renderer::drop_view(const View& view) { statement("DROP " + kind_of(view) + " " + quote_name(view.name)); }

void Renderer::render(const Create<View>& operation) { create_view(operation.object, false); }

void Renderer::render(const Drop<View>& operation) {
  if (!was_dropped("view", operation.object.name, "")) drop_view(operation.object);
}

void Renderer::alter_view_options(const View& before, const View& after) {
  std::vector<std::string> set;
  std::vector<std::string> reset;
  const auto bare = [](const std::string& key) { return key.starts_with("with.") ? key.substr(5) : key; };
  for (const auto& [key, value] : after.options) {
    if (key != "tablespace" && key != "access_method" && !key.starts_with("comment.") && option(before.options, key) != value) set.push_back(parameter_name(bare(key)) + " = " + parameter_value(value));
  }
  for (const auto& [key, value] : before.options) {
    if (key != "tablespace" && key != "access_method" && !key.starts_with("comment.") && after.options.count(key) == 0) reset.push_back(parameter_name(bare(key)));
  }
  const auto start = "ALTER " + kind_of(after) + " " + quote_name(after.name);
  if (!set.empty()) statement(start + " SET (" + join(set, ", ") + ")");
  if (!reset.empty()) statement(start + " RESET (" + join(reset, ", ") + ")");
  if (option(before.options, "access_method") != option(after.options, "access_method")) set_access_method(kind_of(after), after.name, option(after.options, "access_method"));
  if (option(before.options, "tablespace") != option(after.options, "tablespace")) {
    const auto tablespace = option(after.options, "tablespace");
    statement(start + " SET TABLESPACE " + quote_name(tablespace.empty() ? "pg_default" : tablespace));
  }
}

void Renderer::render(const Alter<View>& operation) {
  const auto& [before, after] = std::tie(operation.before, operation.after);
  if (was_dropped("view", before.name, "")) {
    create_view(after, true);
    return;
  }
  const auto what = kind_of(after) + " " + quote_name(after.name);
  if (before.definition == after.definition && before.materialized == after.materialized && before.columns == after.columns) {
    alter_view_options(before, after);
    comment(after.name, what, before.comment, after.comment);
    comment_columns(before, after);
    return;
  }
  if (can_replace(before, after)) {
    statement(view_sql(after, true));
    // REPLACE takes the options of the new definition; the comments stay.
    comment(after.name, what, before.comment, after.comment);
    comment_columns(before, after);
    return;
  }
  const auto dependents = drop_views_on({before.name.name});
  drop_view(before);
  auto whole = after;
  if (whole.triggers.empty()) {
    if (const auto* live = find_named(state_.views, before.name)) whole.triggers = live->triggers;
  }
  create_view(whole, true);
  restore_views(dependents);
}

void Renderer::render(const Rename<View>& operation) {
  rename(operation.kind == "materialized" ? "MATERIALIZED VIEW" : "VIEW", operation.from, operation.to);
}

std::vector<View> Renderer::drop_views_on(const std::vector<std::string>& names) {
  // Breadth first: what stands on a view comes behind it, and a view reached twice moves to the end.
  std::vector<const View*> order;
  std::vector<std::string> next = names;
  std::size_t rounds = 0;
  while (!next.empty() && rounds++ <= state_.views.size()) {
    std::vector<std::string> found;
    for (const auto& view : state_.views) {
      if (gone_.count(gone_key("view", view.name, "")) != 0) continue;
      const bool stands_on = std::any_of(next.begin(), next.end(), [&](const std::string& name) {
        return name != view.name.name && mentions(view.definition, name);
      });
      if (!stands_on) continue;
      order.erase(std::remove(order.begin(), order.end(), &view), order.end());
      order.push_back(&view);
      found.push_back(view.name.name);
    }
    next = std::move(found);
  }
  std::vector<View> views;
  for (auto it = order.rbegin(); it != order.rend(); ++it) drop_view(**it);
  for (const auto* view : order) {
    if (object_touched_later<View>(view->name)) {
      gone_.insert(gone_key("view", view->name, ""));
    } else {
      views.push_back(*view);
    }
  }
  return views;
}

void Renderer::restore_views(const std::vector<View>& views) {
  for (const auto& view : views) create_view(view, true);
}

}  // namespace migrate::postgresql
