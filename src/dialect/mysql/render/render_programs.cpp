#include "dialect/mysql/render/render_programs.hpp"
#include "dialect/mysql/render/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/text.hpp"
#include "dialect/mysql/canonical/programs.hpp"
#include "dialect/mysql/canonical/provenance.hpp"
#include "dialect/mysql/canonical/sequence.hpp"
#include "dialect/mysql/render/render_table.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {

void ProgramRenderer::in_session_of(const Options& options, std::vector<std::string> statements) {
  if (statements.empty()) return;
  auto [before, after] = session_change(options, context_);
  // Neighbours of one part that want the same share the change.
  const bool same_part = counts_.empty() || counts_.back() < statements_.size();
  const bool goes_on = !before.empty() && !statements_.empty() && same_part && left_session_ == statements_.size() && before == session_before_;
  if (goes_on) statements_.pop_back();
  else if (!before.empty()) add(before);
  for (auto& sql : statements) add(std::move(sql));
  if (after.empty()) return;
  add(after);
  left_session_ = statements_.size();
  session_before_ = before;
}

void ProgramRenderer::check_definer(const std::string& what, const Options& options, const std::string& create) const {
  if (definer_clause(options, context_).empty() || names_definers_) return;
  const auto [before, after] = session_change(options, context_);
  throw Error{ErrorKind::failed,
              fmt::format("{} has to be made again, and its definer is {}: this user ({}) may not make it for somebody else", what, options.at("definer"), context_.usual.at("definer")),
              fmt::format("GRANT {} ON *.* TO this user, or let somebody who may do so run: {}{}{}", context_.mariadb ? "SET USER" : "SET_ANY_DEFINER",
                          before.empty() ? "" : before + "; ", create, after.empty() ? "" : "; " + after)};
}

void ProgramRenderer::render(const Create<View>& op) {
  in_session_of(op.object.options, {create_view(op.object, context_, false)});
  const auto& former = op.object.declared.renamed_from;
  if (!former.empty()) move_rights({"", former}, op.object.name);
  const auto had = state_.rights.access.find({AccessPlace::Kind::view, op.object.name, {}});
  if (had == state_.rights.access.end() || !named_back_.contains(op.object.name)) return;
  for (auto& sql : access_sql({.on = had->first, .before = {}, .after = had->second})) add(std::move(sql));
}

void ProgramRenderer::render(const Drop<View>& op) {
  add("DROP VIEW " + quote_name(op.object.name));
  // On the way back: what was made in the place of another comes again by that one's name.
  const QualifiedName former{"", op.object.declared.renamed_from};
  const auto had = state_.rights.access.find({AccessPlace::Kind::view, former, {}});
  if (had == state_.rights.access.end()) return;
  for (auto& sql : access_sql({.on = {AccessPlace::Kind::view, op.object.name, {}}, .before = had->second, .after = {}})) add(std::move(sql));
  named_back_.insert(former);
}

void ProgramRenderer::render(const Alter<View>& op) {
  check_definer("view " + op.after.name.text(), op.after.options, create_view(op.after, context_, true));
  in_session_of(op.after.options, {create_view(op.after, context_, true)});
}

void ProgramRenderer::render(const Rename<View>& op) {
  add(fmt::format("RENAME TABLE {} TO {}", quote_name(op.from), quote_name(op.to)));
  move_rights(op.from, op.to);
}

namespace {

std::string kind_sql(const Routine& routine) { return routine.kind == Routine::Kind::function ? "FUNCTION " : "PROCEDURE "; }

}  // namespace

void ProgramRenderer::replace(const std::string& what, const std::string& drop, const std::string& create, const Options& options) {
  check_definer(what, options, create);
  if (context_.mariadb && create.starts_with("CREATE ")) {
    in_session_of(options, {"CREATE OR REPLACE " + create.substr(7)});
    return;
  }
  add(drop);
  in_session_of(options, {create});
}

