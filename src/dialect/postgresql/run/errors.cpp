#include "dialect/postgresql/run/errors.hpp"

namespace migrate::postgresql {

DatabaseError::Cause cause_of(std::string_view sqlstate) {
  using Cause = DatabaseError::Cause;
  if (sqlstate == "55P03") return Cause::lock_timeout;
  if (sqlstate == "40001" || sqlstate == "40P01") return Cause::serialization;
  if (sqlstate == "57014") return Cause::cancelled;
  if (sqlstate.starts_with("08") || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03") return Cause::connection;
  if (sqlstate.starts_with("28")) return Cause::authentication;
  return Cause::statement;
}

std::string hint_of(std::string_view sqlstate, std::string_view words) {
  const auto says = [&](std::string_view part) { return words.find(part) != std::string_view::npos; };
  if (sqlstate == "55P04") return "a new value of an enum can be used in the next transaction: put what uses it into a unit of its own, or `-- transaction: off` into the header of this one";
  if (sqlstate == "2D000") return "the procedure ends transactions itself: put `-- transaction: off` into the unit's header; each of its statements then commits by itself";
  if (sqlstate == "53300") return "the server has no connection left: end some, or raise max_connections";
  if (sqlstate == "25006" && says("recovery")) return "this server is a standby that follows another one; name the primary, or all of them: postgresql://a:5432,b:5432/name";
  if (sqlstate == "25006") return "this server, or this session, takes no writes; name the server that does (the primary), or all of them: postgresql://a:5432,b:5432/name";
  return {};
}

}  // namespace migrate::postgresql
