/* The front of a bundle (migrate bundle): a static program that unpacks what is appended to it into a folder of its own, runs
   the program in there with the libraries that came along, and removes the folder. It needs nothing of the system but a kernel
   and a folder for temporary files. The layout is written by src/cli/command_bundle.cpp.

   With nothing appended it is bin/migrate of a release's archive (scripts/package): it runs ../lib/migrate in place. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[4096];
static volatile pid_t child = 0;

static void remove_tree(const char* path) {
  DIR* entries = opendir(path);
  if (entries != NULL) {
    for (struct dirent* entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
      char inner[8192];
      struct stat status;
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
      if (lstat(inner, &status) == 0 && S_ISDIR(status.st_mode)) remove_tree(inner);
      else unlink(inner);
    }
    closedir(entries);
  }
  rmdir(path);
}

static void fail(const char* what) {
  fprintf(stderr, "error: this bundle cannot start: %s: %s\n", what, strerror(errno));
  if (folder[0] != '\0') remove_tree(folder);
  exit(1);
}

static void pass_on(int number) {
  if (child > 0) kill(child, number);
}

static void make_folders(char* path) {
  for (char* at = path + strlen(folder) + 1; (at = strchr(at, '/')) != NULL; ++at) {
    *at = '\0';
    mkdir(path, 0700);
    *at = '/';
  }
}

static void read_exactly(int from, void* into, size_t size) {
  char* at = into;
  while (size > 0) {
    const ssize_t got = read(from, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("reading it");
    at += got;
    size -= (size_t)got;
  }
}

/* Where what is appended begins and ends; 0 when nothing is. */
static int find_archive(int from, off_t* start, off_t* end) {
  unsigned char trailer[16];
  *end = lseek(from, -(off_t)sizeof trailer, SEEK_END);
  if (*end < 0) fail("reading it");
  read_exactly(from, trailer, sizeof trailer);
  uint64_t first;
  memcpy(&first, trailer, 8);
  *start = (off_t)first;
  return memcmp(trailer + 8, "MIGRATE1", 8) == 0;
}

static void unpack(int from, off_t start, off_t end) {
  if (lseek(from, start, SEEK_SET) < 0) fail("reading it");
  static char buffer[1 << 16];
  for (off_t at = start; at < end;) {
    uint32_t sizes[2];
    uint64_t size;
    char path[8192];
    read_exactly(from, sizes, sizeof sizes);
    read_exactly(from, &size, sizeof size);
    if (sizes[1] >= 4000) fail("a name is too long");
    const int length = snprintf(path, sizeof path, "%s/", folder);
    read_exactly(from, path + length, sizes[1]);
    path[length + (int)sizes[1]] = '\0';
    make_folders(path);
    const int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)sizes[0]);
    if (to < 0) fail(path);
    for (uint64_t left = size; left > 0;) {
      const size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;
      read_exactly(from, buffer, part);
      for (size_t put = 0; put < part;) {
        const ssize_t done = write(to, buffer + put, part - put);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail(path);
        put += (size_t)done;
      }
      left -= part;
    }
    close(to);
    at += (off_t)(sizeof sizes + sizeof size + sizes[1] + size);
  }
}

/* Becomes the program in `place`, with the loader and the libraries there. */
static void become(const char* place, int argc, char** argv) {
  static char loader[8192], libraries[8192], program[8192];
  snprintf(loader, sizeof loader, "%s/loader", place);
  snprintf(libraries, sizeof libraries, "%s/lib", place);
  snprintf(program, sizeof program, "%s/migrate", place);
  char** words = calloc((size_t)argc + 8, sizeof *words);
  int count = 0;
  words[count++] = loader;
  words[count++] = "--library-path";
  words[count++] = libraries;
  words[count++] = program;
  for (int i = 1; i < argc; ++i) words[count++] = argv[i];
  execv(loader, words);
}

/* bin/migrate of an archive that somebody has unpacked. */
static void run_in_place(int argc, char** argv) {
  static char self[4096], place[8192];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length > 0) {
    char* slash = strrchr(self, '/');
    if (slash != NULL) *slash = '\0';
    snprintf(place, sizeof place, "%s/../lib/migrate", self);
    become(place, argc, argv);
  }
  fprintf(stderr, "error: this program needs ../lib/migrate beside its folder, as they were in its archive: %s\n", strerror(errno));
  exit(1);
}

int main(int argc, char** argv) {
  const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (self < 0) fail("reading it");
  off_t start, end;
  if (!find_archive(self, &start, &end)) run_in_place(argc, argv);
  const char* base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/migrate-XXXXXX", base != NULL && *base != '\0' ? base : "/tmp");
  if (mkdtemp(folder) == NULL) {
    folder[0] = '\0';
    fail("making a folder for temporary files (TMPDIR names another place)");
  }
  unpack(self, start, end);
  close(self);

  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = pass_on;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  action.sa_handler = SIG_IGN; /* Ctrl-C reaches the whole group */
  sigaction(SIGINT, &action, NULL);
  const pid_t parent = getpid();
  child = fork();
  if (child < 0) fail("starting it");
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    char project[8192];
    snprintf(project, sizeof project, "%s/project", folder);
    if (access(project, F_OK) == 0) setenv("MIGRATE_BUNDLE", folder, 1);
    setenv("MIGRATE_DRIVERS", folder, 1);
    become(folder, argc, argv);
    fprintf(stderr, "error: this bundle cannot start: %s/loader: %s (TMPDIR names another folder, from which programs may be run)\n", folder, strerror(errno));
    _exit(1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  remove_tree(folder);
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
