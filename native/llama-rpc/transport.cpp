// What ggml's RPC talks over in place of its TCP transport: the engine connects to unix sockets in a private folder, the
// worker has its one connection from birth. Nothing here listens.
#include "transport.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef MSG_NOSIGNAL
static constexpr int SEND_FLAGS = MSG_NOSIGNAL;
#else
static constexpr int SEND_FLAGS = 0;
#endif

struct socket_t::impl {
    explicit impl(int fd) : fd(fd) {}
    ~impl() { close(fd); }

    int fd;
};

socket_t::socket_t(std::unique_ptr<impl> p) : pimpl(std::move(p)) {}

socket_t::~socket_t() = default;

bool socket_t::send_data(const void * data, size_t size) {
    const char * next = static_cast<const char *>(data);
    while (size > 0) {
        const ssize_t count = send(pimpl->fd, next, std::min(size, MAX_CHUNK_SIZE), SEND_FLAGS);
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        next += count;
        size -= static_cast<size_t>(count);
    }
    return true;
}

bool socket_t::recv_data(void * data, size_t size) {
    char * next = static_cast<char *>(data);
    while (size > 0) {
        const ssize_t count = recv(pimpl->fd, next, std::min(size, MAX_CHUNK_SIZE), 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        next += count;
        size -= static_cast<size_t>(count);
    }
    return true;
}

// A stream of bytes needs none.
bool socket_t::flush() {
    return true;
}

void socket_t::get_caps(uint8_t * local_caps) {
    std::memset(local_caps, 0, RPC_CONN_CAPS_SIZE);
}

void socket_t::update_caps(const uint8_t *) {}

// ggml's own server asks for these two; it is never started.
socket_ptr socket_t::accept() {
    return nullptr;
}

socket_ptr socket_t::create_server(const char *, int) {
    return nullptr;
}

// A descriptor that is connected already.
static bool prepare(int fd) {
    // Node's own end of a pair does not block; ours is another one, but nobody promises that.
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
        return false;
    }
#ifdef SO_NOSIGPIPE
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static int connect_to_worker(int number) {
    const char * folder = std::getenv("LLAMA_RPC_SOCKETS");
    if (folder == nullptr) {
        std::fprintf(stderr, "llama-rpc: worker %d cannot be reached: LLAMA_RPC_SOCKETS is not set\n", number);
        return -1;
    }
    const std::string path = std::string(folder) + "/" + std::to_string(number) + ".sock";
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        std::fprintf(stderr, "llama-rpc: worker %d cannot be reached: its path is too long: %s\n", number, path.c_str());
        return -1;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)) == 0) {
        return fd;
    }
    std::fprintf(stderr, "llama-rpc: worker %d cannot be reached: %s\n", number, std::strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

// "worker:2" is the socket 2.sock in the folder that LLAMA_RPC_SOCKETS names, "fd:3" an inherited descriptor.
socket_ptr socket_t::connect(const char * host, int number) {
    int fd = -1;
    if (std::strcmp(host, "fd") == 0) {
        fd = number;
    } else if (std::strcmp(host, "worker") == 0) {
        fd = connect_to_worker(number);
    } else {
        std::fprintf(stderr, "llama-rpc: %s:%d is neither a worker nor a descriptor\n", host, number);
    }
    if (fd < 0 || !prepare(fd)) {
        return nullptr;
    }
    return socket_ptr(new socket_t(std::make_unique<impl>(fd)));
}

bool rpc_transport_init() {
    return true;
}

void rpc_transport_shutdown() {}
