/**
 * The Node-API border of the native build: converts and checks arguments, nothing more. A wrong argument is a JavaScript TypeError; what
 * the core refuses comes back as its code. One cohort belongs to one thread; the add-on itself may be loaded by many.
 *
 * LOLIGO_KERNELS (build.mjs) lists the instruction sets that were compiled, best first.
 */
#include "exports.hpp"
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern "C" void* loligo_take_block(size_t bytes) {
  void* block = nullptr;
  // a system that promises more than it has would end the process when the block is written to
  const size_t memory = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > memory / 2) return nullptr;
  if (posix_memalign(&block, 64, bytes) != 0) return nullptr;
  memset(block, 0, bytes);
  return block;
}

extern "C" void loligo_free_block(void* block, size_t) { free(block); }

#define LOLIGO_KERNEL(ISA) extern "C" const loligo::Kernel* loligo_kernel_##ISA();
LOLIGO_KERNELS
#undef LOLIGO_KERNEL

namespace {

using loligo::CohortHandle;
using loligo::Kernel;

/** Null after the last. */
const Kernel* kernel(size_t place) {
#define LOLIGO_KERNEL(ISA) loligo_kernel_##ISA,
  static const Kernel* (*const all[])() = {LOLIGO_KERNELS};
#undef LOLIGO_KERNEL
  return place < sizeof(all) / sizeof(all[0]) ? all[place]() : nullptr;
}

/** Whether processor and operating system run it: the compiler's check asks both (AVX needs registers that the system must save). */
bool runs(const char* isa) {
#if defined(__x86_64__)
  if (strcmp(isa, "avx512") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
  if (strcmp(isa, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return strcmp(isa, "portable") == 0 || strcmp(isa, "neon") == 0;
}

/** What a JavaScript cohort object owns; the handle is null once it is closed. */
struct Owner {
  const Kernel* kernel;
  CohortHandle* handle;
};

const napi_type_tag COHORT_TAG = {0x6c6f6c69676f0001, 0x9e3779b97f4a7c15};

void finalize(napi_env, void* pointer, void*) {
  Owner* owner = static_cast<Owner*>(pointer);
  if (owner->handle != nullptr) owner->kernel->close(owner->handle);
  free(owner);
}

/** A Float64Array's or Int32Array's memory. */
template <typename T> struct Numbers {
  T* at = nullptr;
  size_t count = 0;
};

/** One call's arguments. After the first wrong one an exception is pending and `ok` is false. */
class Call {
public:
  Call(napi_env env, napi_callback_info info, size_t expected) : env_(env) {
    count_ = sizeof(arguments_) / sizeof(arguments_[0]);
    if (napi_get_cb_info(env, info, &count_, arguments_, nullptr, nullptr) != napi_ok || count_ != expected)
      refuse("internal: a function of the add-on was called with another number of arguments than it has");
  }

  bool ok() const { return ok_; }

  Owner* owner(size_t place) {
    bool tagged = false;
    void* owner = nullptr;
    napi_valuetype type = napi_undefined;
    if (!ok_) return nullptr;
    if (napi_typeof(env_, arguments_[place], &type) != napi_ok || type != napi_object ||
        napi_check_object_type_tag(env_, arguments_[place], &COHORT_TAG, &tagged) != napi_ok || !tagged ||
        napi_unwrap(env_, arguments_[place], &owner) != napi_ok)
      return refuse("internal: the argument is no cohort"), nullptr;
    return static_cast<Owner*>(owner);
  }

  /** An open cohort. */
  Owner* cohort(size_t place) {
    Owner* found = owner(place);
    if (found != nullptr && found->handle == nullptr) return refuse("internal: the cohort is closed"), nullptr;
    return found;
  }

  int32_t integer(size_t place) {
    const double value = number(place);
    if (ok_ && !(value >= -2147483648.0 && value <= 2147483647.0 && value == static_cast<double>(static_cast<int32_t>(value))))
      return refuse("internal: the argument must be an integer of 32 bits"), 0;
    return ok_ ? static_cast<int32_t>(value) : 0;
  }

  double number(size_t place) {
    double value = 0;
    if (ok_ && napi_get_value_double(env_, arguments_[place], &value) != napi_ok) refuse("internal: the argument must be a number");
    return value;
  }

  Numbers<double> reals(size_t place) { return typed<double>(place, napi_float64_array); }
  Numbers<int32_t> integers(size_t place) { return typed<int32_t>(place, napi_int32_array); }

  /** Of exactly so many numbers. */
  double* reals(size_t place, size_t count) {
    const Numbers<double> numbers = reals(place);
    if (ok_ && numbers.count != count) return refuse("internal: the argument has the wrong length"), nullptr;
    return numbers.at;
  }

  /** Empty for null. */
  Numbers<double> realsOrNull(size_t place) {
    napi_valuetype type = napi_undefined;
    if (ok_ && napi_typeof(env_, arguments_[place], &type) == napi_ok && type == napi_null) return {};
    return reals(place);
  }

  void text(size_t place, char* into, size_t size) {
    size_t length = 0;
    if (ok_ && napi_get_value_string_utf8(env_, arguments_[place], into, size, &length) != napi_ok)
      refuse("internal: the argument must be a string");
  }

  napi_value result(int code) {
    napi_value value = nullptr;
    if (ok_) napi_create_int32(env_, code, &value);
    return value;
  }

  void refuse(const char* message) {
    if (ok_) napi_throw_type_error(env_, nullptr, message);
    ok_ = false;
  }

private:
  template <typename T> Numbers<T> typed(size_t place, napi_typedarray_type expected) {
    bool isTyped = false;
    napi_typedarray_type type = napi_int8_array;
    size_t count = 0;
    void* at = nullptr;
    if (!ok_) return {};
    if (napi_is_typedarray(env_, arguments_[place], &isTyped) != napi_ok || !isTyped ||
        napi_get_typedarray_info(env_, arguments_[place], &type, &count, &at, nullptr, nullptr) != napi_ok || type != expected)
      return refuse("internal: the argument must be a typed array of the right kind"), Numbers<T>{};
    return {static_cast<T*>(at), count};
  }

  napi_env env_;
  napi_value arguments_[8];
  size_t count_;
  bool ok_ = true;
};

napi_value names(napi_env env, bool runnableOnly) {
  napi_value list = nullptr;
  napi_create_array(env, &list);
  uint32_t place = 0;
  for (size_t k = 0; kernel(k) != nullptr; k++) {
    napi_value name = nullptr;
    if (runnableOnly && !runs(kernel(k)->isa)) continue;
    napi_create_string_utf8(env, kernel(k)->isa, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, list, place++, name);
  }
  return list;
}

napi_value compiled(napi_env env, napi_callback_info) { return names(env, false); }
napi_value runnable(napi_env env, napi_callback_info) { return names(env, true); }

/** open(isa, ints, reals, detail: Int32Array(1)): a cohort, or the code (negative) of what was refused. */
napi_value open(napi_env env, napi_callback_info info) {
  Call call(env, info, 4);
  char isa[32] = "";
  call.text(0, isa, sizeof(isa));
  const Numbers<int32_t> ints = call.integers(1);
  const Numbers<double> reals = call.reals(2);
  const Numbers<int32_t> detail = call.integers(3);
  if (call.ok() && detail.count != 1) call.refuse("internal: detail must have one number");
  const Kernel* chosen = nullptr;
  for (size_t k = 0; kernel(k) != nullptr; k++)
    if (strcmp(kernel(k)->isa, isa) == 0 && runs(isa)) chosen = kernel(k);
  if (call.ok() && chosen == nullptr) call.refuse("internal: the instruction set is not compiled or does not run here");
  if (!call.ok()) return nullptr;
  Owner* owner = static_cast<Owner*>(calloc(1, sizeof(Owner)));
  if (owner == nullptr) return call.result(loligo::outOfMemory);
  owner->kernel = chosen;
  const int code = chosen->open(ints.at, ints.count, reals.at, reals.count, &owner->handle, detail.at);
  napi_value object = nullptr;
  if (code != loligo::ok || napi_create_object(env, &object) != napi_ok ||
      napi_wrap(env, object, owner, finalize, nullptr, nullptr) != napi_ok) {
    finalize(env, owner, nullptr);
    return call.result(code);
  }
  napi_type_tag_object(env, object, &COHORT_TAG);
  return object;
}

/** close(cohort): a second time does nothing. */
napi_value close(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  Owner* owner = call.owner(0);
  if (!call.ok()) return nullptr;
  if (owner->handle != nullptr) owner->kernel->close(owner->handle);
  owner->handle = nullptr;
  return call.result(loligo::ok);
}

/** bytes(cohort): memory that it holds. */
napi_value bytes(napi_env env, napi_callback_info info) {
  Call call(env, info, 1);
  const Owner* owner = call.cohort(0);
  napi_value value = nullptr;
  if (call.ok()) napi_create_double(env, owner->kernel->bytes(owner->handle), &value);
  return value;
}

/** (cohort, replica, numbers) */
template <auto FUNCTION> napi_value oneArray(napi_env env, napi_callback_info info) {
  Call call(env, info, 3);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const Numbers<double> numbers = call.reals(2);
  return call.ok() ? call.result((owner->kernel->*FUNCTION)(owner->handle, replica, numbers.at, numbers.count)) : nullptr;
}

/** (cohort, replica, first, second), both of one length */
template <auto FUNCTION> napi_value twoArrays(napi_env env, napi_callback_info info) {
  Call call(env, info, 4);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const Numbers<double> first = call.reals(2);
  double* second = call.reals(3, first.count);
  return call.ok() ? call.result((owner->kernel->*FUNCTION)(owner->handle, replica, first.at, second, first.count)) : nullptr;
}

/** adam(cohort, replica, stage, step, steps, terms, trace or null) */
napi_value adam(napi_env env, napi_callback_info info) {
  Call call(env, info, 7);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const Numbers<double> stage = call.reals(2);
  const int32_t step = call.integer(3);
  const int32_t steps = call.integer(4);
  double* terms = call.reals(5, 3);
  const Numbers<double> trace = call.realsOrNull(6);
  if (!call.ok()) return nullptr;
  return call.result(owner->kernel->adam(owner->handle, replica, stage.at, stage.count, step, steps, terms, trace.at, trace.count));
}

/** evaluate(cohort, replica, theta, project: a physics weight, or negative, terms) */
napi_value evaluate(napi_env env, napi_callback_info info) {
  Call call(env, info, 5);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const Numbers<double> theta = call.reals(2);
  const double project = call.number(3);
  double* terms = call.reals(4, 3);
  if (!call.ok()) return nullptr;
  return call.result(owner->kernel->evaluate(owner->handle, replica, theta.at, theta.count, project, terms));
}

/** gradient(cohort, replica, physics, gradient) */
napi_value gradient(napi_env env, napi_callback_info info) {
  Call call(env, info, 4);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const double physics = call.number(2);
  const Numbers<double> into = call.reals(3);
  return call.ok() ? call.result(owner->kernel->gradient(owner->handle, replica, physics, into.at, into.count)) : nullptr;
}

/** gradient32(cohort, replica, theta, physics, gradient, terms) */
napi_value gradient32(napi_env env, napi_callback_info info) {
  Call call(env, info, 6);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const Numbers<double> theta = call.reals(2);
  const double physics = call.number(3);
  double* into = call.reals(4, theta.count);
  double* terms = call.reals(5, 3);
  if (!call.ok()) return nullptr;
  return call.result(owner->kernel->gradient32(owner->handle, replica, theta.at, theta.count, physics, into, terms));
}

/** refresh(cohort, replica, factor: Float64Array(1)) */
napi_value refresh(napi_env env, napi_callback_info info) {
  Call call(env, info, 3);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  double* factor = call.reals(2, 1);
  return call.ok() ? call.result(owner->kernel->refresh(owner->handle, replica, factor)) : nullptr;
}

/** linearise(cohort, replica, physics) */
napi_value linearise(napi_env env, napi_callback_info info) {
  Call call(env, info, 3);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const double physics = call.number(2);
  return call.ok() ? call.result(owner->kernel->linearise(owner->handle, replica, physics)) : nullptr;
}

/** solve(cohort, replica, damping, step, predicted: Float64Array(1)) */
napi_value solve(napi_env env, napi_callback_info info) {
  Call call(env, info, 5);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const double damping = call.number(2);
  const Numbers<double> step = call.reals(3);
  double* predicted = call.reals(4, 1);
  if (!call.ok()) return nullptr;
  return call.result(owner->kernel->solve(owner->handle, replica, damping, step.at, step.count, predicted));
}

/** reconstruct(cohort, replica, states, parameters) */
napi_value reconstruct(napi_env env, napi_callback_info info) {
  Call call(env, info, 4);
  const Owner* owner = call.cohort(0);
  const int32_t replica = call.integer(1);
  const Numbers<double> states = call.reals(2);
  const Numbers<double> parameters = call.reals(3);
  if (!call.ok()) return nullptr;
  return call.result(owner->kernel->reconstruct(owner->handle, replica, states.at, states.count, parameters.at, parameters.count));
}

void define(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, exports, name, value);
}

} // namespace

NAPI_MODULE_INIT() {
  define(env, exports, "compiled", compiled);
  define(env, exports, "runnable", runnable);
  define(env, exports, "open", open);
  define(env, exports, "close", close);
  define(env, exports, "bytes", bytes);
  define(env, exports, "setTheta", oneArray<&Kernel::setTheta>);
  define(env, exports, "getTheta", oneArray<&Kernel::getTheta>);
  define(env, exports, "setMoments", twoArrays<&Kernel::setMoments>);
  define(env, exports, "getMoments", twoArrays<&Kernel::getMoments>);
  define(env, exports, "setFactors", oneArray<&Kernel::setFactors>);
  define(env, exports, "getFactors", oneArray<&Kernel::getFactors>);
  define(env, exports, "adam", adam);
  define(env, exports, "evaluate", evaluate);
  define(env, exports, "gradient", gradient);
  define(env, exports, "gradient32", gradient32);
  define(env, exports, "refresh", refresh);
  define(env, exports, "linearise", linearise);
  define(env, exports, "solve", solve);
  define(env, exports, "reconstruct", reconstruct);
  return exports;
}
