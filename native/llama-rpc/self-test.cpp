#include "sandbox.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#ifdef __linux__
#  include <sys/ptrace.h>
#  include <sys/syscall.h>
#endif

namespace {

const char * separator = "{";

void tell(const char * what, bool worked) {
    std::printf("%s\"%s\":\"%s\"", separator, what, worked ? "ok" : std::strerror(errno));
    separator = ",";
}

}  // namespace

int print_self_test() {
    tell("open", open("/etc/hostname", O_RDONLY) >= 0);
    tell("create", open("/tmp/llama-rpc-self-test", O_WRONLY | O_CREAT, 0600) >= 0);
    tell("unlink", unlink("/tmp/llama-rpc-self-test") == 0);
    tell("socket", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    tell("connect", connect(3, nullptr, 0) == 0);
    tell("listen", listen(3, 1) == 0);
    char         name[]      = "true";
    char * const arguments[] = { name, nullptr };
    tell("execute", execv("/bin/true", arguments) == 0);
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    tell("fork", child > 0);
    if (child > 0) {
        waitpid(child, nullptr, 0);
    }
    tell("signal", kill(getppid(), 0) == 0);
#ifdef __linux__
    tell("trace", ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0);
    tell("limit", syscall(__NR_prlimit64, 0, 7, "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377", nullptr) == 0);
#endif
    tell("execute memory",
         mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    tell("memory", mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    bool ran = false;
    std::thread([&ran] { ran = true; }).join();
    tell("thread", ran);
    std::printf(",\"root\":\"%s\"}\n", geteuid() == 0 ? "kept" : "no");
    return 0;
}
