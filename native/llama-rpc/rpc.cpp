// Part of the same unit: what serves one client, and the context of a device, are private to this file of ggml.
#include "ggml-rpc.cpp"

#include "rpc.h"

std::vector<ggml_backend_dev_t> connect_to_worker(const std::string & endpoint, const std::string & description) {
    // ggml drops a connection that nothing uses for a moment and makes another; a worker has one, and its memory ends with
    // it. Never freed: at the end of the process no thread waits for it.
    static auto * held = new std::vector<std::shared_ptr<rpc_dispatcher>>;
    held->push_back(get_dispatcher(endpoint));
    std::vector<ggml_backend_dev_t> devices;
    ggml_backend_reg_t reg = ggml_backend_rpc_add_server(endpoint.c_str());
    const size_t count = reg == nullptr ? 0 : ggml_backend_reg_dev_count(reg);
    for (size_t i = 0; i < count; i++) {
        ggml_backend_dev_t device = ggml_backend_reg_dev_get(reg, i);
        static_cast<ggml_backend_rpc_device_context *>(device->context)->description = description;
        devices.push_back(device);
    }
    return devices;
}

bool serve_client(int fd, const std::vector<ggml_backend_t> & backends) {
    socket_ptr client = socket_t::connect("fd", fd);
    if (client == nullptr) {
        return false;
    }
    // No folder for ggml's own cache: its FNV-1a names can be forged, and nothing may be written here anyway.
    rpc_serve_client(backends, nullptr, client);
    return true;
}
