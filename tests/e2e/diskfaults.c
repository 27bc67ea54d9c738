/* Preloaded into one program, this makes a call fail, or the program die, at a chosen moment.

   It counts the calls that change the disk below a folder, and steps in at one of them. The
   environment steers it, read when the program starts and again by fault_arm():

   FAULT_BELOW   the folder; nothing happens without it
   FAULT_AT      the number of the call, from 1 on; 0 only counts
   FAULT_ERRNO   the errno with which the call fails; 0 kills the program by SIGKILL instead, and
                 a write is done half before
   FAULT_STICKY  if 1, all later calls fail as well
   FAULT_LOG     a file that gets one line for each call: number, name, path

   A disk that is full still lets go: with ENOSPC the calls that need no room succeed. What the
   program starts is left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

#define CLONE_FILE 0x40049409UL
#define CLONE_RANGE 0x4020940dUL
#define EXPORTED __attribute__((visibility("default")))

enum need { ROOM, NO_ROOM };

static char below[PATH_MAX];
static size_t below_length;
static long at;
static int fault, sticky, log_fd = -1;
static pid_t owner;
static atomic_long calls;

static long number_of(const char *name) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : 0;
}

EXPORTED void fault_arm(void) {
  const char *folder = getenv("FAULT_BELOW"), *log = getenv("FAULT_LOG");
  below_length = 0;
  if (!folder || !realpath(folder, below)) return;
  at = number_of("FAULT_AT");
  fault = (int)number_of("FAULT_ERRNO");
  sticky = (int)number_of("FAULT_STICKY");
  atomic_store(&calls, 0);
  log_fd = log ? (int)syscall(SYS_openat, AT_FDCWD, log,
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
               : -1;
  owner = getpid();
  below_length = strlen(below);
}

__attribute__((constructor)) static void begin(void) {
  fault_arm();
  unsetenv("LD_PRELOAD");
}

static int of_fd(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = 0;
  return length > 0;
}

static void at_folder(int fd, const char *name, char *path) {
  char folder[PATH_MAX];
  if (name && name[0] == '/') {
    snprintf(path, PATH_MAX, "%s", name);
    return;
  }
  if (fd == AT_FDCWD) {
    if (syscall(SYS_getcwd, folder, sizeof folder) < 0) folder[0] = 0;
  } else {
    of_fd(fd, folder);
  }
  if (snprintf(path, PATH_MAX, "%s/%s", folder, name ? name : "") >= PATH_MAX) path[0] = 0;
}

static int is_below(const char *path) {
  return !strncmp(path, below, below_length) &&
         (path[below_length] == '/' || path[below_length] == 0);
}

/* Whether the call that is about to be made is to fail; `half` does a part of it first. */
static int strikes(const char *name, const char *path, enum need need, void (*half)(void *),
                   void *call) {
  int before = errno;
  if (!below_length || getpid() != owner || !is_below(path)) return 0;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (log_fd >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path + below_length);
    syscall(SYS_write, log_fd, line, (size_t)length);
  }
  errno = before;
  if (!at || number < at || (number > at && !sticky)) return 0;
  if (fault == 0) {
    if (half) half(call);
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  if (fault == ENOSPC && need == NO_ROOM) return 0;
  errno = fault;
  return 1;
}

static int strikes_at(const char *name, int fd, const char *file, enum need need) {
  char path[PATH_MAX];
  if (!below_length) return 0;
  at_folder(fd, file, path);
  return strikes(name, path, need, NULL, NULL);
}

static int strikes_fd(const char *name, int fd, enum need need, void (*half)(void *),
                      void *call) {
  char path[PATH_MAX];
  if (!below_length || !of_fd(fd, path)) return 0;
  return strikes(name, path, need, half, call);
}

#define REAL(type, name, ...)                                          \
  static type (*real)(__VA_ARGS__);                                    \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

/* Calls that open a file, if they could change it. */

static int changes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC); }

