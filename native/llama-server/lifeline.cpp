// Ends the process as soon as its parent is gone, however the parent ended.
//
// The parent keeps the other end of the file descriptor named in LOCALAI_LIFELINE_FD and never writes to it; the
// kernel closes that end with the parent, and the read below returns. Without the variable nothing happens.
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <thread>
#include <unistd.h>

namespace {

void wait_for_parent(int fd) {
    char byte;
    for (;;) {
        // The parent may have made the descriptor non-blocking: poll() sleeps either way.
        pollfd waiting = { fd, POLLIN, 0 };
        if (poll(&waiting, 1, -1) < 0 && errno == EINTR) {
            continue;
        }
        const ssize_t count = read(fd, &byte, 1);
        if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
            // Not exit(): other threads are still running, and nobody is left to see an orderly end.
            _exit(0);
        }
    }
}

struct Lifeline {
    Lifeline() {
        const char * text = std::getenv("LOCALAI_LIFELINE_FD");
        if (text == nullptr) {
            return;
        }
        char * end = nullptr;
        const long fd = std::strtol(text, &end, 10);
        if (end == text || *end != '\0' || fd < 0 || fd > 1023) {
            return;
        }
        std::thread(wait_for_parent, static_cast<int>(fd)).detach();
    }
};

const Lifeline lifeline;

}  // namespace
