#include <algorithm>
#include <iterator>
#include <map>
#include <type_traits>

#include "operation/operation.hpp"

namespace migrate {
namespace {

template <class T>
std::string kind_of(const T&) {
  if constexpr (std::is_same_v<T, Extension>) return "extension";
  else if constexpr (std::is_same_v<T, EnumType>) return "enum";
  else if constexpr (std::is_same_v<T, Domain>) return "domain";
  else if constexpr (std::is_same_v<T, Sequence>) return "sequence";
  else if constexpr (std::is_same_v<T, Table>) return "table";
  else if constexpr (std::is_same_v<T, Column>) return "column";
  else if constexpr (std::is_same_v<T, PrimaryKey>) return "primary key";
  else if constexpr (std::is_same_v<T, Unique>) return "unique constraint";
  else if constexpr (std::is_same_v<T, ForeignKey>) return "foreign key";
  else if constexpr (std::is_same_v<T, Check>) return "check";
  else if constexpr (std::is_same_v<T, Exclusion>) return "exclusion constraint";
  else if constexpr (std::is_same_v<T, Index>) return "index";
  else if constexpr (std::is_same_v<T, Trigger>) return "trigger";
  else return "policy";
}
std::string kind_of(const Definition& definition) { return definition.kind; }
std::string kind_of(const Routine& routine) { return routine.kind == Routine::Kind::procedure ? "procedure" : "function"; }
std::string kind_of(const View& view) { return view.materialized ? "materialized view" : "view"; }

template <class T>
std::string name_of(const T& object) {
  return object.name.text();
}
std::string name_of(const Extension& extension) { return extension.name; }
std::string name_of(const Routine& routine) {
  return routine.name.text() + (routine.arguments.empty() ? "" : "(" + routine.arguments + ")");
}

std::string name_of(const AccessPlace& place) {
  const auto name = place.name.text();
  switch (place.kind) {
    case AccessPlace::Kind::schema: return place.name.schema.empty() ? "the default schema" : "schema " + place.name.schema;
    case AccessPlace::Kind::table: return "table " + name;
    case AccessPlace::Kind::view: return "view " + name;
    case AccessPlace::Kind::materialized_view: return "materialized view " + name;
    case AccessPlace::Kind::sequence: return "sequence " + name;
    case AccessPlace::Kind::function: return "function " + name + "(" + place.part + ")";
    case AccessPlace::Kind::procedure: return "procedure " + name + "(" + place.part + ")";
    case AccessPlace::Kind::type: return "type " + name;
    case AccessPlace::Kind::column: return "column " + name + "." + place.part;
    case AccessPlace::Kind::defaults: break;
  }
  return "new " + place.part + (place.name.schema == "*" ? "" : " in " + (place.name.schema.empty() ? "the default schema" : "schema " + place.name.schema)) + " made by " + place.name.name;
}

std::string list(const std::vector<IndexPart>& parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += ", ";
    out += part.column.empty() ? "(" + part.expression + ")" : part.column;
    if (part.descending) out += " desc";
  }
  return "(" + out + ")";
}

std::string detail(const Column& column) { return " " + column.type + (column.nullable ? "" : " not null"); }
std::string detail(const PrimaryKey& key) { return " " + list(key.parts); }
std::string detail(const Unique& unique) { return " " + list(unique.parts); }
std::string detail(const Index& index) { return " " + list(index.parts); }
std::string detail(const Check& check) { return " (" + check.expression + ")"; }
std::string detail(const ForeignKey& key) {
  std::string columns;
  for (const auto& column : key.columns) columns += (columns.empty() ? "" : ", ") + column;
  return " (" + columns + ") -> " + key.references.text();
}
template <class T>
std::string detail(const T&) {
  return "";
}

template <class T>
std::string part_name(const QualifiedName& table, const T& part) {
  return kind_of(part) + " " + table.text() + (part.name.empty() ? "" : "." + part.name);
}

std::string changes(const Column& before, const Column& after) {
  std::vector<std::string> out;
  if (before.type != after.type) out.push_back("type " + before.type + " -> " + after.type);
  if (before.nullable != after.nullable) out.push_back(after.nullable ? "nullable" : "not null");
  if (before.default_value != after.default_value) {
    out.push_back(after.default_value ? "default " + after.default_value->text : "no default");
  }
  if (before.identity != after.identity) out.push_back(after.identity ? "identity" : "no identity");
  if (before.generated != after.generated) out.push_back(after.generated ? "generated" : "not generated");
  if (before.collation != after.collation) out.push_back("collation " + (after.collation.empty() ? "default" : after.collation));
  if (before.comment != after.comment) out.push_back("comment");
  if (before.options != after.options) out.push_back("options");
  std::string text;
  for (const auto& change : out) text += (text.empty() ? ": " : ", ") + change;
  return text;
}
template <class T>
std::string changes(const T&, const T&) {
  return "";
}

/// "reader: select, update with grant option", an account after the other.
std::string grants_text(const std::vector<Grant>& grants) {
  std::map<std::pair<std::string, std::string>, std::string> by_account;
  for (const auto& grant : grants) {
    auto& text = by_account[{grant.to, grant.by}];
    text += (text.empty() ? "" : ", ") + grant.privilege + (grant.grantable ? " with grant option" : "");
  }
  std::string out;
  for (const auto& [account, text] : by_account) {
    out += (out.empty() ? "" : "; ") + account.first + (account.second.empty() ? "" : " (by " + account.second + ")") + ": " + text;
  }
  return out.empty() ? "none" : out;
}

/// The grants of `a` that `b` has not.
std::vector<Grant> without(const std::vector<Grant>& a, const std::vector<Grant>& b) {
  std::vector<Grant> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

std::string changes_of(const SetAccess& op) {
  std::string text;
  if (op.before.owner != op.after.owner) text = "owner of " + name_of(op.on) + " " + op.before.owner.value_or("") + " -> " + op.after.owner.value_or("");
  if (op.before.grants == op.after.grants) return text;
  const std::vector<Grant> none;
  const auto& before = op.before.grants ? *op.before.grants : none;
  const auto& after = op.after.grants ? *op.after.grants : none;
  text += (text.empty() ? "privileges on " : ", privileges on ") + name_of(op.on);
  if (const auto less = without(before, after); !less.empty()) text += " -(" + grants_text(less) + ")";
  if (const auto more = without(after, before); !more.empty()) text += " +(" + grants_text(more) + ")";
  return text;
}

struct Describer {
  std::string operator()(const CreateSchema& op) const { return "create schema " + op.name; }
  std::string operator()(const DropSchema& op) const { return "drop schema " + op.name; }
  std::string operator()(const SetDatabaseOptions&) const { return "alter the options of the database"; }
  std::string operator()(const SetAccess& op) const { return "alter " + changes_of(op); }
  std::string operator()(const Sql& op) const { return "run " + op.text.substr(0, op.text.find('\n')); }
  std::string operator()(const ReorderColumns& op) const { return "reorder the columns of " + op.table.text(); }
  template <class T>
  std::string operator()(const Create<T>& op) const {
    return "create " + kind_of(op.object) + " " + name_of(op.object);
  }
  template <class T>
  std::string operator()(const Drop<T>& op) const {
    return "drop " + kind_of(op.object) + " " + name_of(op.object);
  }
  template <class T>
  std::string operator()(const Alter<T>& op) const {
    return "alter " + kind_of(op.after) + " " + name_of(op.after);
  }
  template <class T>
  std::string operator()(const Rename<T>& op) const {
    T object;
    if constexpr (std::is_same_v<T, Definition>) object.kind = op.kind;
    if constexpr (std::is_same_v<T, View>) object.materialized = op.kind == "materialized";
    if constexpr (std::is_same_v<T, Routine>) object.kind = op.kind == "procedure" ? Routine::Kind::procedure : Routine::Kind::function;
    return "rename " + kind_of(object) + " " + op.from.text() + " to " + op.to.text();
  }
  template <class T>
  std::string operator()(const Add<T>& op) const {
    return "add " + part_name(op.table, op.object) + detail(op.object);
  }
  template <class T>
  std::string operator()(const Remove<T>& op) const {
    return "drop " + part_name(op.table, op.object);
  }
  template <class T>
  std::string operator()(const Change<T>& op) const {
    return "alter " + part_name(op.table, op.after) + changes(op.before, op.after);
  }
  template <class T>
  std::string operator()(const RenamePart<T>& op) const {
    return "rename " + kind_of(T{}) + " " + op.table.text() + "." + op.from + " to " + op.to;
  }
};

struct TableOf {
  template <class T>
  const QualifiedName* operator()(const T& op) const {
    if constexpr (requires { op.table; }) return &op.table;
    else return nullptr;
  }
  const QualifiedName* operator()(const Create<Table>& op) const { return &op.object.name; }
  const QualifiedName* operator()(const Drop<Table>& op) const { return &op.object.name; }
  const QualifiedName* operator()(const Alter<Table>& op) const { return &op.before.name; }
  const QualifiedName* operator()(const Rename<Table>& op) const { return &op.from; }
};

}  // namespace

std::string describe(const Operation& operation) { return std::visit(Describer{}, operation); }

const QualifiedName* table_of(const Operation& operation) { return std::visit(TableOf{}, operation); }

}  // namespace migrate
