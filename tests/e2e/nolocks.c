/* Preloaded, this makes the files below the folder NO_LOCKS_BELOW those of a file system without
   locks, as Lustre without "-o flock": flock(2) and the locks of fcntl(2) fail with ENOSYS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_below(int fd) {
  const char *folder = getenv("NO_LOCKS_BELOW");
  char name[64], path[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = folder ? readlink(name, path, sizeof path - 1) : -1;
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

int flock(int fd, int operation) {
  int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
  if (!is_below(fd)) return real(fd, operation);
  errno = ENOSYS;
  return -1;
}

static int control(const char *name, int fd, int command, void *argument) {
  int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, name);
  int locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
              command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_OFD_GETLK;
  if (!locks || !is_below(fd)) return real(fd, command, argument);
  errno = ENOSYS;
  return -1;
}

#define CONTROL(name)                                  \
  int name(int fd, int command, ...) {                 \
    va_list arguments;                                 \
    va_start(arguments, command);                      \
    void *argument = va_arg(arguments, void *);        \
    va_end(arguments);                                 \
    return control(#name, fd, command, argument);      \
  }
CONTROL(fcntl)
CONTROL(fcntl64)
