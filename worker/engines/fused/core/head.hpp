/**
 * What the two heads (network_head.hpp, integrated_head.hpp) share: what a replica gives them, and what they give back. A head turns the
 * network's outputs into residuals, their adjoints, and their derivatives; the programs that it runs are listed in program.hpp.
 *
 * Shapes: M collocation points, N samples of V, G gates, S = 1 + G states, P inferred parameters, Z free initial gates, R rows per point.
 * Arrays over points are structure-of-arrays with a stride of `padded` points (M rounded up to the vector of T), e.g. [R][padded].
 * theta's tail = [parameters P, free initial gates Z]: theta + parameterOffset.
 *
 * V is held shifted, as the network gives it, 40 * output + driven voltage = V + 40 mV, and the recording shifted likewise in double, so
 * that small misfits keep their digits in float; only the model's programs see V itself.
 *
 * Adam, float32:  network_loss.hpp (tile by tile), integrated_loss.hpp (all points), driven by objective32.hpp and adam.hpp.
 * Double:  network_head.hpp, integrated_head.hpp: evaluate(network, tail); rows() (residual_rows.hpp: terms, scales of rows, noise);
 * project(projection); linearise(), after which view() is linearisation.hpp's HeadView and pullLoss(factors, network, tail) gives adjoints.
 */
#pragma once

#include "program.hpp"

namespace loligo::inline LOLIGO_ISA {

inline constexpr double VOLTAGE_CENTRE = -40;
inline constexpr double VOLTAGE_SCALE = 40;

/** A parameter's range, layout.ts: u = tanh(theta) runs from low (-1) to high (1), on a logarithmic scale if positive. */
struct ParameterRange {
  double low = 0;
  double high = 0;
  bool positive = false;
};

struct HeadShape {
  ProgramShape programs;
  Program program[PROGRAM_COUNT];
  int32_t points = 0;                     // M
  int32_t samples = 0;                    // N
  const ParameterRange* ranges = nullptr; // [P]
  const int32_t* freeGate = nullptr;      // [G] place among the free initial gates, or -1: tied to its steady state at V(0)
  int32_t freeGates = 0;                  // Z
  const int32_t* projected = nullptr;     // [K] places among the inferred parameters
};

/** One replica's own numbers. Weights within a term are loss.ts' rowWeights: 1 / (scale^2 * rows that count), or 0. */
struct Recording {
  const double* gridMs = nullptr;        // [M] ascending
  const int32_t* sampleAt = nullptr;     // [N] collocation point of each sample, ascending
  const double* voltageMv = nullptr;     // [N]
  const double* current = nullptr;       // [M]
  const double* drivenMv = nullptr;      // [M] added to the network's V
  const double* drivenRate = nullptr;    // [M] its time derivative, mV/ms
  const double* dataWeight = nullptr;    // [N]
  const double* currentWeight = nullptr; // [M]
  const double* gatesWeight = nullptr;   // [M], the same for each gate
  const double* others = nullptr;        // [F] values of the parameters that are not inferred
  double huberMv = 0;                    // Infinity: plain squares
  bool estimateNoise = false;            // the data weight is multiplied by (1 mV / present RMS misfit)^2
};

/** Unweighted terms of the loss. */
struct Terms {
  double data = 0;
  double current = 0;
  double gates = 0;
};

/** Factors on the terms, physics included. */
struct TermWeights {
  double data = 1;
  double current = 1;
  double gates = 1;
};

} // namespace loligo::inline LOLIGO_ISA
