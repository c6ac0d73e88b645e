/**
 * What a compiled core offers: one table of functions for each instruction set. The same functions serve the add-on, WebAssembly and the
 * tests' main. Every function checks its arguments in full, returns a Code (or a count, at least 0) and never crashes.
 * `n` after a pointer is its length in numbers and must be what the function expects, or the call is refused.
 * theta, gradients and steps have the length of theta and stand in float64. terms: data, current, gates.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace loligo {

struct CohortHandle;

/** Results below 0. */
enum Code : int {
  ok = 0,
  badDescription = -1,
  outOfMemory = -2,
  noReplica = -3,
  badLength = -4,
  badStage = -5,
  /** A gradient without an evaluation, a solve without a linearisation. */
  badOrder = -6,
  /** The Gram matrix plus damping is not positive definite. */
  notPositive = -7,
  unsupported = -8,
};

/** An Adam stage as numbers, in this order (fused-engine.ts writes them). The physics weight goes geometrically from `from` to `to`. */
struct AdamStage {
  double steps;
  double rate;
  double parameterRate;
  double warmup;
  double physicsFrom;
  double physicsTo;
  double project;
};
inline constexpr size_t ADAM_STAGE_NUMBERS = 7;

struct Kernel {
  const char* isa;
  /** ints and reals: description.ts. Where it is refused, `detail` says by which check (for the error's text). */
  int (*open)(const int32_t* ints, size_t nInts, const double* reals, size_t nReals, CohortHandle** out, int* detail);
  void (*close)(CohortHandle*);
  int (*size)(const CohortHandle*);
  int (*thetaSize)(const CohortHandle*);
  double (*bytes)(const CohortHandle*);
  int (*setTheta)(CohortHandle*, int replica, const double* theta, size_t n);
  int (*getTheta)(const CohortHandle*, int replica, double* theta, size_t n);
  /** Adam's moments, both [theta]. */
  int (*setMoments)(CohortHandle*, int replica, const double* first, const double* second, size_t n);
  int (*getMoments)(const CohortHandle*, int replica, double* first, double* second, size_t n);
  /** Factors of the terms under an adaptive weighting: [3], 1 at a stage's start. */
  int (*setFactors)(CohortHandle*, int replica, const double* factors, size_t n);
  int (*getFactors)(const CohortHandle*, int replica, double* factors, size_t n);
  /**
   * Up to `steps` Adam steps from step `step`, in float32; returns the steps taken: fewer mean divergence, and `terms` say of what. `terms`
   * are those before the last step that was begun. trace: null, or [steps][P] parameters in the model's units after each step.
   */
  int (*adam)(CohortHandle*, int replica, const double* stage, size_t nStage, int step, int steps, double* terms, double* trace,
              size_t nTrace);
  /**
   * Bring residuals to theta, in float64. Where `project`, a physics weight, is not negative, first solve for the linear parameters under
   * it and write them into theta.
   */
  int (*evaluate)(CohortHandle*, int replica, double* theta, size_t n, double project, double* terms);
  /** d loss / d theta at the theta last evaluated. */
  int (*gradient)(CohortHandle*, int replica, double physics, double* gradient, size_t n);
  /** Terms and gradient in the arithmetic of `adam`. */
  int (*gradient32)(CohortHandle*, int replica, const double* theta, size_t n, double physics, double* gradient, double* terms);
  /**
   * Take the factor of the data term anew at the theta last evaluated: 1, or with estimated noise (1 mV / s.d. of the misfit)^2. `gradient`
   * and `linearise` work under the factor last taken.
   */
  int (*refresh)(CohortHandle*, int replica, double* factor);
  /** Build the damped system at the theta last evaluated; later evaluations of trial thetas leave it as it is. */
  int (*linearise)(CohortHandle*, int replica, double physics);
  /** The step to be added to the linearised theta under this damping, and the decrease of the loss that the linear model promises. */
  int (*solve)(CohortHandle*, int replica, double damping, double* step, size_t n, double* predicted);
  /** V and each gate on the grid [1 + G][M] and the parameters [P] at the replica's theta. */
  int (*reconstruct)(CohortHandle*, int replica, double* states, size_t nStates, double* parameters, size_t nParameters);
};

} // namespace loligo
