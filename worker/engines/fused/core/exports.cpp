/**
 * The core for one instruction set: compiled once for each, with -DLOLIGO_ISA=<name>, into the table that exports.hpp describes. Here every
 * argument is checked; nothing behind it is. WebAssembly has the same functions as exports of its module (wasm_exports.hpp).
 */
#include "exports.hpp"
#include "cohort.hpp"

namespace loligo::inline LOLIGO_ISA {

struct Place {
  void* at;
};

} // namespace loligo::inline LOLIGO_ISA

inline void* operator new(size_t, loligo::Place place) noexcept { return place.at; }

namespace loligo::inline LOLIGO_ISA {
namespace {

Cohort* cohortOf(CohortHandle* handle) { return reinterpret_cast<Cohort*>(handle); }
const Cohort* cohortOf(const CohortHandle* handle) { return reinterpret_cast<const Cohort*>(handle); }

void close(CohortHandle* handle) {
  if (handle == nullptr) return;
  cohortOf(handle)->~Cohort();
  loligo_free_block(handle, sizeof(Cohort));
}

int open(const int32_t* ints, size_t nInts, const double* reals, size_t nReals, CohortHandle** out, int* detail) {
  *out = nullptr;
  *detail = 0;
  void* place = loligo_take_block(sizeof(Cohort));
  if (place == nullptr) return outOfMemory;
  Cohort* cohort = new (Place{place}) Cohort;
  CohortHandle* handle = reinterpret_cast<CohortHandle*>(cohort);
  const Refusal refusal = cohort->open(ints, nInts, reals, nReals);
  if (refusal == Refusal::none) {
    *out = handle;
    return ok;
  }
  close(handle);
  *detail = static_cast<int>(refusal);
  return refusal == Refusal::memory ? outOfMemory : badDescription;
}

int size(const CohortHandle* handle) { return cohortOf(handle)->size(); }
int thetaSize(const CohortHandle* handle) { return cohortOf(handle)->thetaSize(); }
double bytes(const CohortHandle* handle) { return static_cast<double>(cohortOf(handle)->bytes()); }

/** Ok where the replica exists and every array is as long as theta (or as `expected`). */
int checked(const Cohort* cohort, int replica, size_t n, size_t expected) {
  if (replica < 0 || replica >= cohort->size()) return noReplica;
  return n == expected ? ok : badLength;
}

int checkedTheta(const Cohort* cohort, int replica, size_t n) {
  return checked(cohort, replica, n, static_cast<size_t>(cohort->thetaSize()));
}

template <typename A, typename B> void copyNumbers(const A* from, B* to, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = static_cast<B>(from[i]);
}

int setTheta(CohortHandle* handle, int replica, const double* theta, size_t n) {
  Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code == ok) copyNumbers(theta, cohort->theta(replica), n);
  return code;
}

int getTheta(const CohortHandle* handle, int replica, double* theta, size_t n) {
  const Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code == ok) copyNumbers(cohort->theta(replica), theta, n);
  return code;
}

int setMoments(CohortHandle* handle, int replica, const double* first, const double* second, size_t n) {
  Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code != ok) return code;
  copyNumbers(first, cohort->first(replica), n);
  copyNumbers(second, cohort->second(replica), n);
  return ok;
}

int getMoments(const CohortHandle* handle, int replica, double* first, double* second, size_t n) {
  const Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code != ok) return code;
  copyNumbers(cohort->first(replica), first, n);
  copyNumbers(cohort->second(replica), second, n);
  return ok;
}

int setFactors(CohortHandle* handle, int replica, const double* factors, size_t n) {
  Cohort* cohort = cohortOf(handle);
  const int code = checked(cohort, replica, n, 3);
  if (code == ok) copyNumbers(factors, cohort->multipliers(replica), n);
  return code;
}

int getFactors(const CohortHandle* handle, int replica, double* factors, size_t n) {
  const Cohort* cohort = cohortOf(handle);
  const int code = checked(cohort, replica, n, 3);
  if (code == ok) copyNumbers(cohort->multipliers(replica), factors, n);
  return code;
}

bool isWeight(double value) { return value >= 0 && __builtin_isfinite(value); }

