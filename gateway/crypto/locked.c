#include "crypto/locked.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* How many holders there are, and what was before the first: the setting is the process's, too. */
static pthread_mutex_t holders_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned holders;
static int dumpable_before;

void *tw_locked_new(size_t size)
{
    void *p =
        mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* The limit on locked memory is often small; secrets are then merely not locked. */
    (void)mlock(p, size);
    (void)madvise(p, size, MADV_DONTDUMP);
    return p;
}

void tw_locked_free(void *p, size_t size)
{
    if (p == NULL)
        return;
    OPENSSL_cleanse(p, size);
    munmap(p, size ? size : 1);
}

void tw_locked_begin(void)
{
    pthread_mutex_lock(&holders_lock);
    if (holders++ == 0) {
        dumpable_before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    pthread_mutex_unlock(&holders_lock);
}

void tw_locked_end(void)
{
    pthread_mutex_lock(&holders_lock);
    if (holders > 0 && --holders == 0 && dumpable_before == 1)
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    pthread_mutex_unlock(&holders_lock);
}
