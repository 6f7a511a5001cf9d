/* Cuts off a write to a file below a folder, whoever makes it, as C code of Arrow does: loaded before libc (LD_PRELOAD).

   torn_from(folder, at, error) begins to count writes to regular files below `folder`, from 0. Of the one numbered `at`
   half is written; then the process is killed (error 0), or every later write is refused with `error`, as by a disk that
   is full. at -1 only counts. torn_count() says how many there were. Of libc's own streams fwrite is seen, as numpy makes
   it; writes by mapped memory, by io_uring, and from file to file are not: traced.py asks the system whether there are
   any. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char below[PATH_MAX];
static long chosen = -1, count = 0;
static int refusal = 0, counting = 0;

void torn_from(const char *folder, long at, int error) {
    snprintf(below, sizeof below, "%s", folder);
    chosen = at, refusal = error, count = 0, counting = 1;
}

long torn_count(void) {
    counting = 0;
    return count;
}

static int concerns(int handle) {
    char link[40], path[PATH_MAX];
    struct stat status;
    if (!counting || fstat(handle, &status) || !S_ISREG(status.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t size = readlink(link, path, sizeof path - 1);
    return size > 0 && !strncmp(path, below, strlen(below));
}

/* How many of `size` bytes may be written, -1 if none and errno tells why. */
static ssize_t allowed(int handle, size_t size) {
    if (!concerns(handle)) return (ssize_t)size;
    long number = __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
    if (chosen < 0 || number < chosen) return (ssize_t)size;
    if (number == chosen) return (ssize_t)(size / 2);
    if (!refusal) return (ssize_t)size;
    errno = refusal;
    return -1;
}

static ssize_t done(ssize_t written, size_t asked, ssize_t may) {
    if (may < (ssize_t)asked && !refusal) kill(getpid(), SIGKILL);
    if (may == 0 && asked) {
        errno = refusal;
        return -1;
    }
    return written;
}

ssize_t write(int handle, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    ssize_t may = allowed(handle, size);
    return may < 0 ? -1 : done(may || !size ? real(handle, data, (size_t)may) : 0, size, may);
}

ssize_t pwrite(int handle, const void *data, size_t size, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    ssize_t may = allowed(handle, size);
    return may < 0 ? -1 : done(may || !size ? real(handle, data, (size_t)may, at) : 0, size, may);
}

ssize_t pwrite64(int handle, const void *data, size_t size, off_t at) { return pwrite(handle, data, size, at); }

size_t fwrite(const void *data, size_t size, size_t items, FILE *stream) {
    static size_t (*real)(const void *, size_t, size_t, FILE *);
    if (!real) real = (size_t (*)(const void *, size_t, size_t, FILE *))dlsym(RTLD_NEXT, "fwrite");
    ssize_t may = allowed(fileno(stream), size * items);
    if (may == (ssize_t)(size * items)) return real(data, size, items, stream);
    size_t written = may > 0 ? real(data, 1, (size_t)may, stream) : 0;
    fflush(stream);
    if (!refusal) kill(getpid(), SIGKILL);
    errno = refusal;
    return written / size;
}
