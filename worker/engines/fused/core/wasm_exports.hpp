/**
 * WebAssembly: the kernel's functions as exports of the module, and memory. Included by exports.cpp only. One instance serves one cohort
 * and is dropped with it; blocks that the cohort itself gives back are taken again where they fit.
 */
#pragma once
#include "exports.hpp"

extern "C" unsigned char __heap_base;

namespace loligo::inline LOLIGO_ISA {

struct FreeBlock {
  FreeBlock* next;
  size_t bytes;
};

inline constexpr size_t PAGE = 65536;
inline FreeBlock* freeBlocks = nullptr;
inline size_t heapEnd = 0;

/** The smallest block that was given back and is large enough, or null. */
inline void* takeFree(size_t bytes) {
  FreeBlock** best = nullptr;
  for (FreeBlock** at = &freeBlocks; *at != nullptr; at = &(*at)->next)
    if ((*at)->bytes >= bytes && (best == nullptr || (*at)->bytes < (*best)->bytes)) best = at;
  if (best == nullptr) return nullptr;
  FreeBlock* block = *best;
  *best = block->next;
  return block;
}

} // namespace loligo::inline LOLIGO_ISA

extern "C" void* loligo_take_block(size_t bytes) {
  using namespace loligo;
  if (bytes > ~size_t{0} - PAGE) return nullptr;
  const size_t rounded = (bytes + 63) / 64 * 64;
  void* block = takeFree(rounded);
  if (block == nullptr) {
    if (heapEnd == 0) heapEnd = (reinterpret_cast<size_t>(&__heap_base) + 63) / 64 * 64;
    const uint64_t end = uint64_t{heapEnd} + rounded, present = uint64_t{__builtin_wasm_memory_size(0)} * PAGE;
    if (end > uint64_t{PAGE} * 65535) return nullptr;
    if (end > present && __builtin_wasm_memory_grow(0, size_t((end - present + PAGE - 1) / PAGE)) == ~size_t{0}) return nullptr;
    block = reinterpret_cast<void*>(heapEnd);
    heapEnd = size_t(end);
  }
  __builtin_memset(block, 0, rounded);
  return block;
}

extern "C" void loligo_free_block(void* block, size_t bytes) {
  using namespace loligo;
  FreeBlock* freed = static_cast<FreeBlock*>(block);
  *freed = FreeBlock{freeBlocks, (bytes + 63) / 64 * 64};
  freeBlocks = freed;
}

#define LOLIGO_EXPORT(NAME) extern "C" __attribute__((export_name("loligo_" #NAME)))

LOLIGO_EXPORT(take) void* loligo_take(size_t bytes) { return loligo_take_block(bytes); }

LOLIGO_EXPORT(open)
int loligo_open(const int32_t* ints, size_t nInts, const double* reals, size_t nReals, loligo::CohortHandle** out, int* detail) {
  return loligo::open(ints, nInts, reals, nReals, out, detail);
}

LOLIGO_EXPORT(bytes) double loligo_bytes(const loligo::CohortHandle* cohort) { return loligo::bytes(cohort); }

LOLIGO_EXPORT(set_theta) int loligo_set_theta(loligo::CohortHandle* cohort, int replica, const double* theta, size_t n) {
  return loligo::setTheta(cohort, replica, theta, n);
}

LOLIGO_EXPORT(get_theta) int loligo_get_theta(const loligo::CohortHandle* cohort, int replica, double* theta, size_t n) {
  return loligo::getTheta(cohort, replica, theta, n);
}

LOLIGO_EXPORT(set_moments)
int loligo_set_moments(loligo::CohortHandle* cohort, int replica, const double* first, const double* second, size_t n) {
  return loligo::setMoments(cohort, replica, first, second, n);
}

LOLIGO_EXPORT(get_moments)
int loligo_get_moments(const loligo::CohortHandle* cohort, int replica, double* first, double* second, size_t n) {
  return loligo::getMoments(cohort, replica, first, second, n);
}

LOLIGO_EXPORT(set_factors) int loligo_set_factors(loligo::CohortHandle* cohort, int replica, const double* factors, size_t n) {
  return loligo::setFactors(cohort, replica, factors, n);
}

LOLIGO_EXPORT(get_factors) int loligo_get_factors(const loligo::CohortHandle* cohort, int replica, double* factors, size_t n) {
  return loligo::getFactors(cohort, replica, factors, n);
}

LOLIGO_EXPORT(adam)
int loligo_adam(loligo::CohortHandle* cohort, int replica, const double* stage, size_t nStage, int step, int steps, double* terms,
                double* trace, size_t nTrace) {
  return loligo::adam(cohort, replica, stage, nStage, step, steps, terms, trace, nTrace);
}

LOLIGO_EXPORT(evaluate)
int loligo_evaluate(loligo::CohortHandle* cohort, int replica, double* theta, size_t n, double project, double* terms) {
  return loligo::evaluate(cohort, replica, theta, n, project, terms);
}

LOLIGO_EXPORT(gradient) int loligo_gradient(loligo::CohortHandle* cohort, int replica, double physics, double* gradient, size_t n) {
  return loligo::gradient(cohort, replica, physics, gradient, n);
}

LOLIGO_EXPORT(gradient32)
int loligo_gradient32(loligo::CohortHandle* cohort, int replica, const double* theta, size_t n, double physics, double* gradient,
                      double* terms) {
  return loligo::gradient32(cohort, replica, theta, n, physics, gradient, terms);
}

LOLIGO_EXPORT(refresh) int loligo_refresh(loligo::CohortHandle* cohort, int replica, double* factor) {
  return loligo::refresh(cohort, replica, factor);
}

LOLIGO_EXPORT(linearise) int loligo_linearise(loligo::CohortHandle* cohort, int replica, double physics) {
  return loligo::linearise(cohort, replica, physics);
}

LOLIGO_EXPORT(solve)
int loligo_solve(loligo::CohortHandle* cohort, int replica, double damping, double* step, size_t n, double* predicted) {
  return loligo::solve(cohort, replica, damping, step, n, predicted);
}

LOLIGO_EXPORT(reconstruct)
int loligo_reconstruct(loligo::CohortHandle* cohort, int replica, double* states, size_t nStates, double* parameters, size_t nParameters) {
  return loligo::reconstruct(cohort, replica, states, nStates, parameters, nParameters);
}
