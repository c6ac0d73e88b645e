/**
 * The modified multilayer perceptron (Wang, Teng, Perdikaris 2021, eq. 2.33 to 2.36): each hidden layer's activation Z mixes two encoders
 * of the features, H = (1 - Z) U + Z Q = U + Z (Q - U), with its exact time derivative, and the reverse pass. Elementwise on rows.
 */
#pragma once

#include "activation.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> struct Encoded {
  Rows<T> U;
  Rows<T> Q;
};

template <typename T> void mix(const Rows<T>& Z, const Encoded<T>& encoded, const Rows<T>& H, int count, int width) {
  for (int i = 0; i < count; i++)
    for (int j = 0; j < width; j += LANES<T>) {
      const Dual<T> z = loadDual<T>(Z, i, j);
      const Dual<T> u = loadDual<T>(encoded.U, i, j);
      const Dual<T> q = loadDual<T>(encoded.Q, i, j);
      const Vector<T> D = q.value - u.value;
      storeDual<T>(H, i, j, {u.value + z.value * D, u.rate + z.rate * D + z.value * (q.rate - u.rate)});
    }
}

/** In place: adjoints of H become those of Z; those of U and Q are added to `bars`. */
template <typename T>
void throughMix(const Rows<T>& HBar, const Rows<T>& Z, const Encoded<T>& encoded, const Encoded<T>& bars, int count, int width) {
  for (int i = 0; i < count; i++)
    for (int j = 0; j < width; j += LANES<T>) {
      const Dual<T> bar = loadDual<T>(HBar, i, j);
      const Dual<T> z = loadDual<T>(Z, i, j);
      const Dual<T> u = loadDual<T>(encoded.U, i, j);
      const Dual<T> q = loadDual<T>(encoded.Q, i, j);
      const Dual<T> uBar = loadDual<T>(bars.U, i, j);
      const Dual<T> qBar = loadDual<T>(bars.Q, i, j);
      const Vector<T> D = q.value - u.value;
      const Dual<T> toQ = {bar.value * z.value + bar.rate * z.rate, bar.rate * z.value};
      storeDual<T>(HBar, i, j, {bar.value * D + bar.rate * (q.rate - u.rate), bar.rate * D});
      storeDual<T>(bars.Q, i, j, {qBar.value + toQ.value, qBar.rate + toQ.rate});
      storeDual<T>(bars.U, i, j, {uBar.value + (bar.value - toQ.value), uBar.rate + (bar.rate - toQ.rate)});
    }
}

} // namespace loligo::inline LOLIGO_ISA
