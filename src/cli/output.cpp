#include "cli/output.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

namespace migrate::cli {
namespace {

void write(std::FILE* file, std::string_view text) { std::fwrite(text.data(), 1, text.size(), file); }

std::string_view kind_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::difference: return "difference";
    case ErrorKind::locked: return "locked";
    case ErrorKind::needs_person: return "needs_person";
    default: return "failed";
  }
}

std::string place_of(const Location& location) {
  std::string out = shown_path(location.file);
  if (location.line > 0) out += ":" + std::to_string(location.line);
  if (location.line > 0 && location.column > 0) out += ":" + std::to_string(location.column);
  return out;
}

}  // namespace

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

std::string Output::paint(const char* code, const std::string& text) const {
  return style_.color_out ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
}

void Output::line(const std::string& text) const {
  end_progress();
  write(stdout, text + "\n");
}

void Output::text(const std::string& text) const {
  end_progress();
  write(stdout, text);
}

void Output::note(const std::string& text) const {
  if (style_.quiet) return;
  end_progress();
  std::fflush(stdout);
  write(stderr, text + "\n");
}

void Output::detail(const std::string& text) const {
  if (style_.verbose) note(text);
}

void Output::warn(const std::string& text) const {
  end_progress();
  std::fflush(stdout);
  write(stderr, (style_.color_err ? "\x1b[33mwarning:\x1b[0m " : "warning: ") + text + "\n");
}

void Output::error(const Error& error) const {
  end_progress();
  std::fflush(stdout);
  if (style_.json) {
    nlohmann::ordered_json object{{"event", "error"}, {"kind", kind_text(error.kind)}, {"message", error.message()}};
    if (!error.hint.empty()) object["hint"] = error.hint;
    if (error.location.known()) object["file"] = error.location.file;
    if (error.location.line > 0) object["line"] = error.location.line;
    if (error.location.column > 0) object["column"] = error.location.column;
    object["exit_code"] = exit_code(error.kind);
    write(stdout, object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    std::fflush(stdout);
  }
  std::string text = style_.color_err ? "\x1b[31merror:\x1b[0m " : "error: ";
  if (error.location.known()) text += place_of(error.location) + ": ";
  text += error.message() + "\n";
  if (!error.hint.empty()) text += "  hint: " + error.hint + "\n";
  write(stderr, text);
}

void Output::progress(const std::string& text) const {
  if (style_.quiet || style_.json || ::isatty(STDERR_FILENO) == 0) return;
  write(stderr, "\r\x1b[K" + text);
  std::fflush(stderr);
  progress_shown_ = true;
}

void Output::end_progress() const {
  if (!progress_shown_) return;
  progress_shown_ = false;
  write(stderr, "\r\x1b[K");
}

}  // namespace migrate::cli