#define OPEN(name)                                                     \
  EXPORTED int name(const char *path, int flags, ...) {                  \
    REAL(int, name, const char *, int, ...);                           \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                      \
    if (changes(flags) && strikes_at(#name, AT_FDCWD, path, ROOM)) return -1; \
    return real(path, flags, mode);                                    \
  }
#define OPENAT(name)                                                   \
  EXPORTED int name(int fd, const char *path, int flags, ...) {          \
    REAL(int, name, int, const char *, int, ...);                      \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                      \
    if (changes(flags) && strikes_at(#name, fd, path, ROOM)) return -1; \
    return real(fd, path, flags, mode);                                \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                    \
  EXPORTED FILE *name(const char *path, const char *mode) {              \
    REAL(FILE *, name, const char *, const char *);                    \
    int writes = strpbrk(mode, "wa+") != NULL;                         \
    return writes && strikes_at(#name, AT_FDCWD, path, ROOM) ? NULL : real(path, mode); \
  }
FOPEN(fopen)
FOPEN(fopen64)

/* Calls on paths. */

#define ON_PATH(name, need)                                            \
  EXPORTED int name(const char *path) {                                  \
    REAL(int, name, const char *);                                     \
    return strikes_at(#name, AT_FDCWD, path, need) ? -1 : real(path);  \
  }
#define ON_PATH_WITH(name, type, need)                                 \
  EXPORTED int name(const char *path, type more) {                       \
    REAL(int, name, const char *, type);                               \
    return strikes_at(#name, AT_FDCWD, path, need) ? -1 : real(path, more); \
  }
#define ON_TWO(name, need)                                             \
  EXPORTED int name(const char *from, const char *to) {                  \
    REAL(int, name, const char *, const char *);                       \
    return strikes_at(#name, AT_FDCWD, to, need) ? -1 : real(from, to); \
  }
ON_PATH(unlink, NO_ROOM)
ON_PATH(rmdir, NO_ROOM)
ON_PATH(remove, NO_ROOM)
ON_PATH_WITH(mkdir, mode_t, ROOM)
ON_PATH_WITH(creat, mode_t, ROOM)
ON_PATH_WITH(creat64, mode_t, ROOM)
ON_PATH_WITH(chmod, mode_t, NO_ROOM)
ON_PATH_WITH(truncate, off_t, NO_ROOM)
ON_PATH_WITH(truncate64, off64_t, NO_ROOM)
ON_PATH_WITH(utime, const struct utimbuf *, NO_ROOM)
ON_TWO(rename, ROOM)
ON_TWO(link, ROOM)
ON_TWO(symlink, ROOM)

EXPORTED int utimes(const char *path, const struct timeval times[2]) {
  REAL(int, utimes, const char *, const struct timeval *);
  return strikes_at("utimes", AT_FDCWD, path, NO_ROOM) ? -1 : real(path, times);
}
EXPORTED int lutimes(const char *path, const struct timeval times[2]) {
  REAL(int, lutimes, const char *, const struct timeval *);
  return strikes_at("lutimes", AT_FDCWD, path, NO_ROOM) ? -1 : real(path, times);
}
EXPORTED int unlinkat(int fd, const char *path, int flags) {
  REAL(int, unlinkat, int, const char *, int);
  return strikes_at("unlinkat", fd, path, NO_ROOM) ? -1 : real(fd, path, flags);
}
EXPORTED int mkdirat(int fd, const char *path, mode_t mode) {
  REAL(int, mkdirat, int, const char *, mode_t);
  return strikes_at("mkdirat", fd, path, ROOM) ? -1 : real(fd, path, mode);
}
EXPORTED int fchmodat(int fd, const char *path, mode_t mode, int flags) {
  REAL(int, fchmodat, int, const char *, mode_t, int);
  return strikes_at("fchmodat", fd, path, NO_ROOM) ? -1 : real(fd, path, mode, flags);
}
EXPORTED int utimensat(int fd, const char *path, const struct timespec times[2], int flags) {
  REAL(int, utimensat, int, const char *, const struct timespec *, int);
  return strikes_at("utimensat", fd, path, NO_ROOM) ? -1 : real(fd, path, times, flags);
}
EXPORTED int renameat(int from_fd, const char *from, int fd, const char *to) {
  REAL(int, renameat, int, const char *, int, const char *);
  return strikes_at("renameat", fd, to, ROOM) ? -1 : real(from_fd, from, fd, to);
}
EXPORTED int renameat2(int from_fd, const char *from, int fd, const char *to, unsigned flags) {
  REAL(int, renameat2, int, const char *, int, const char *, unsigned);
  return strikes_at("renameat2", fd, to, ROOM) ? -1 : real(from_fd, from, fd, to, flags);
}
EXPORTED int linkat(int from_fd, const char *from, int fd, const char *to, int flags) {
  REAL(int, linkat, int, const char *, int, const char *, int);
  return strikes_at("linkat", fd, to, ROOM) ? -1 : real(from_fd, from, fd, to, flags);
}
EXPORTED int symlinkat(const char *from, int fd, const char *to) {
  REAL(int, symlinkat, const char *, int, const char *);
  return strikes_at("symlinkat", fd, to, ROOM) ? -1 : real(from, fd, to);
}

/* Calls on open files. */

#define ON_FD(name, need)                                              \
  EXPORTED int name(int fd) {                                            \
    REAL(int, name, int);                                              \
    return strikes_fd(#name, fd, need, NULL, NULL) ? -1 : real(fd);    \
  }
#define ON_FD_WITH(name, type, need)                                   \
  EXPORTED int name(int fd, type more) {                                 \
    REAL(int, name, int, type);                                        \
    return strikes_fd(#name, fd, need, NULL, NULL) ? -1 : real(fd, more); \
  }
ON_FD(fsync, ROOM)
ON_FD(fdatasync, ROOM)
ON_FD_WITH(fchmod, mode_t, NO_ROOM)
ON_FD_WITH(ftruncate, off_t, NO_ROOM)
ON_FD_WITH(ftruncate64, off64_t, NO_ROOM)
ON_FD_WITH(futimens, const struct timespec *, NO_ROOM)

EXPORTED int futimes(int fd, const struct timeval times[2]) {
  REAL(int, futimes, int, const struct timeval *);
  return strikes_fd("futimes", fd, NO_ROOM, NULL, NULL) ? -1 : real(fd, times);
}
#define ALLOCATE(name, type)                                           \
  EXPORTED int name(int fd, type start, type length) {                   \
    REAL(int, name, int, type, type);                                  \
    return strikes_fd(#name, fd, ROOM, NULL, NULL) ? fault : real(fd, start, length); \
  }
ALLOCATE(posix_fallocate, off_t)
ALLOCATE(posix_fallocate64, off64_t)

struct piece { int fd, from; const void *data; size_t length; off64_t offset; };

static void half_write(void *call) {
  struct piece *piece = call;
  if (piece->offset < 0)
    syscall(SYS_write, piece->fd, piece->data, piece->length / 2);
  else
    syscall(SYS_pwrite64, piece->fd, piece->data, piece->length / 2, piece->offset);
}
static void half_copy(void *call) {
  struct piece *piece = call;
  struct stat status;
  size_t size = fstat(piece->from, &status) ? 0 : (size_t)status.st_size;
  size_t length = piece->length < size ? piece->length : size;
  syscall(SYS_copy_file_range, piece->from, NULL, piece->fd, NULL, length / 2, 0);
}

EXPORTED ssize_t write(int fd, const void *data, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  struct piece piece = {.fd = fd, .data = data, .length = length, .offset = -1};
  return strikes_fd("write", fd, ROOM, half_write, &piece) ? -1 : real(fd, data, length);
}
#define PWRITE(name, type)                                             \
  EXPORTED ssize_t name(int fd, const void *data, size_t length, type offset) { \
    REAL(ssize_t, name, int, const void *, size_t, type);              \
    struct piece piece = {.fd = fd, .data = data, .length = length, .offset = offset}; \
    return strikes_fd(#name, fd, ROOM, half_write, &piece) ? -1        \
                                                           : real(fd, data, length, offset); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
EXPORTED ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  return strikes_fd("writev", fd, ROOM, NULL, NULL) ? -1 : real(fd, pieces, count);
}
EXPORTED ssize_t copy_file_range(int from, off64_t *start, int to, off64_t *target, size_t length,
                               unsigned flags) {
  REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned);
  struct piece piece = {.fd = to, .from = from, .length = length};
  return strikes_fd("copy_file_range", to, ROOM, half_copy, &piece)
             ? -1
             : real(from, start, to, target, length, flags);
}
#define SENDFILE(name, type)                                           \
  EXPORTED ssize_t name(int to, int from, type *start, size_t length) {  \
    REAL(ssize_t, name, int, int, type *, size_t);                     \
    struct piece piece = {.fd = to, .from = from, .length = length};   \
    return strikes_fd(#name, to, ROOM, half_copy, &piece) ? -1 : real(to, from, start, length); \
  }
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)
EXPORTED int ioctl(int fd, unsigned long request, ...) {
  REAL(int, ioctl, int, unsigned long, ...);
  va_list rest;
  va_start(rest, request);
  void *more = va_arg(rest, void *);
  va_end(rest);
  int clones = request == CLONE_FILE || request == CLONE_RANGE;
  if (clones && strikes_fd("clone", fd, ROOM, NULL, NULL)) return -1;
  return real(fd, request, more);
}
