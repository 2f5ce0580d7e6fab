#include "dialect/postgresql/keep/face.hpp"

#include <fmt/format.h>

#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

/// Whether the server would carry the DROP out: it is asked, and it is undone.
bool drop_works(Connection& connection, const DroppedTable& dropped) {
  try {
    connection.execute(dropped.in_transaction ? "SAVEPOINT migrate_keep" : "BEGIN");
    connection.execute(dropped.statement);
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::statement) throw;
    connection.execute(dropped.in_transaction ? "ROLLBACK TO SAVEPOINT migrate_keep" : "ROLLBACK");
    return false;
  }
  connection.execute(dropped.in_transaction ? "ROLLBACK TO SAVEPOINT migrate_keep; RELEASE SAVEPOINT migrate_keep" : "ROLLBACK");
  return true;
}

/// What keeps a table from being renamed aside: partitions and children, whose rows are the table's too, an extension's table; and
/// what stands on it and goes by CASCADE in a way that is not written here.
constexpr std::string_view obstacles = R"(
select count(*) from (
  select 1 from pg_class where oid = {0} and (relkind <> 'r' or reloftype <> 0)
  union all select 1 from pg_inherits where {0} in (inhrelid, inhparent)
  union all select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = {0} and d.deptype = 'e'
  union all select 1 from pg_depend d, pg_class c where c.oid = {0} and d.refclassid = 'pg_type'::regclass and d.refobjid in (c.reltype, (select typarray from pg_type where oid = c.reltype)) and d.deptype = 'n'
  union all select 1 from pg_depend s, pg_depend d left join pg_attrdef a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
            where s.refclassid = 'pg_class'::regclass and s.refobjid = {0} and s.classid = 'pg_class'::regclass and s.deptype in ('a', 'i')
              and d.refclassid = 'pg_class'::regclass and d.refobjid = s.objid and d.deptype = 'n' and a.adrelid is distinct from {0}
              and exists (select 1 from pg_class q where q.oid = s.objid and q.relkind = 'S')
  union all select 1 from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = {0} and d.deptype = 'n' and d.objid <> {0}
              and not (d.classid = 'pg_rewrite'::regclass or d.classid = 'pg_constraint'::regclass or d.classid = 'pg_policy'::regclass or d.classid = 'pg_trigger'::regclass
                       or (d.classid = 'pg_attrdef'::regclass and exists (select 1 from pg_attrdef a where a.oid = d.objid and a.adrelid = {0})))
) x)";

/// In order: what CASCADE takes; what would be in the way under its name, keep watch over other tables, or hold on to functions that may
/// be dropped next; and the rename.
constexpr std::string_view aside_sql = R"(
select sql from (
  select distinct 1 as place, format('DROP %s IF EXISTS %s CASCADE', case v.relkind when 'm' then 'MATERIALIZED VIEW' else 'VIEW' end, v.oid::regclass) as sql
    from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid join pg_class v on v.oid = r.ev_class
   where d.refclassid = 'pg_class'::regclass and d.refobjid = {0} and d.deptype = 'n' and v.oid <> {0} and v.relkind in ('v', 'm')
  union all
  select 2, format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname) from pg_constraint
   where (contype = 'f' and {0} in (conrelid, confrelid)) or (contype in ('c', 'x') and conrelid = {0})
  union all
  select 3, format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) from pg_trigger where tgrelid = {0} and not tgisinternal
  union all
  select 3, format('DROP POLICY %I ON %s', polname, polrelid::regclass) from pg_policy where polrelid = {0}
  union all
  select 4, format('ALTER TABLE %s ALTER COLUMN %I DROP %s', d.adrelid::regclass, a.attname, case a.attgenerated when '' then 'DEFAULT' else 'EXPRESSION' end)
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where d.adrelid = {0} and a.attgenerated in ('', 's')
  union all
  select 4, format('DROP STATISTICS %I.%I', stxnamespace::regnamespace::text, stxname) from pg_statistic_ext where stxrelid = {0}
  union all
  select 5, format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, {0}::regclass) from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where r.prrelid = {0}
  union all
  select 6, case when k.oid is null then format('DROP INDEX %I.%I', n.nspname, c.relname)
                 else format('ALTER INDEX %I.%I RENAME TO %I', n.nspname, c.relname, {1} || '_i' || row_number() over (order by c.relname)) end
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
   where i.indrelid = {0} and k.contype is distinct from 'x'
  union all
  select 7, format('ALTER SEQUENCE %I.%I RENAME TO %I', n.nspname, c.relname, {1} || '_s' || row_number() over (order by c.relname))
    from pg_depend d join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind = 'S' join pg_namespace n on n.oid = c.relnamespace
   where d.refclassid = 'pg_class'::regclass and d.refobjid = {0} and d.deptype in ('a', 'i')
  union all
  select 8, format('ALTER TABLE %s RENAME TO %I', {0}::regclass, {1})
) x order by place, sql)";

class PostgresqlKeep final : public KeepFace {
 public:
  [[nodiscard]] SetAside set_aside(Connection& connection, const ServerInfo& /*server*/, const DroppedTable& dropped) const override {
    if (!drop_works(connection, dropped)) return {.way = SetAside::Way::none, .statements = {}};
    const auto id = quote_text(quote_name(dropped.table->name)) + "::regclass::oid";
    if (connection.query(fmt::format(obstacles, id)).rows.at(0).at(0) != "0") return {};
    SetAside aside{.way = SetAside::Way::rename, .statements = {}};
    aside.statements = first_column(connection.query(fmt::format(aside_sql, id, quote_text(dropped.kept.name))));
    return aside;
  }

