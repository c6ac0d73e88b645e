/**
 * The one thing that differs between the objects that this source is compiled to: the name of the instruction set, which is the name of
 * an inline namespace. Every header of the core opens `namespace loligo::inline LOLIGO_ISA {`, so that the linker never takes a function
 * that was compiled for AVX-512 for the baseline's.
 *
 * The core is freestanding: of the standard headers only <stddef.h> and <stdint.h> (the wasm32 compiler has no C++ library at all; not even
 * <type_traits> and <cstdint>). No exceptions, no RTTI, no static with a constructor, no function of libc or libm (__builtin_sqrt, fabs,
 * memcpy, memset and isfinite become instructions).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifndef LOLIGO_ISA
#define LOLIGO_ISA portable
#endif

namespace loligo::inline LOLIGO_ISA {

template <typename A, typename B> inline constexpr bool sameType = __is_same(A, B);

template <typename T> constexpr T smaller(T a, T b) { return b < a ? b : a; }
template <typename T> constexpr T larger(T a, T b) { return a < b ? b : a; }

/** The least multiple of `unit` that is not below `count`. */
constexpr int64_t roundedUp(int64_t count, int64_t unit) { return (count + unit - 1) / unit * unit; }

} // namespace loligo::inline LOLIGO_ISA
