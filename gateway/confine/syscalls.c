/* Every call that the kernel answers once a gateway is set up, by what needs it. A call that is not
 * here does not exist for us: the libraries that try something newer fall back to what is here. A
 * call that only an intruder makes ends the process, so that it is noticed. */

#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "confine/confine.h"

#define CALL(name) SCMP_SYS(name)

static const int allowed[] = {
    /* memory: malloc, stacks of threads, buffers, keys that are never swapped out; never
     * executable, see below */
    CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(mlock), CALL(munlock),
    /* threads: locks, their start and end, how many cores there are */
    CALL(futex), CALL(set_robust_list), CALL(rseq), CALL(exit), CALL(exit_group), CALL(sched_yield),
    CALL(sched_getaffinity), CALL(gettid), CALL(getpid), CALL(restart_syscall),
    /* signals: Ctrl-C, SIGHUP; an abort says what it is */
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigaltstack), CALL(tgkill),
    /* time, where the vDSO does not tell it; a capture that is played; pauses between attempts */
    CALL(clock_gettime), CALL(gettimeofday), CALL(time), CALL(clock_nanosleep), CALL(nanosleep),
    CALL(clock_getres),
    /* waiting for packets, questions and the broker */
    CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(eventfd2), CALL(pipe2),
    CALL(socketpair),
    /* files: rules, inventory, keys, ledger, spool, log, captures that are played, /etc for names
     */
    CALL(openat), CALL(open), CALL(close), CALL(read), CALL(readv), CALL(write), CALL(writev),
    CALL(pread64), CALL(pwrite64), CALL(lseek), CALL(fsync), CALL(fdatasync), CALL(ftruncate),
    CALL(fallocate), CALL(fstat), CALL(stat), CALL(lstat), CALL(newfstatat), CALL(statx),
    CALL(statfs), CALL(fstatfs), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
    CALL(readlinkat), CALL(getdents64), CALL(fcntl), CALL(flock), CALL(dup), CALL(rename),
    CALL(renameat), CALL(unlink), CALL(unlinkat), CALL(mkdir), CALL(mkdirat), CALL(chmod),
    CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(utimensat), CALL(getcwd), CALL(umask),
    /* sockets: broker, name service, control socket, service manager, metrics; their kinds below */
    CALL(connect), CALL(bind), CALL(listen), CALL(accept), CALL(accept4), CALL(shutdown),
    CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(sendmmsg), CALL(recvmsg), CALL(getsockname),
    CALL(getpeername), CALL(getsockopt), CALL(setsockopt),
    /* who and where we are: SQLite asks before it makes files, OpenSSL before it reads its
     * configuration, sorting how much memory there is */
    CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(uname), CALL(sysinfo),
    CALL(getrandom), CALL(getrusage), CALL(prlimit64)};

/* clone3 is not among them: its flags can not be looked at, those of clone can, and that is used
 * where the kernel has nothing newer. */

/* Nobody of ours ever asks for these. */
static const int deadly[] = {
    /* another program */
    CALL(execve), CALL(execveat), CALL(fork), CALL(vfork),
    /* other processes, the kernel, the machine */
    CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(pidfd_getfd),
    CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load),
    CALL(kexec_file_load), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(reboot),
    CALL(swapon), CALL(settimeofday), CALL(clock_settime),
    /* another root, other namespaces, other rights */
    CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns),
    CALL(setuid), CALL(setgid), CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(capset)};

/* What libpcap and stdio ask of a device or descriptor. */
static const unsigned long requests[] = {SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFHWADDR,
    SIOCGIFMTU, SIOCETHTOOL, SIOCGSTAMP_OLD, TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO};

#define N(list) (sizeof(list) / sizeof((list)[0]))

static bool add_all(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (seccomp_rule_add(f, action, calls[i], 0) != 0)
            return false;
    }
    return true;
}

static bool add_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp test)
{
    return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &test) == 0;
}

/* Threads, not processes, which may be given names; memory to read and write, not to execute. */
static bool add_memory_and_threads(scmp_filter_ctx f)
{
    const scmp_datum_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
    return add_if(f, CALL(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread)) &&
           add_if(f, CALL(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)) &&
           add_if(f, CALL(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           add_if(f, CALL(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static bool add_sockets(scmp_filter_ctx f, enum tw_confine_role role)
{
    /* Netlink: how names are resolved depends on the addresses that the machine has. */
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    for (size_t i = 0; i < N(families); i++) {
        if (!add_if(f, CALL(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i])))
            return false;
    }
    return role != TW_CONFINE_OPENER ||
           add_if(f, CALL(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)AF_PACKET));
}

static bool add_requests(scmp_filter_ctx f)
{
    for (size_t i = 0; i < N(requests); i++) {
        if (!add_if(f, CALL(ioctl), SCMP_A1(SCMP_CMP_EQ, requests[i])))
            return false;
    }
    return true;
}

/* Sanitizers stop the world with ptrace and map what they like. */
static bool is_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return false;
#endif
}

enum tw_status tw_confine_calls(enum tw_confine_role role)
{
    if (is_instrumented())
        return TW_NOT_FOUND;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (f == NULL)
        return TW_NO_MEMORY;
    const bool complete = add_all(f, SCMP_ACT_ALLOW, allowed, N(allowed)) &&
                          add_all(f, SCMP_ACT_KILL_PROCESS, deadly, N(deadly)) &&
                          add_memory_and_threads(f) && add_sockets(f, role) && add_requests(f);
    enum tw_status st = complete ? TW_OK : TW_NO_MEMORY;
    if (complete && seccomp_load(f) != 0)
        st = TW_NOT_FOUND;
    seccomp_release(f);
    return st;
}
