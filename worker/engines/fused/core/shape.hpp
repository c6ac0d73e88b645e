/**
 * What a cohort trains, as the core sees it: the shape that its replicas share and each replica's own member. Read from the flat arrays
 * of description.ts by description.hpp and checked there in full: code behind it trusts every index and size.
 * Pointers reach into the cohort's arena. What the heads need (programs, ranges, recordings) is in head.hpp and program.hpp.
 *
 * theta = [per layer W, b, (s); (modified: encoder U: W, b, (s); encoder Q: W, b, (s)); parameters; free initial gates; (log scale c)]
 */
#pragma once
#include "head.hpp"
#include "isa.hpp"

namespace loligo::inline LOLIGO_ISA {

/** weighting.ts */
enum class Weighting : int32_t { fixed = 0, gradientNorm = 1, selfAdaptive = 2 };

enum class Activation : int32_t { tanh = 0, sin = 1, swish = 2, gelu = 3 };

/** Offsets in theta of W row by row [inputs][outputs], b [outputs] and s [outputs], the factorised form's W = V exp(s). */
struct Layer {
  int32_t inputs = 0;
  int32_t outputs = 0;
  int32_t weights = 0;
  int32_t biases = 0;
  /** -1 unless factorised. */
  int32_t scales = -1;
};

struct NetworkShape {
  int32_t points = 0;   // M
  int32_t features = 0; // F frequencies: the first layer sees F sines, then F cosines
  int32_t depth = 0;    // hidden layers
  int32_t width = 0;
  int32_t outputs = 0; // K
  Activation activation = Activation::tanh;
  /** [depth + 1], the last is linear. */
  const Layer* layer = nullptr;
  /** Modified multilayer perceptron: encoder[0] is U, encoder[1] is Q, both [2 F][width]; depth >= 1. */
  bool modified = false;
  Layer encoder[2];
  bool factorised = false;
  /** Place in theta of c, every frequency times exp(c); -1: not trainable. */
  int32_t scalePlace = -1;
  /** theta[0, size): layers and encoders. */
  int32_t size = 0;
};

struct Shape {
  NetworkShape network;
  HeadShape head;
  int32_t parameterOffset = 0; // = network.size; then P parameters, Z free initial gates, (c)
  int32_t thetaSize = 0;
};

struct Member {
  /** cycles per ms, [F] */
  const double* frequency = nullptr;
  Recording recording;
  /** Factors on the terms, without the stage's physics. */
  TermWeights weights;
  Weighting weighting = Weighting::fixed;
  /** At the start, [thetaSize]. */
  const double* theta = nullptr;
};

} // namespace loligo::inline LOLIGO_ISA
