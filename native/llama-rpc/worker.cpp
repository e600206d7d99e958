// A worker for one user: it computes what the client on an inherited descriptor asks for in ggml's RPC, listens nowhere,
// and ends with that client, or with its parent (see lifeline.cpp).
#include "device.h"
#include "ggml.h"
#include "rpc.h"
#include "sandbox.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

#ifdef __linux__
#  include <sys/syscall.h>
#endif

namespace {

constexpr const char * USAGE =
    "usage: llama-rpc-worker --libs FOLDER [--threads N] [--fd N] [--memory-bytes N] [--facts | --bench | --self-test]\n";

struct Options {
    enum class Mode { serve, facts, bench, self_test };

    Mode        mode = Mode::serve;
    std::string libraries;
    int         threads      = 1;
    int         fd           = 3;
    uint64_t    memory_bytes = 0;
};

bool parse_number(const char * text, uint64_t most, uint64_t & number) {
    char * end = nullptr;
    number     = std::strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && number <= most;
}

bool parse_value(const std::string & name, const char * value, Options & options) {
    uint64_t number = 0;
    if (name == "--libs") {
        options.libraries = value;
        return true;
    }
    if (name == "--threads" && parse_number(value, 512, number) && number > 0) {
        options.threads = static_cast<int>(number);
        return true;
    }
    if (name == "--fd" && parse_number(value, 1023, number) && number > 2) {
        options.fd = static_cast<int>(number);
        return true;
    }
    return name == "--memory-bytes" && parse_number(value, uint64_t(1) << 50, options.memory_bytes);
}

bool parse(int count, char ** words, Options & options) {
    for (int i = 1; i < count; i++) {
        const std::string word = words[i];
        if (word == "--facts") {
            options.mode = Options::Mode::facts;
        } else if (word == "--bench") {
            options.mode = Options::Mode::bench;
        } else if (word == "--self-test") {
            options.mode = Options::Mode::self_test;
        } else if (i + 1 >= count || !parse_value(word, words[++i], options)) {
            return false;
        }
    }
    return !options.libraries.empty();
}

// Beside the standard ones and the client's, nothing that a parent may have left open.
void close_others(int client) {
    for (int fd = 3; fd < client; fd++) {
        close(fd);
    }
#ifdef __NR_close_range
    if (syscall(__NR_close_range, client + 1, ~0U, 0) == 0) {
        return;
    }
#endif
    for (int fd = client + 1; fd < 4096; fd++) {
        close(fd);
    }
}

// What ggml needs beside the buffers: received messages, graphs, scratch memory, and the stacks of threads.
uint64_t data_limit(const Options & options) {
    constexpr uint64_t BESIDE     = uint64_t(1) << 30;
    constexpr uint64_t PER_THREAD = uint64_t(16) << 20;
    return options.memory_bytes == 0 ? 0 : options.memory_bytes + BESIDE + PER_THREAD * uint64_t(options.threads);
}

// What it says last is told to its parent: the everyday lines would stand in the way.
void log_trouble(ggml_log_level level, const char * text, void *) {
    static bool shown = false;
    shown             = level == GGML_LOG_LEVEL_CONT ? shown : level >= GGML_LOG_LEVEL_WARN;
    if (shown) {
        std::fputs(text, stderr);
    }
}

int serve(const Options & options, const std::vector<ggml_backend_dev_t> & devices) {
    std::vector<ggml_backend_t> backends;
    for (ggml_backend_dev_t device : devices) {
        ggml_backend_t backend = start_backend(device, options.threads);
        if (backend == nullptr) {
            std::fprintf(stderr, "llama-rpc: %s does not start\n", ggml_backend_dev_name(device));
            return 1;
        }
        backends.push_back(backend);
    }
    if (!enter_sandbox(data_limit(options))) {
        return 1;
    }
    if (options.mode == Options::Mode::self_test) {
        return print_self_test();
    }
    std::printf("ready\n");
    const bool served = serve_client(options.fd, backends);
    // No orderly end: the memory goes with the process, at once.
    _exit(served ? 0 : 1);
}

}  // namespace

int main(int count, char ** words) {
    signal(SIGPIPE, SIG_IGN);
    // Meant for the parent, which lets users finish; with it this process goes anyway.
    for (const int number : { SIGINT, SIGTERM, SIGHUP }) {
        signal(number, SIG_IGN);
    }
    // Of lines that go to a file after the sandbox forbids that.
    signal(SIGXFSZ, SIG_IGN);
    setvbuf(stdout, nullptr, _IOLBF, 0);
    // ggml would start a debugger.
    setenv("GGML_NO_BACKTRACE", "1", 1);
    unsetenv("GGML_BACKEND_PATH");
    Options options;
    if (!parse(count, words, options)) {
        std::fputs(USAGE, stderr);
        return 2;
    }
    close_others(options.fd);
    ggml_log_set(log_trouble, nullptr);
    const std::vector<ggml_backend_dev_t> devices = find_devices(options.libraries);
    if (devices.empty()) {
        std::fprintf(stderr, "llama-rpc: no backend of ggml in %s runs here\n", options.libraries.c_str());
        return 1;
    }
    if (options.mode == Options::Mode::facts || options.mode == Options::Mode::bench) {
        return print_facts(devices[0], options.threads, options.mode == Options::Mode::bench);
    }
    return serve(options, devices);
}