/** A stage that can be run from `step` for `steps` steps. */
bool isValid(const AdamStage& stage, int step, int steps) {
  const bool counts = stage.steps >= 1 && stage.steps <= 2147483647.0 && stage.warmup >= 0 && stage.warmup <= 2147483647.0;
  const bool rates = isWeight(stage.rate) && isWeight(stage.parameterRate) && isWeight(stage.physicsFrom) && isWeight(stage.physicsTo);
  const bool span = stage.physicsFrom == stage.physicsTo || (stage.physicsFrom > 0 && stage.physicsTo > 0);
  return counts && rates && span && step >= 0 && steps >= 0 && static_cast<double>(step) + steps <= stage.steps;
}

int adam(CohortHandle* handle, int replica, const double* stage, size_t nStage, int step, int steps, double* terms, double* trace,
         size_t nTrace) {
  Cohort* cohort = cohortOf(handle);
  const int code = checked(cohort, replica, nStage, ADAM_STAGE_NUMBERS);
  if (code != ok) return code;
  const AdamStage numbers{stage[0], stage[1], stage[2], stage[3], stage[4], stage[5], stage[6]};
  if (!isValid(numbers, step, steps)) return badStage;
  if (trace != nullptr && nTrace != static_cast<size_t>(steps) * static_cast<size_t>(cohort->inferred())) return badLength;
  return cohort->adam(replica, numbers, step, steps, terms, trace);
}

int evaluate(CohortHandle* handle, int replica, double* theta, size_t n, double project, double* terms) {
  Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  return code == ok ? cohort->evaluate(replica, theta, project, terms) : code;
}

int gradient(CohortHandle* handle, int replica, double physics, double* gradient, size_t n) {
  Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code != ok) return code;
  if (!isWeight(physics)) return badStage;
  Objective* objective = cohort->evaluated(replica);
  if (objective == nullptr) return badOrder;
  objective->gradient(physics, gradient);
  return ok;
}

int gradient32(CohortHandle* handle, int replica, const double* theta, size_t n, double physics, double* gradient, double* terms) {
  Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code != ok) return code;
  return isWeight(physics) ? cohort->gradient32(replica, theta, physics, gradient, terms) : badStage;
}

int refresh(CohortHandle* handle, int replica, double* factor) {
  Objective* objective = cohortOf(handle)->evaluated(replica);
  if (objective == nullptr) return badOrder;
  *factor = objective->refresh();
  return ok;
}

int linearise(CohortHandle* handle, int replica, double physics) {
  return isWeight(physics) ? cohortOf(handle)->linearise(replica, physics) : badStage;
}

int solve(CohortHandle* handle, int replica, double damping, double* step, size_t n, double* predicted) {
  Cohort* cohort = cohortOf(handle);
  const int code = checkedTheta(cohort, replica, n);
  if (code != ok) return code;
  if (!isWeight(damping)) return badStage;
  Objective* objective = cohort->evaluated(replica);
  if (objective == nullptr || !objective->built()) return badOrder;
  return objective->solve(damping, step, predicted) ? ok : notPositive;
}

int reconstruct(CohortHandle* handle, int replica, double* states, size_t nStates, double* parameters, size_t nParameters) {
  Cohort* cohort = cohortOf(handle);
  const int code = checked(cohort, replica, nStates, static_cast<size_t>(cohort->stateNumbers()));
  if (code != ok) return code;
  return nParameters == static_cast<size_t>(cohort->inferred()) ? cohort->reconstruct(replica, states, parameters) : badLength;
}

} // namespace

#define LOLIGO_TEXT_OF(NAME) #NAME
#define LOLIGO_TEXT(NAME) LOLIGO_TEXT_OF(NAME)
inline constexpr Kernel KERNEL = {LOLIGO_TEXT(LOLIGO_ISA),
                                  open,
                                  close,
                                  size,
                                  thetaSize,
                                  bytes,
                                  setTheta,
                                  getTheta,
                                  setMoments,
                                  getMoments,
                                  setFactors,
                                  getFactors,
                                  adam,
                                  evaluate,
                                  gradient,
                                  gradient32,
                                  refresh,
                                  linearise,
                                  solve,
                                  reconstruct};

} // namespace loligo::inline LOLIGO_ISA

#ifdef __wasm__
#include "wasm_exports.hpp"
#else
#define LOLIGO_TABLE_OF(ISA) loligo_kernel_##ISA
#define LOLIGO_TABLE(ISA) LOLIGO_TABLE_OF(ISA)
extern "C" const loligo::Kernel* LOLIGO_TABLE(LOLIGO_ISA)();
extern "C" const loligo::Kernel* LOLIGO_TABLE(LOLIGO_ISA)() { return &loligo::KERNEL; }
#endif
