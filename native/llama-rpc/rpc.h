// The two sides of ggml's RPC, as the plug-in and the worker use them.
#pragma once

#include "ggml-backend.h"

#include <string>
#include <vector>

// The devices of the worker at an endpoint of our transport, over one connection that lasts as long as the process. Aborts
// the process when it cannot be reached.
std::vector<ggml_backend_dev_t> connect_to_worker(const std::string & endpoint, const std::string & description);

// Serves the one client on a descriptor until it leaves or says what is not allowed; what it had allocated is freed.
bool serve_client(int fd, const std::vector<ggml_backend_t> & backends);
