#include "sandbox.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#  include <cstddef>
#  include <fcntl.h>
#  include <linux/audit.h>
#  include <linux/filter.h>
#  include <linux/seccomp.h>
#  include <sched.h>
#  include <sys/mman.h>
#  include <sys/prctl.h>
#  include <sys/syscall.h>
#  include <vector>
#endif

namespace {

bool complain(const char * what) {
    std::fprintf(stderr, "llama-rpc: the sandbox cannot be set up: %s: %s\n", what, std::strerror(errno));
    return false;
}

bool limit(int resource, rlim_t most) {
    const rlimit value = { most, most };
    return setrlimit(resource, &value) == 0;
}

constexpr int NOBODY = 65534;

// Of the user that everything belongs to, only the name is left. A container may know no other user: then it stays.
void leave_root() {
    if (geteuid() != 0) {
        return;
    }
    if (setgroups(0, nullptr) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        std::fprintf(stderr, "llama-rpc: root is kept: %s\n", std::strerror(errno));
    }
}

#ifdef __linux__

#  if defined(__x86_64__)
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_X86_64;
#  elif defined(__aarch64__)
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_AARCH64;
#  else
#    error "no system call filter for this processor"
#  endif

constexpr uint32_t REFUSE = SECCOMP_RET_ERRNO | EPERM;

// Offsets of the lower halves: both processors are little-endian.
constexpr uint32_t NUMBER_AT = offsetof(seccomp_data, nr);
constexpr uint32_t ARCH_AT   = offsetof(seccomp_data, arch);

constexpr uint32_t argument(int index) {
    return offsetof(seccomp_data, args) + 8 * index;
}

// What memory, threads, time and the open descriptors need. All else is refused.
constexpr int ALLOWED[] = {
    __NR_read,          __NR_write,           __NR_readv,          __NR_writev,          __NR_recvfrom,
    __NR_sendto,        __NR_close,           __NR_ppoll,          __NR_munmap,          __NR_mremap,
    __NR_madvise,       __NR_brk,             __NR_futex,          __NR_set_robust_list,
    __NR_rt_sigaction,  __NR_rt_sigprocmask,  __NR_rt_sigreturn,   __NR_sigaltstack,     __NR_exit,
    __NR_exit_group,    __NR_sched_yield,     __NR_sched_getaffinity, __NR_nanosleep,    __NR_clock_nanosleep,
    __NR_clock_gettime, __NR_clock_getres,    __NR_gettimeofday,   __NR_getpid,          __NR_gettid,
    __NR_getrandom,     __NR_sysinfo,         __NR_restart_syscall, __NR_getcpu,         __NR_membarrier,
#  ifdef __NR_poll
    __NR_poll,
#  endif
#  ifdef __NR_rseq
    __NR_rseq,
#  endif
};

class Filter {
public:
    Filter() {
        load(ARCH_AT);
        skip_unless(BPF_JEQ, ARCHITECTURE, { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS) }, true);
        load(NUMBER_AT);
#  ifdef __x86_64__
        // The x32 twins of all calls.
        when(BPF_JGE, 0x40000000, REFUSE);
#  endif
        for (const int number : ALLOWED) {
            when(BPF_JEQ, number, SECCOMP_RET_ALLOW);
        }
        // The library asks for this one first, and its arguments cannot be read from here: with "not there" it uses clone.
#  ifdef __NR_clone3
        when(BPF_JEQ, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
#  endif
        when_bits(__NR_clone, 0, CLONE_VM | CLONE_THREAD);
        without_bits(__NR_mmap, 2, PROT_EXEC);
        without_bits(__NR_mprotect, 2, PROT_EXEC);
        // abort() and the end of a thread; only this process.
        when_any(__NR_tgkill, 0, { uint32_t(getpid()) });
        when_any(__NR_fcntl, 1, { F_GETFD, F_SETFD, F_GETFL, F_SETFL });
        when_any(__NR_prctl, 0, { PR_SET_NAME });
#  ifdef __x86_64__
        // ARCH_GET_XCOMP_PERM and ARCH_REQ_XCOMP_PERM: the matrix unit of some processors has to be asked for.
        when_any(__NR_arch_prctl, 0, { 0x1022, 0x1023 });
#  endif
        // Reading a limit.
        when_any(__NR_prlimit64, 2, { 0 });
        add(BPF_STMT(BPF_RET | BPF_K, REFUSE));
    }

    bool install() {
        sock_fprog program = { static_cast<unsigned short>(code.size()), code.data() };
        // TSYNC: for the threads that run already, too.
        return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
    }

private:
    std::vector<sock_filter> code;

    void add(sock_filter instruction) { code.push_back(instruction); }

    void load(uint32_t at) { add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)); }

    // Runs `body`, which ends the filter, when the comparison holds, or, `inverted`, when it does not.
    void skip_unless(uint16_t test, uint32_t value, const std::vector<sock_filter> & body, bool inverted = false) {
        const auto length = static_cast<uint8_t>(body.size());
        add(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, static_cast<uint8_t>(inverted ? length : 0),
                     static_cast<uint8_t>(inverted ? 0 : length)));
        code.insert(code.end(), body.begin(), body.end());
    }

    void when(uint16_t test, uint32_t value, uint32_t result) {
        skip_unless(test, value, { BPF_STMT(BPF_RET | BPF_K, result) });
    }

    // Allowed when all of these bits of an argument are set.
    void when_bits(int number, int index, uint32_t bits) {
        skip_unless(BPF_JEQ, number,
                    {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(index)),
                        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                        BPF_STMT(BPF_RET | BPF_K, REFUSE),
                    });
    }

    // Allowed when none of them is.
    void without_bits(int number, int index, uint32_t bits) {
        skip_unless(BPF_JEQ, number,
                    {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(index)),
                        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                        BPF_STMT(BPF_RET | BPF_K, REFUSE),
                    });
    }

    // Allowed when an argument is one of these, with nothing in its upper half.
    void when_any(int number, int index, const std::vector<uint32_t> & values) {
        std::vector<sock_filter> body = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(index) + 4),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
            BPF_STMT(BPF_RET | BPF_K, REFUSE),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(index)),
        };
        for (const uint32_t value : values) {
            body.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
            body.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        }
        body.push_back(BPF_STMT(BPF_RET | BPF_K, REFUSE));
        skip_unless(BPF_JEQ, number, body);
    }
};

// When memory runs out, this process goes before the node does.
void offer_to_die_first() {
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        const ssize_t written = write(fd, "500", 3);
        (void) written;
        close(fd);
    }
}

#endif

}  // namespace

bool enter_sandbox(uint64_t data_bytes) {
#ifdef __linux__
    offer_to_die_first();
    if (data_bytes > 0 && !limit(RLIMIT_DATA, data_bytes)) {
        return complain("memory");
    }
#else
    (void) data_bytes;
#endif
    leave_root();
    // As many descriptors as are open; poll() takes no more than there may be.
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_NOFILE, 4)) {
        return complain("limits");
    }
#ifdef __linux__
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return complain("privileges");
    }
    if (!Filter().install()) {
        return complain("system calls");
    }
#endif
    return true;
}
