// A backend for ggml, loaded through GGML_BACKEND_PATH: the devices of the workers that LLAMA_RPC_SERVERS names.
//
//   LLAMA_RPC_SERVERS=worker:0*3,worker:1*1   LLAMA_RPC_SOCKETS=/folder/with/0.sock/and/1.sock
//
// gives the first worker three layers for each layer of the second: llama.cpp splits layers by the free memory of each
// device, so a device answers with its weight. All devices stand in one registry called "RPC", which is how llama.cpp
// knows that they belong in front of its list.
#include "ggml-backend-impl.h"
#include "rpc.h"

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "ggml-impl.h"

namespace {

// A power of two, so that no rounding of llama.cpp's floats moves a layer; large enough to pass for memory.
constexpr size_t WEIGHT = size_t(1) << 30;

std::vector<ggml_backend_dev_t>      devices;
std::map<ggml_backend_dev_t, size_t> shares;
void (*ask_props)(ggml_backend_dev_t, ggml_backend_dev_props *);

void tell_share(ggml_backend_dev_t device, size_t * free, size_t * total) {
    *free = shares[device];
    // Both zero would mean "unknown", and llama.cpp would take this machine's memory.
    *total = *free + WEIGHT;
}

void tell_props(ggml_backend_dev_t device, ggml_backend_dev_props * props) {
    ask_props(device, props);
    tell_share(device, &props->memory_free, &props->memory_total);
}

// A worker with several devices divides its weight among them by the memory that they have.
void give_shares(const std::vector<ggml_backend_dev_t> & of_worker, size_t weight) {
    std::vector<double> memory;
    double              sum = 0;
    for (ggml_backend_dev_t device : of_worker) {
        size_t free = 0, total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        memory.push_back(double(free));
        sum += double(free);
    }
    for (size_t i = 0; i < of_worker.size(); i++) {
        ggml_backend_dev_t device = of_worker[i];
        const bool         alone  = of_worker.size() == 1 || sum == 0;
        shares[device] = alone ? weight * WEIGHT : size_t(double(weight * WEIGHT) * memory[i] / sum);
        ask_props               = device->iface.get_props;
        device->iface.get_memory = tell_share;
        device->iface.get_props  = tell_props;
    }
}

void add_worker(const std::string & word) {
    const size_t      star     = word.find('*');
    const std::string endpoint = word.substr(0, star);
    const std::string number   = endpoint.substr(endpoint.find(':') + 1);
    const auto        added    = connect_to_worker(endpoint, "worker " + number);
    if (added.empty()) {
        GGML_ABORT("llama-rpc: worker %s lends no device\n", number.c_str());
    }
    if (star != std::string::npos) {
        give_shares(added, std::strtoul(word.c_str() + star + 1, nullptr, 10));
    }
    devices.insert(devices.end(), added.begin(), added.end());
}

const char * get_name(ggml_backend_reg_t) {
    return "RPC";
}

size_t get_device_count(ggml_backend_reg_t) {
    return devices.size();
}

ggml_backend_dev_t get_device(ggml_backend_reg_t, size_t index) {
    return devices[index];
}

void * get_proc_address(ggml_backend_reg_t, const char *) {
    return nullptr;
}

}  // namespace

// Called when ggml loads this file. It may be loaded again, and a worker must not be there twice.
extern "C" __attribute__((visibility("default"))) ggml_backend_reg_t ggml_backend_init(void) {
    static ggml_backend_reg reg = {
        GGML_BACKEND_API_VERSION,
        { get_name, get_device_count, get_device, get_proc_address },
        nullptr,
    };
    static bool loaded = false;
    if (loaded) {
        return nullptr;
    }
    loaded = true;
    // node-llama-cpp loads its libraries in a process of their own first, to see whether they run here: that one must not
    // take the connections, which workers accept once.
    const bool  trial = std::getenv("TEST_BINDING_CP") != nullptr;
    const char * list = std::getenv("LLAMA_RPC_SERVERS");
    if (!trial && list != nullptr) {
        std::stringstream words(list);
        for (std::string word; std::getline(words, word, ',');) {
            add_worker(word);
        }
    }
    return &reg;
}