  [[nodiscard]] std::string lock_sql(const QualifiedName& table) const override { return "LOCK TABLE " + quote_name(table) + " IN SHARE ROW EXCLUSIVE MODE"; }

  [[nodiscard]] std::string rows_of_others(Connection& connection, const QualifiedName& table) const override {
    const auto result = connection.query("select relispartition, relkind = 'r' and exists (select 1 from pg_inherits where inhparent = c.oid) from pg_class c where oid = " + quote_text(quote_name(table)) + "::regclass");
    if (result.rows.at(0).at(0) == "t") return "it is a partition, and its rows are those of the table that it is part of";
    return result.rows.at(0).at(1) == "t" ? "tables inherit from it, and their rows are among its own" : "";
  }

  [[nodiscard]] std::string take_rows_sql(const std::string& deletion, const std::string& kept, const std::string& columns, const std::string& taken) const override {
    return fmt::format("WITH migrate_taken ({}) AS ({} RETURNING {}) INSERT INTO {} ({}) SELECT {} FROM migrate_taken", columns, deletion, taken, kept, columns, columns);
  }

  [[nodiscard]] std::string same_sql(const std::string& a, const std::string& b) const override {
    return fmt::format("{}::text IS NOT DISTINCT FROM {}::text", a, b);
  }

  [[nodiscard]] std::string put_back_sql(const QualifiedName& table, const QualifiedName& kept, const std::vector<Assignment>& assignments,
                                         const std::vector<std::string>& key, const std::string& condition) const override {
    return update_from_sql(quote_name(table), quote_name(kept), assignments, key, condition, [](const std::string& column) { return quote_name(column); });
  }

  /// Types that somebody has made may be dropped, or made anew: their values are kept as texts.
  [[nodiscard]] std::string kept_type(Connection& connection, const std::string& type) const override {
    const auto result = connection.query("select typnamespace = 'pg_catalog'::regnamespace from pg_type where oid = to_regtype(" + quote_text(type) + ")");
    return !result.rows.empty() && result.rows[0].at(0) == "t" ? type : "text";
  }
  [[nodiscard]] std::string converted(const std::string& expression, const std::string& from, const std::string& to) const override {
    return from == to ? expression : expression + "::text::" + to;
  }

  [[nodiscard]] std::vector<std::string> set_type_aside(Connection& connection, const QualifiedName& type, const std::string& prefix) const override {
    const auto users = connection.query(fmt::format(
        "select c.relname from pg_type t join pg_depend d on d.refclassid = 'pg_type'::regclass and d.refobjid in (t.oid, t.typarray) and d.deptype = 'n' "
        "left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid where t.oid = to_regtype({}) order by c.relname", quote_text(quote_name(type))));
    for (const auto& row : users.rows) {
      if (!row.at(0) || !row.at(0)->starts_with(prefix)) return {};
    }
    if (users.rows.empty()) return {};
    return {"ALTER TYPE " + quote_name(type) + " RENAME TO " + quote_name(*users.rows[0].at(0) + "_" + type.name.substr(0, 20))};
  }
  [[nodiscard]] std::string drop_types_sql(const QualifiedName& kept) const override {
    const auto prefix = quote_text(kept.name.substr(0, kept.name.rfind('_') + 1));
    return fmt::format("do $keep$ declare r record; begin for r in select t.oid::regtype as name from pg_type t where t.typname like replace({}, '_', '\\_') || '%' and t.typtype in ('e', 'd', 'c') "
                       "and (t.typrelid = 0 or exists (select 1 from pg_class c where c.oid = t.typrelid and c.relkind = 'c')) "
                       "and not exists (select 1 from pg_depend d where d.refclassid = 'pg_type'::regclass and d.refobjid in (t.oid, t.typarray) and d.deptype = 'n') "
                       "loop execute format('drop type %s', r.name); end loop; end $keep$", prefix);
  }

  [[nodiscard]] std::string own_numbers() const override { return "OVERRIDING SYSTEM VALUE"; }

  [[nodiscard]] std::optional<Silence> silence(const Table& table) const override {
    Silence silence;
    for (const auto& trigger : table.triggers) {
      const auto enabled = trigger.options.find("enabled");
      const auto how = enabled == trigger.options.end() ? std::string("origin") : enabled->second;
      if (how != "origin" && how != "always") continue;
      const auto start = "ALTER TABLE " + quote_name(table.name);
      silence.off.push_back(start + " DISABLE TRIGGER " + quote_name(trigger.name));
      silence.on.push_back(start + (how == "always" ? " ENABLE ALWAYS TRIGGER " : " ENABLE TRIGGER ") + quote_name(trigger.name));
    }
    return silence;
  }

  [[nodiscard]] std::string bytes_sql(const QualifiedName& table) const override {
    return "select pg_total_relation_size(" + quote_text(quote_name(table)) + "::regclass)";
  }
};

}  // namespace

const KeepFace& keep_face() {
  static const PostgresqlKeep instance;
  return instance;
}

}  // namespace migrate::postgresql
