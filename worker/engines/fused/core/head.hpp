/**
 * What the two heads (network_head.hpp, integrated_head.hpp) share: what a replica gives them, and what they give back. A head turns the
 * network's outputs into residuals, their adjoints, and their derivatives; the programs that it runs are listed in program.hpp.
 *
 * Shapes: M collocation points, N samples of V, G gates, S = 1 + G states, P inferred parameters, Z free initial gates (of all segments
 * together), R rows per point.
 * Arrays over points are structure-of-arrays with a stride of `padded` points (M rounded up to the vector of T), e.g. [R][padded].
 * theta's tail = [parameters P, free initial gates Z, segment by segment]: theta + parameterOffset.
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

/** Where a gate lies, gate-range.ts: at a share of the range along x itself or, for a positive one, along log x. */
struct GateRange {
  double low = 0;
  double high = 1;
  bool positive = false;

  /** From 0 to 1: the share is the gate. */
  bool plain() const { return low == 0 && high == 1 && !positive; }
};

struct HeadShape {
  ProgramShape programs;
  Program program[PROGRAM_COUNT];
  int32_t points = 0;                     // M
  int32_t samples = 0;                    // N
  const ParameterRange* ranges = nullptr; // [P]
  const GateRange* gateRanges = nullptr;  // [G]
  const int32_t* read = nullptr;          // [D] gates that later gates read, ascending
  int32_t segments = 1;                   // stretches of time in which the cell starts anew
  const int32_t* freeGate = nullptr;      // [G] place among a segment's free initial gates, or -1: tied to its steady state at the first V
  int32_t freeGates = 0;                  // Z
  const int32_t* projected = nullptr;     // [K] places among the inferred parameters
  int32_t priors = 0;                     // Q

  /** Place in theta's tail behind the parameters of a free gate's initial value in a segment. */
  int32_t initialPlace(int32_t free, int32_t segment) const { return segment * (freeGates / segments) + free; }
};

/** prior.hpp; centre and sd are of log(value) if logarithmic. */
struct Prior {
  int32_t parameter = 0; // place among the inferred
  bool logarithmic = false;
  double centre = 0, sd = 1;
};

/** One replica's own numbers. Weights within a term are loss.ts' rowWeights: 1 / (scale^2 * rows that count), or 0. */
struct Recording {
  const double* gridMs = nullptr;        // [M] ascending
  const int32_t* starts = nullptr;       // [segments] first collocation point of each, from 0 ascending
  const int32_t* sampleAt = nullptr;     // [N] collocation point of each sample, ascending
  const double* voltageMv = nullptr;     // [N]
  const double* current = nullptr;       // [M]
  const double* drivenMv = nullptr;      // [M] added to the network's V
  const double* drivenRate = nullptr;    // [M] its time derivative, mV/ms
  const double* dataWeight = nullptr;    // [N]
  const double* currentWeight = nullptr; // [M]
  const double* gatesWeight = nullptr;   // [M], the same for each gate
  const double* others = nullptr;        // [F] values of the parameters that are not inferred
  const Prior* priors = nullptr;         // [Q]
  double priorWeight = 0;                // of each squared residual of a prior, beside the data's own (q of loss.ts)
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
  double prior = 1;
};

} // namespace loligo::inline LOLIGO_ISA
