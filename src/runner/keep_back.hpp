/// What a downgrade puts back, from what was kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/keep_plan.hpp"

namespace migrate {

struct BackPlan {
  std::vector<std::string> ahead;  ///< definitions in front: triggers go to sleep, a table for what has to stay
  std::vector<std::string> rows;   ///< one transaction
  std::vector<std::string> behind; ///< definitions and numbers behind it
  std::vector<std::string> notes;
  KeptRecord left;                 ///< what has to stay, under the record's own id; its `kept` is "" when nothing has to
};

/// How the record is put back now; nothing when there is no place for it yet. `last`: the downgrade's own statements are done, so that
/// what finds no place now finds none.
[[nodiscard]] std::optional<BackPlan> plan_back(KeepContext& context, const KeptRecord& record, bool last);

/// What is left to do when all is put back: it goes, but for what found no place.
struct EndPlan {
  std::vector<std::string> statements;
  std::vector<std::string> notes;
};
[[nodiscard]] EndPlan plan_end(KeepContext& context, const KeptRecord& record, const KeptRecord& left);

[[nodiscard]] std::string write_back(const BackPlan& plan);
[[nodiscard]] BackPlan read_back(const std::string& text);

}  // namespace migrate