void ProgramRenderer::give_back(const Routine& routine, const QualifiedName& to) {
  const auto kind = routine.kind == Routine::Kind::procedure ? AccessPlace::Kind::procedure : AccessPlace::Kind::function;
  const auto had = state_.rights.access.find({kind, routine.name, {}});
  if (had == state_.rights.access.end()) return;
  for (auto& sql : access_sql({.on = {kind, to, {}}, .before = {}, .after = had->second})) add(std::move(sql));
}

void ProgramRenderer::move_rights(const QualifiedName& from, const QualifiedName& to) {
  using Kind = AccessPlace::Kind;
  std::vector<std::string> taken;
  for (const auto& [place, access] : state_.rights.access) {
    if (place.name != from || place.kind == Kind::function || place.kind == Kind::procedure || place.kind == Kind::schema) continue;
    auto now = place;
    now.name = to;
    for (auto& sql : access_sql({.on = now, .before = {}, .after = access})) add(std::move(sql));
    for (auto& sql : access_sql({.on = place, .before = access, .after = {}})) taken.push_back(std::move(sql));
  }
  // From the columns first: the server takes a privilege from them when it is taken from the table.
  for (auto sql = taken.rbegin(); sql != taken.rend(); ++sql) add(std::move(*sql));
}

void ProgramRenderer::render(const SetAccess& op) {
  for (auto& sql : access_sql(op)) add(std::move(sql));
  if (op.on.kind == AccessPlace::Kind::column || !op.before.grants) return;
  for (const auto& [place, access] : state_.rights.access) {
    if (place.kind != AccessPlace::Kind::column || place.name != op.on.name || !access.grants) continue;
    Access lost{.owner = {}, .grants = std::vector<Grant>{}};
    std::copy_if(access.grants->begin(), access.grants->end(), std::back_inserter(*lost.grants), [&](const Grant& grant) {
      const auto held = [&](const Access& side) {
        return side.grants && std::any_of(side.grants->begin(), side.grants->end(), [&](const Grant& other) { return other.to == grant.to && other.privilege == grant.privilege; });
      };
      return held(op.before) && !held(op.after);
    });
    for (auto& sql : access_sql({.on = place, .before = {}, .after = lost})) add(std::move(sql));
  }
}

/// On the way back: dropping a routine takes the privileges on it.
void ProgramRenderer::render(const Create<Routine>& op) {
  in_session_of(op.object.options, {create_routine(op.object, context_)});
  give_back(op.object, op.object.name);
}

void ProgramRenderer::render(const Drop<Routine>& op) { add("DROP " + kind_sql(op.object) + quote_name(op.object.name)); }

void ProgramRenderer::render(const Alter<Routine>& op) {
  // MySQL takes ALTER ... COMMENT '' for nothing to do (9.7 too): only a new routine has no comment.
  if (op.before.definition == op.after.definition && op.before.options == op.after.options && (context_.mariadb || !op.after.comment.empty())) {
    add("ALTER " + kind_sql(op.after) + quote_name(op.after.name) + " COMMENT " + quote_text(op.after.comment));
    return;
  }
  const auto what = lower(kind_sql(op.after)) + op.after.name.text();
  const auto drop = "DROP " + kind_sql(op.before) + quote_name(op.before.name);
  const auto create = create_routine(op.after, context_);
  if (op.before.kind == op.after.kind) {
    replace(what, drop, create, op.after.options);
    if (!context_.mariadb) give_back(op.after, op.after.name);
    return;
  }
  check_definer(what, op.after.options, create);
  add(drop);
  in_session_of(op.after.options, {create});
}

void ProgramRenderer::render(const Rename<Routine>& op) {
  const auto* routine = find_named(state_.routines, op.from);
  if (routine == nullptr) throw std::logic_error("rename of a routine that is not there: " + op.from.text());
  auto renamed = *routine;
  renamed.definition = renamed_program(routine->definition, quote_name(op.to), program_rules(routine->options, context_));
  check_definer(lower(kind_sql(*routine)) + op.from.text(), renamed.options, create_routine(renamed, context_));
  in_session_of(renamed.options, {create_routine(renamed, context_)});
  give_back(*routine, op.to);
  add("DROP " + kind_sql(*routine) + quote_name(op.from));
}

