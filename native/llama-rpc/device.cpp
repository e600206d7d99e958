#include "device.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unistd.h>

#include "ggml.h"
#include "ggml-cpp.h"

namespace {

constexpr int64_t COLUMNS   = 4096;
constexpr size_t  LEAST     = size_t(128) << 20;
constexpr size_t  MOST      = size_t(512) << 20;
// With the time to fill the matrices, eight types take about two seconds.
constexpr int64_t BUDGET_US = 60 * 1000;

struct Type {
    const char * name;
    ggml_type    type;
};

constexpr Type TYPES[] = {
    { "f32", GGML_TYPE_F32 },   { "f16", GGML_TYPE_F16 },   { "bf16", GGML_TYPE_BF16 }, { "q8_0", GGML_TYPE_Q8_0 },
    { "q4_0", GGML_TYPE_Q4_0 }, { "q4_K", GGML_TYPE_Q4_K }, { "q5_K", GGML_TYPE_Q5_K }, { "q6_K", GGML_TYPE_Q6_K },
};

// Larger than the last cache, or a pass would read from that.
size_t matrix_bytes(ggml_backend_dev_t device) {
    size_t wanted = LEAST;
#ifdef _SC_LEVEL3_CACHE_SIZE
    wanted = std::max(wanted, size_t(std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE))) * 2);
#endif
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    return std::min({ wanted, MOST, free / 8 });
}

std::vector<uint8_t> one_row(ggml_type type) {
    std::vector<float> values(COLUMNS);
    for (int64_t i = 0; i < COLUMNS; i++) {
        values[i] = std::sin(float(i));
    }
    std::vector<uint8_t> row(ggml_row_size(type, COLUMNS));
    if (type == GGML_TYPE_F32) {
        std::memcpy(row.data(), values.data(), row.size());
    } else {
        ggml_quantize_chunk(type, values.data(), row.data(), 0, 1, COLUMNS, nullptr);
    }
    return row;
}

void fill(ggml_tensor * matrix, const std::vector<uint8_t> & row) {
    // A few rows at a time stay in the cache while they are copied.
    const int64_t        together = std::min<int64_t>(matrix->ne[1], 64);
    std::vector<uint8_t> rows;
    for (int64_t i = 0; i < together; i++) {
        rows.insert(rows.end(), row.begin(), row.end());
    }
    for (int64_t i = 0; i < matrix->ne[1]; i += together) {
        const int64_t count = std::min(together, matrix->ne[1] - i);
        ggml_backend_tensor_set(matrix, rows.data(), size_t(i) * row.size(), size_t(count) * row.size());
    }
}

// Bytes of the matrix that a product with one vector reads in a second, as when one token is made; 0: not supported.
double measure(ggml_backend_t backend, ggml_backend_buffer_t buffer, ggml_type type) {
    const size_t     overhead = ggml_tensor_overhead() * 3 + ggml_graph_overhead();
    ggml_context_ptr context{ ggml_init({ overhead, nullptr, true }) };
    const size_t     alignment = ggml_backend_buffer_get_alignment(buffer);
    const size_t     row_bytes = ggml_row_size(type, COLUMNS);
    // The vector and the result have their place behind the matrix.
    const size_t     room    = ggml_backend_buffer_get_size(buffer) - (size_t(8) << 20);
    const int64_t    rows    = int64_t(std::min(room / row_bytes, size_t(1) << 20));
    ggml_tensor *    matrix  = ggml_new_tensor_2d(context.get(), type, COLUMNS, rows);
    ggml_tensor *    vector  = ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, COLUMNS);
    ggml_tensor *    product = ggml_mul_mat(context.get(), matrix, vector);
    char *           next    = static_cast<char *>(ggml_backend_buffer_get_base(buffer));
    for (ggml_tensor * tensor : { matrix, vector, product }) {
        if (ggml_backend_tensor_alloc(buffer, tensor, next) != GGML_STATUS_SUCCESS) {
            return 0;
        }
        next += GGML_PAD(ggml_backend_buffer_get_alloc_size(buffer, tensor), alignment);
    }
    if (!ggml_backend_supports_op(backend, product)) {
        return 0;
    }
    fill(matrix, one_row(type));
    fill(vector, one_row(GGML_TYPE_F32));
    ggml_cgraph * graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, product);
    // The first pass only warms up. Of the others the mean: a model pays for the slow ones, too.
    int64_t passes = 0;
    int64_t took   = 0;
    for (; passes < 4 || took < BUDGET_US; passes++) {
        const int64_t before = ggml_time_us();
        if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
            return 0;
        }
        took += passes == 0 ? 0 : std::max<int64_t>(1, ggml_time_us() - before);
    }
    return double(row_bytes) * double(rows) * double(passes - 1) * 1e6 / double(took);
}

void print_speeds(ggml_backend_dev_t device, int threads) {
    ggml_backend_ptr        backend{ start_backend(device, threads) };
    ggml_backend_buffer_ptr buffer;
    if (backend != nullptr) {
        buffer.reset(ggml_backend_alloc_buffer(backend.get(), matrix_bytes(device) + (size_t(8) << 20)));
    }
    const char * separator = "";
    for (const Type & type : TYPES) {
        const double speed = buffer == nullptr ? 0 : measure(backend.get(), buffer.get(), type.type);
        if (speed > 0) {
            std::printf("%s\"%s\":%.0f", separator, type.name, speed);
            separator = ",";
        }
    }
}

void print_text(const char * text) {
    for (const char * next = text; *next != '\0'; next++) {
        const unsigned char c = static_cast<unsigned char>(*next);
        if (c >= 0x20 && c != '"' && c != '\\') {
            std::putchar(c);
        }
    }
}

}  // namespace

std::vector<ggml_backend_dev_t> find_devices(const std::string & libraries) {
    ggml_backend_load_all_from_path(libraries.c_str());
    std::vector<ggml_backend_dev_t> devices;
#ifndef __linux__
    // On Linux the sandbox allows no driver of an accelerator.
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_GPU) {
            devices.push_back(device);
        }
    }
#endif
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (devices.empty() && cpu != nullptr) {
        devices.push_back(cpu);
    }
    return devices;
}

ggml_backend_t start_backend(ggml_backend_dev_t device, int threads) {
    ggml_backend_t     backend = ggml_backend_dev_init(device, nullptr);
    ggml_backend_reg_t reg     = ggml_backend_dev_backend_reg(device);
    auto * set_threads         = reinterpret_cast<ggml_backend_set_n_threads_t>(
        ggml_backend_reg_get_proc_address(reg, "ggml_backend_set_n_threads"));
    if (backend != nullptr && set_threads != nullptr) {
        set_threads(backend, threads);
    }
    return backend;
}

int print_facts(ggml_backend_dev_t device, int threads, bool with_speed) {
    const bool cpu  = ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU;
    size_t     free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    std::printf("{\"device\":\"");
    print_text(cpu ? "CPU" : ggml_backend_dev_description(device));
    std::printf("\",\"memoryTotalBytes\":%zu,\"memoryFreeBytes\":%zu,\"weightBytesPerSecond\":{", total, free);
    if (with_speed) {
        print_speeds(device, threads);
    }
    std::printf("}}\n");
    return 0;
}
