// What this machine computes with.
#pragma once

#include "ggml-backend.h"

#include <string>
#include <vector>

// Loads ggml's backends from a folder and takes the accelerators among them, or else the CPU. Empty: there is none.
std::vector<ggml_backend_dev_t> find_devices(const std::string & libraries);

// Undefined devices give no backend; `threads` matters to the CPU only.
ggml_backend_t start_backend(ggml_backend_dev_t device, int threads);

// Prints one JSON object with the device's name and memory and, when asked, how fast it reads weights.
int print_facts(ggml_backend_dev_t device, int threads, bool with_speed);
