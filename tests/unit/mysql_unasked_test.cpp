// Texts that a server of MySQL stores in words of its own, told apart without asking it.
#include <doctest/doctest.h>

#include "dialect/mysql/canonical/unasked.hpp"

namespace mysql_unasked_test {

using namespace migrate;

namespace {

mysql::Context context() {
  mysql::Context context;
  context.mariadb = false;
  context.version = 80400;
  context.database = "shop";
  return context;
}

struct Pair {
  const char* declared;
  const char* stored;  ///< as MySQL 9.7 prints it
};

}  // namespace

TEST_CASE("what MySQL prints of an expression or a query is what was declared") {
  const Pair pairs[] = {
      {"age > 0", "(`age` > 0)"},
      {"age > 1 AND age < 200", "((`age` > 1) and (`age` < 200))"},
      {"a = 1 OR b = 2 AND c = 3", "((`a` = 1) or ((`b` = 2) and (`c` = 3)))"},
      {"a = 1 OR (b = 2 OR c = 3)", "((`a` = 1) or (`b` = 2) or (`c` = 3))"},
      {"price * quantity + 1", "((`price` * `quantity`) + 1)"},
      {"state IN ('new', 'paid')", "(`state` in (_utf8mb4'new',_utf8mb4'paid'))"},
      {"name IS NOT NULL", "(`name` is not null)"},
      {"name NOT LIKE 'x%'", "(`name` not like _utf8mb4'x%')"},
      {"age BETWEEN 1 AND 9", "(`age` between 1 and 9)"},
      {"length(name) > 3", "(length(`name`) > 3)"},
      {"SELECT id, name FROM users", "select `users`.`id` AS `id`,`users`.`name` AS `name` from `users`"},
      {"SELECT id FROM users WHERE age > 17 ORDER BY id", "select `users`.`id` AS `id` from `users` where (`users`.`age` > 17) order by `users`.`id`"},
      {"SELECT u.id, count(*) AS orders FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.id",
       "select `u`.`id` AS `id`,count(0) AS `orders` from (`users` `u` join `orders` `o` on((`o`.`user_id` = `u`.`id`))) group by `u`.`id`"},
  };
  for (const auto& pair : pairs) {
    CAPTURE(pair.declared);
    CHECK(mysql::stored_as(pair.declared, pair.stored, context()));
  }
}

TEST_CASE("another expression is not taken for what MySQL prints") {
  const Pair pairs[] = {
      {"age > 1", "(`age` > 2)"},
      {"(a = 1 OR b = 2) AND c = 3", "((`a` = 1) or ((`b` = 2) and (`c` = 3)))"},
      {"a - (b - c)", "((`a` - `b`) - `c`)"},
      {"state IN ('New', 'paid')", "(`state` in (_utf8mb4'new',_utf8mb4'paid'))"},
      {"NOT (a AND b)", "((not `a`) and `b`)"},
      {"SELECT id AS number FROM users", "select `users`.`id` AS `id` from `users`"},
      {"SELECT id FROM users", "select `users`.`id` AS `number` from `users`"},
      {"SELECT u.id FROM users u JOIN orders o ON o.id = u.id", "select `o`.`id` AS `id` from (`users` `u` join `orders` `o` on((`o`.`id` = `u`.`id`)))"},
      {"SELECT id FROM users WHERE age > 17", "select `users`.`id` AS `id` from `users`"},
      {"SELECT a.id FROM a LEFT JOIN b ON a.id = b.id", "select `a`.`id` AS `id` from (`a` join `b` on((`a`.`id` = `b`.`id`)))"},
  };
  for (const auto& pair : pairs) {
    CAPTURE(pair.declared);
    CHECK_FALSE(mysql::stored_as(pair.declared, pair.stored, context()));
  }
}

}  // namespace mysql_unasked_test