void ProgramRenderer::render(const Create<Definition>& op) { in_session_of(op.object.options, {create_event(op.object, context_)}); }

void ProgramRenderer::render(const Drop<Definition>& op) { add("DROP EVENT " + quote_name(op.object.name)); }

void ProgramRenderer::render(const Alter<Definition>& op) {
  replace("event " + op.after.name.text(), "DROP EVENT " + quote_name(op.before.name), create_event(op.after, context_), op.after.options);
}

void ProgramRenderer::render(const Rename<Definition>& op) {
  const auto* event = find_named(state_.definitions, op.from);
  const auto options = event == nullptr ? Options() : event->options;
  const auto alter = fmt::format("ALTER {}EVENT {} RENAME TO {}", definer_clause(options, context_), quote_name(op.from), quote_name(op.to));
  check_definer("event " + op.from.text(), options, alter);
  in_session_of(options, {alter});
}

void ProgramRenderer::render(const Create<Sequence>& op) {
  std::string text = "CREATE SEQUENCE " + quote_name(op.object.name);
  if (!op.object.type.empty()) text += " AS " + op.object.type;
  text += sequence_clauses(op.object, false);
  if (const auto engine = option(op.object.options, "engine"); !engine.empty()) text += " ENGINE=" + engine;
  if (!op.object.comment.empty()) text += " COMMENT=" + quote_text(op.object.comment);
  add(std::move(text));
}

void ProgramRenderer::render(const Drop<Sequence>& op) { add("DROP SEQUENCE " + quote_name(op.object.name)); }

void ProgramRenderer::render(const Alter<Sequence>& op) {
  for (const auto& clauses : alter_sequence_clauses(op.before, op.after)) {
    const auto alter = "ALTER SEQUENCE " + quote_name(op.after.name) + clauses;
    // MariaDB (11.8) takes keys of what the session looked at before for the sequence's own, but in a statement that is parsed by itself.
    add(clauses.starts_with(" AS ") ? "EXECUTE IMMEDIATE " + quote_text(alter) : alter);
  }
  if (op.before.comment != op.after.comment) add("ALTER TABLE " + quote_name(op.after.name) + " COMMENT=" + quote_text(op.after.comment));
  const auto engine = option(op.after.options, "engine");
  if (engine != option(op.before.options, "engine")) add("ALTER TABLE " + quote_name(op.after.name) + " ENGINE=" + (engine.empty() ? context_.engine : engine));
}

void ProgramRenderer::render(const Rename<Sequence>& op) {
  add(fmt::format("RENAME TABLE {} TO {}", quote_name(op.from), quote_name(op.to)));
  move_rights(op.from, op.to);
}

void ProgramRenderer::render(const Add<Trigger>& op) { in_session_of(op.object.options, {create_trigger(op.object, context_)}); }

void ProgramRenderer::render(const Remove<Trigger>& op) { add("DROP TRIGGER " + quote_name(op.object.name)); }

void ProgramRenderer::render(const Change<Trigger>& op) {
  replace("trigger " + op.after.name, "DROP TRIGGER " + quote_name(op.before.name), create_trigger(op.after, context_), op.after.options);
}

void ProgramRenderer::render(const RenamePart<Trigger>& op) {
  const auto* table = find_named(state_.tables, op.table);
  const auto* trigger = table == nullptr ? nullptr : find_named(table->triggers, op.from);
  if (trigger == nullptr) throw std::logic_error("rename of a trigger that is not there: " + op.from);
  auto renamed = *trigger;
  renamed.definition = renamed_program(trigger->definition, quote_name(op.to), program_rules(trigger->options, context_));
  check_definer("trigger " + op.from, renamed.options, create_trigger(renamed, context_));
  add("DROP TRIGGER " + quote_name(op.from));
  in_session_of(renamed.options, {create_trigger(renamed, context_)});
}

}  // namespace migrate::mysql
