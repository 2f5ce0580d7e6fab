/// A few values and rows of a database, to be looked at beside a question: masked as migrate.yaml says, cut where they are long.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/rows.hpp"
#include "dialect/server.hpp"
#include "project/url.hpp"
#include "review/review.hpp"
#include "rows/mask.hpp"

namespace migrate::review {

class SampleReader {
 public:
  /// `live`: the schema as it was inspected; it and the dialect have to outlive the reader. A session of its own is opened when something is first read.
  SampleReader(const Dialect& dialect, const ServerInfo& server, DatabaseUrl url, const Schema& live, Masks masks, std::string mask_key)
      : dialect_(dialect), server_(server), url_(std::move(url)), live_(live), masks_(std::move(masks)), mask_key_(std::move(mask_key)) {}

  /// Different values of a column, NULL left out.
  [[nodiscard]] Samples values(const QualifiedName& table, const std::string& column, std::size_t most);

  /// Rows that meet a condition (SQL; "": all), in the order of the table's key; `first` are the columns to begin with, a few others follow.
  [[nodiscard]] Samples rows(const QualifiedName& table, const std::vector<std::string>& first, const std::string& condition, std::size_t most);

 private:
  using Take = std::function<bool(std::vector<std::string> row)>;
  void read(const Table& table, const std::vector<std::string>& columns, const std::string& condition, std::size_t most, const Take& take);

  const Dialect& dialect_;
  const ServerInfo& server_;
  DatabaseUrl url_;
  const Schema& live_;
  Masks masks_;
  std::string mask_key_;
  std::unique_ptr<RowsConnection> connection_;
};

}  // namespace migrate::review
