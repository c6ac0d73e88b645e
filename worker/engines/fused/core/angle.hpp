/**
 * The angle of a huge argument: x modulo pi / 2 by exact integer arithmetic on the bits of 2 / pi (Payne, Hanek 1983). For the lanes whose
 * argument is beyond elementary.hpp's quick reduction; speed does not matter here.
 */
#pragma once

#include "simd.hpp"

namespace loligo::inline LOLIGO_ISA {

template <typename T> struct ScalarBits;
template <> struct ScalarBits<float> {
  typedef int32_t Type;
};
template <> struct ScalarBits<double> {
  typedef int64_t Type;
};

template <typename T> inline bool anyLane(Mask<T> mask) {
  uint64_t words[WIDTH_BYTES / 8], any = 0;
  __builtin_memcpy(words, &mask, sizeof words);
  for (uint64_t word : words) any |= word;
  return any != 0;
}

/** x = (4 k + quadrant) pi / 2 + rest, |rest| <= pi / 4 */
struct Angle {
  int quadrant;
  double rest;
};

/** NaN of an infinite or NaN argument. */
inline __attribute__((noinline)) Angle reduceAngle(double x) {
  /** 2 / pi = 0.A2F9836E... in digits of 32 bits: enough for the largest exponent and seven digits more. */
  static constexpr uint32_t DIGITS[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561,
                                        0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e, 0xe88235f5, 0x2ebb4484,
                                        0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b, 0x1ff897ff, 0xde05980f,
                                        0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b,
                                        0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab, 0xf0cfbc20};
  constexpr int TAKEN = 7;
  if (!__builtin_isfinite(x)) return {0, __builtin_nan("")};
  uint64_t bits;
  __builtin_memcpy(&bits, &x, 8);
  const int raw = int(bits >> 52 & 0x7ff);
  if (raw < 1023) return {0, x};
  // |x| = mantissa 2^exponent
  const uint64_t mantissa = (bits & 0xfffffffffffffu) | uint64_t{1} << 52;
  const int exponent = raw - 1075;
  // digits before `first` give multiples of 4 quadrants
  const int first = exponent > 34 ? (exponent - 2) / 32 : 0;
  uint32_t product[TAKEN + 2] = {};
  for (int half = 0; half < 2; half++) {
    uint64_t carry = 0;
    for (int i = 0; i < TAKEN; i++) {
      const uint64_t part = (mantissa >> (32 * half) & 0xffffffffu) * DIGITS[first + TAKEN - 1 - i] + product[i + half] + carry;
      product[i + half] = uint32_t(part);
      carry = part >> 32;
    }
    product[TAKEN + half] = uint32_t(product[TAKEN + half] + carry);
  }
  // product 2^-point quadrants
  const int point = 32 * (first + TAKEN) - exponent;
  const auto bit = [&](int i) { return i < 32 * (TAKEN + 2) ? product[i / 32] >> i % 32 & 1 : 0u; };
  int quadrant = int(bit(point) | bit(point + 1) << 1);
  const bool up = bit(point - 1) != 0;
  if (up) quadrant++;
  // the fraction, or 1 less the fraction, from its highest bits
  double fraction = 0;
  double weight = 0.5;
  int taken = 0;
  for (int i = point - 1; i >= 0 && taken < 64; i--, weight *= 0.5) {
    if ((bit(i) != 0) != up) fraction += weight;
    if (fraction > 0) taken++;
  }
  double rest = (up ? -fraction : fraction) * 1.57079632679489661923;
  if (bits >> 63) {
    rest = -rest;
    quadrant = -quadrant;
  }
  return {quadrant & 3, rest};
}

} // namespace loligo::inline LOLIGO_ISA
