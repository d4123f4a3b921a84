#include "observe/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 4096 };

static bool write_all(int fd, struct tw_str s)
{
    while (s.len > 0) {
        const ssize_t n = write(fd, s.p, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s.p += n;
        s.len -= (size_t)n;
    }
    return true;
}

enum tw_status tw_textfile_write(const char *path, struct tw_str content)
{
    char beside[MAX_PATH];
    /* The collector reads *.prom: this one it does not. */
    const int n = snprintf(beside, sizeof(beside), "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof(beside)) {
        errno = ENAMETOOLONG;
        return TW_IO;
    }
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return TW_IO;
    bool ok = write_all(fd, content) && fchmod(fd, 0644) == 0;
    ok = close(fd) == 0 && ok;
    if (ok && rename(beside, path) == 0)
        return TW_OK;
    const int why = errno;
    (void)unlink(beside);
    errno = why;
    return TW_IO;
}
