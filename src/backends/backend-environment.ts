/** Names that a backend process may inherit: finding programs and libraries, language, time, and the devices. */
const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|TMP|TEMP|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|LLAMACPP_GRPC_SERVERS|LC_.*|XDG_.*|(CUDA|NVIDIA|HIP|ROCR|ROCM|HSA|AMD|GPU|ONEAPI|SYCL|ZE|VK|OMP|KMP|GGML|LLAMA|NODE_LLAMA_CPP|HF|TRANSFORMERS|HUGGINGFACE)_.*|SYSTEMROOT|WINDIR|PATHEXT|COMSPEC|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMDATA|NUMBER_OF_PROCESSORS)$/i

/** Whatever the list above says, a name like these is never inherited. */
const SECRET = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH|COOKIE|(^|_)KEY|KEYS?$/i

/**
 * The environment of a backend process: the little of ours that it needs, `fallback` where we have nothing of that
 * name, and before both what its definition says. Pure.
 * A backend runs other people's code on other people's files; it learns none of the node's keys and tokens.
 */
export function backendEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  defined: Readonly<Record<string, string>>,
  fallback: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const inherited = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]) && !SECRET.test(entry[0]),
  )
  return {
    ...fallback,
    ...Object.fromEntries(inherited),
    // ggml would start a debugger to print where it aborted.
    GGML_NO_BACKTRACE: '1',
    ...defined,
    LOCALAI_BACKEND_LIFELINE: 'stdin',
  }
}
