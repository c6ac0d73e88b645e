/**
 * A replica's recording on its collocation points, in T and in the network's own order of points (network.hpp: slot i is point order[i]),
 * and the data term. Arrays have a whole vector more than points: beyond the end weights are 0 and the last point's values repeat, so that
 * a program meets nothing there that it does not meet elsewhere.
 */
#pragma once

#include "arena.hpp"
#include "elementary.hpp"
#include "head.hpp"

namespace loligo::inline LOLIGO_ISA {

/** sigma is at least this, mV. */
inline constexpr double SMALLEST_NOISE_MV = 0.01;
/** The data term's weights are 1 / (10 mV)^2 over the samples that count. */
inline constexpr double DATA_SCALE_MV = 10;

/** (1 mV / sigma)^2 by the mean square of V - data, mV^2 (loss.ts). */
inline double noiseFactor(const Recording& recording, double meanSquare) {
  if (!recording.estimateNoise) return 1;
  const double sigma = __builtin_sqrt(meanSquare);
  return 1 / ((sigma < SMALLEST_NOISE_MV ? SMALLEST_NOISE_MV : sigma) * (sigma < SMALLEST_NOISE_MV ? SMALLEST_NOISE_MV : sigma));
}

template <typename T> struct Collocation {
  int points = 0;
  const int32_t* order = nullptr; // null: the grid's own
  T huber = 0;
  T* target = nullptr;     // V - VOLTAGE_CENTRE of the recording, 0 between samples
  T* dataWeight = nullptr; // 0 between samples
  T* current = nullptr;
  T *driven = nullptr, *drivenRate = nullptr;
  T* currentWeight = nullptr;
  T* gatesWeight = nullptr;

  bool open(Arena& arena, const HeadShape& shape, const Recording& recording, const int32_t* slots) {
    points = shape.points;
    order = slots;
    // double infinity becomes float infinity
    huber = T(recording.huberMv);
    const int64_t size = padded<T>(points) + 2 * LANES<T>;
    T** arrays[] = {&target, &dataWeight, &current, &driven, &drivenRate, &currentWeight, &gatesWeight};
    for (T** array : arrays) *array = arena.take<T>(size);
    int32_t* slotOf = arena.take<int32_t>(points);
    if (arena.exhausted()) return false;
    for (int i = 0; i < points; i++) {
      const int p = order == nullptr ? i : order[i];
      slotOf[p] = i;
      current[i] = T(recording.current[p]);
      driven[i] = T(recording.drivenMv[p]);
      drivenRate[i] = T(recording.drivenRate[p]);
      currentWeight[i] = T(recording.currentWeight[p]);
      gatesWeight[i] = T(recording.gatesWeight[p]);
    }
    for (int32_t s = 0; s < shape.samples; s++) {
      const int i = slotOf[recording.sampleAt[s]];
      target[i] = T(recording.voltageMv[s] - VOLTAGE_CENTRE);
      dataWeight[i] = T(recording.dataWeight[s]);
    }
    for (int64_t i = points; i < size; i++) current[i] = current[points - 1];
    return true;
  }
};

/** Sums of the data term over lanes, and the misfits' plain squares. */
template <typename T> struct DataSums {
  Vector<T> loss{}, square{};
};

/** Adjoint of V: weight rho'(V - data), by a factor 2 short of the loss' own; adds weight rho(V - data). */
template <typename T> inline Vector<T> dataTerm(Vector<T> shiftedV, Vector<T> target, Vector<T> weight, T huber, DataSums<T>& sums) {
  const Vector<T> misfit = shiftedV - target;
  const Vector<T> size = magnitude<T>(misfit);
  const Vector<T> bounded = size > huber ? broadcast<T>(huber) : size;
  // d (2 s - d) is r^2 within the limit, where d = s
  const Vector<T> loss = weight * bounded * (T(2) * size - bounded);
  const Mask<T> counts = weight > T(0);
  sums.loss += counts ? loss : Vector<T>{};
  sums.square += counts ? weight * misfit * misfit : Vector<T>{};
  const Vector<T> slope = ofBits<T>(bitsOf<T>(bounded) | signOf<T>(misfit));
  return counts ? weight * slope : Vector<T>{};
}

} // namespace loligo::inline LOLIGO_ISA
