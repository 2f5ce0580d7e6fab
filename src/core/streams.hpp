/// Standard output and standard error: every write is looked at, a reader that goes away ends the output and nothing else.
#pragma once

#include <string_view>

namespace migrate {

/// Writes all of the content, however many writes that takes. Returns 0, or the system's error number.
[[nodiscard]] int write_all(int descriptor, std::string_view content);

/// One of the two. Nothing is kept back: what was written is with its reader, also when the process is killed then.
class StandardStream {
 public:
  explicit StandardStream(int descriptor) : descriptor_(descriptor) {}

  /// Never throws: after a failure nothing more is written, and error() tells it.
  void write(std::string_view content);
  /// The first failure, as an error number; 0 without one. That the reader of a pipe has gone is none.
  [[nodiscard]] int error() const { return error_; }
  /// What closing it tells: some file systems report a full disk only there. To be called once, at the end.
  void close();

 private:
  int descriptor_;
  int error_ = 0;
  bool ended_ = false;
};

[[nodiscard]] StandardStream& standard_output();
[[nodiscard]] StandardStream& standard_error();
/// The stream of a descriptor's number, or null.
[[nodiscard]] StandardStream* standard_stream(int descriptor);

/// To be called first in main(): a pipe without a reader and a file that may not grow are failures of a write from then on,
/// not signals that kill; and no file or connection can get the number of a standard stream that was closed.
void prepare_streams();

}  // namespace migrate
