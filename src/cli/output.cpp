#include "cli/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/filesystem.hpp"
#include "core/streams.hpp"
#include "core/text.hpp"

namespace migrate::cli {
namespace {

void out(std::string_view text) { standard_output().write(text); }
void err(std::string_view text) { standard_error().write(text); }

/// All that comes from a file or a server goes through this: the only control sequences that reach a terminal are our own.
std::string for_terminal(std::string_view text, bool colors) {
  std::string out;
  while (colors) {
    const auto start = text.find("\x1b[");
    const auto end = start == std::string_view::npos ? start : text.find_first_not_of("0123456789", start + 2);
    if (end == std::string_view::npos || text[end] != 'm' || end - start > 4) break;
    out += printable(text.substr(0, start)).append(text.substr(start, end + 1 - start));
    text.remove_prefix(end + 1);
  }
  return out += printable(text);
}

std::string_view kind_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::difference: return "difference";
    case ErrorKind::locked: return "locked";
    case ErrorKind::needs_person: return "needs_person";
    default: return "failed";
  }
}

/// The ticker's thread says something too.
std::recursive_mutex& writing() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

std::string place_text(const Location& location) {
  std::string out = shown_path(location.file);
  if (location.line > 0) out += ":" + std::to_string(location.line);
  if (location.line > 0 && location.column > 0) out += ":" + std::to_string(location.column);
  return out;
}

std::string shown_path(const std::string& path) {
  std::error_code error;
  const auto here = std::filesystem::current_path(error).string() + "/";
  return !error && path.starts_with(here) ? path.substr(here.size()) : path;
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return 2;
    case ErrorKind::difference: return 3;
    case ErrorKind::locked: return 4;
    case ErrorKind::needs_person: return 5;
    default: return 1;
  }
}

Style make_style(const std::string& color, bool quiet, bool verbose, bool json) {
  if (!color.empty() && color != "auto" && color != "always" && color != "never") {
    throw Error{ErrorKind::usage, "--color cannot be '" + color + "'", "auto, always or never"};
  }
  const char* no_color = std::getenv("NO_COLOR");
  const bool may = color != "never" && (no_color == nullptr || *no_color == '\0');
  Style style{.quiet = quiet, .verbose = verbose, .json = json};
  style.color_out = color == "always" || (may && ::isatty(STDOUT_FILENO) != 0);
  style.color_err = color == "always" || (may && ::isatty(STDERR_FILENO) != 0);
  return style;
}

Output::Output(Style style) : style_(style), terminal_(::isatty(STDERR_FILENO) != 0) {}

std::string Output::paint(const char* code, const std::string& text) const {
  return style_.color_out ? "\x1b[" + std::string(code) + "m" + printable(text) + "\x1b[0m" : text;
}

void Output::line(const std::string& text) const {
  const std::scoped_lock lock(writing());
  end_progress();
  out(for_terminal(text, style_.color_out) + "\n");
}

void Output::text(const std::string& text) const {
  const std::scoped_lock lock(writing());
  end_progress();
  out(::isatty(STDOUT_FILENO) != 0 ? printable(text) : text);
}

void Output::lines(const std::string& text) const {
  const std::scoped_lock lock(writing());
  end_progress();
  out(for_terminal(text, style_.color_out));
}

void Output::note(const std::string& text) const {
  if (style_.quiet) return;
  const std::scoped_lock lock(writing());
  end_progress();
  err(printable(text) + "\n");
}

void Output::detail(const std::string& text) const {
  if (style_.verbose) note(text);
}

void Output::warn(const std::string& text) const {
  const std::scoped_lock lock(writing());
  end_progress();
  err((style_.color_err ? "\x1b[33mwarning:\x1b[0m " : "warning: ") + printable(text) + "\n");
}

void Output::error(const Error& error) const {
  const std::scoped_lock lock(writing());
  end_progress();
  if (style_.json) {
    nlohmann::ordered_json object{{"event", "error"}, {"kind", kind_text(error.kind)}, {"message", error.message()}};
    if (!error.hint.empty()) object["hint"] = error.hint;
    if (error.location.known()) object["file"] = error.location.file;
    if (error.location.line > 0) object["line"] = error.location.line;
    if (error.location.column > 0) object["column"] = error.location.column;
    object["exit_code"] = exit_code(error.kind);
    out(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    }
  std::string text = style_.color_err ? "\x1b[31merror:\x1b[0m " : "error: ";
  if (error.location.known()) text += printable(place_text(error.location)) + ": ";
  text += printable(error.message()) + "\n";
  if (!error.hint.empty()) text += "  hint: " + printable(error.hint) + "\n";
  err(text);
}

void Output::ask(const std::string& question) const {
  const std::scoped_lock lock(writing());
  end_progress();
  err(printable(question));
}

bool Output::file(const std::string& name, std::string_view content, bool program) const {
  const std::scoped_lock lock(writing());
  end_progress();
  if (name == "-" || is_standard_output(name)) {
    out(content);
    return false;
  }
  write_file(name, content, program ? FileUse::program : FileUse::text);
  return true;
}

int finish_output(int code) {
  auto& output = standard_output();
  auto& errors = standard_error();
  output.close();
  if (output.error() != 0) errors.write(std::string("error: cannot write to standard output: ") + std::strerror(output.error()) + "\n");
  errors.close();
  // A command that failed by itself says more with its own code; a difference that nobody could read was not told.
  return (output.error() != 0 || errors.error() != 0) && (code == 0 || code == exit_code(ErrorKind::difference)) ? 1 : code;
}

bool Output::shows_progress() const { return terminal_ && !style_.quiet && !style_.json; }

void Output::progress(const std::string& text, const std::string& behind) const {
  if (!shows_progress()) return;
  winsize size{};
  const int columns = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  // The last column stays free: some terminals break the line behind it.
  const auto line = cut_to_width(replace_all(printable(text), "\n", " "), columns - 1 - static_cast<int>(behind.size()));
  const std::scoped_lock lock(writing());
  err("\r\x1b[K" + line + behind);
  progress_shown_ = true;
}

void Output::end_progress() const {
  const std::scoped_lock lock(writing());
  if (!progress_shown_) return;
  progress_shown_ = false;
  err("\r\x1b[K");
}

}  // namespace migrate::cli
