/* Keeps, for each file below $SYNCED_FROM, a copy of what was in it at its last fsync in $SYNCED_TO: what a disk still
   has after the power went, when every write that was not synced is lost. Preloaded into the daemon by a test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void keep(int fd) {
    const char *from = getenv("SYNCED_FROM"), *to = getenv("SYNCED_TO");
    char link[64], path[PATH_MAX], part[PATH_MAX * 2], whole[PATH_MAX * 2], block[65536];
    if (!from || !to) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return;
    path[size] = 0;
    if (strncmp(path, from, strlen(from)) != 0) return;
    const char *name = strrchr(path, '/') + 1;
    snprintf(part, sizeof part, "%s/.%s", to, name);
    snprintf(whole, sizeof whole, "%s/%s", to, name);
    pthread_mutex_lock(&lock);
    int source = open(path, O_RDONLY | O_CLOEXEC), target = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (source >= 0 && target >= 0) {
        while ((size = read(source, block, sizeof block)) > 0)
            if (write(target, block, size) != size) abort();
        rename(part, whole);
    }
    if (source >= 0) close(source);
    if (target >= 0) close(target);
    pthread_mutex_unlock(&lock);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (result == 0) keep(fd);
    return result;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (result == 0) keep(fd);
    return result;
}

int unlink(const char *path) {
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    const char *from = getenv("SYNCED_FROM"), *to = getenv("SYNCED_TO");
    char copy[PATH_MAX * 2];
    int result = real(path);
    if (result == 0 && from && to && strncmp(path, from, strlen(from)) == 0) {
        snprintf(copy, sizeof copy, "%s/%s", to, strrchr(path, '/') + 1);
        real(copy);
    }
    return result;
}
