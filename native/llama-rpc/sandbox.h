// What a process can no longer do once it serves somebody else.
#pragma once

#include <cstdint>

// Gives up what a worker does not need, for good: opening, executing, connecting, new processes, looking at other
// processes, core dumps, root. Memory, threads and the descriptors that are open remain. On Linux all of it; elsewhere only
// what the system has. False, with a line on stderr: the process must not serve. `data_bytes` 0: no limit.
bool enter_sandbox(uint64_t data_bytes);

// Tries what must fail, and what must work, and prints a JSON object of what came of it.
int print_self_test();
