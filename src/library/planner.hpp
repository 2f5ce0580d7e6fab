/// Works out the steps of an upgrade or a downgrade.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "library/target.hpp"

namespace migrate {

/// The steps of one command. The first call fixes which revisions are meant; later ones (behind the lock) leave out what
/// another process has done in the meantime.
class CommandPlanner {
 public:
  /// `argument` as on the command line: "head", "+1", "-1", "7".
  CommandPlanner(Target& target, Direction direction, std::string argument, bool allow_out_of_order = false)
      : target_(target), project_(target.project()), direction_(direction), argument_(std::move(argument)), allow_out_of_order_(allow_out_of_order) {}

  std::vector<Step> operator()(const std::vector<VersionRow>& rows);

 private:
  void refuse_half_done(const std::vector<VersionRow>& rows) const;
  Ids pending(const std::vector<VersionRow>& rows);
  void check_order(const Graph& graph, const Ids& applied) const;
  Ids to_revert(const std::vector<VersionRow>& rows);
  Ids repeatables_to_apply(const std::vector<VersionRow>& rows, const Ids& pending);
  Ids repeatables_to_revert(const std::vector<VersionRow>& rows, const Ids& reverted);

  Target& target_;
  Project& project_;
  Direction direction_;
  std::string argument_;
  bool allow_out_of_order_;
  std::optional<Ids> fixed_;
};

}  // namespace migrate
