/**
 * All memory of a cohort: a bump allocator over blocks from the platform, freed as a whole. Taken while a cohort opens, never later.
 * What `take` returns is zeroed and aligned to a cache line (64 bytes, the widest vector). Not thread safe.
 */
#pragma once
#include "isa.hpp"

/** Given by the platform (addon.cpp, wasm_memory.hpp, the tests' main): zeroed, aligned to 64 bytes, null when there is none. */
extern "C" void* loligo_take_block(size_t bytes);
extern "C" void loligo_free_block(void* block, size_t bytes);

namespace loligo::inline LOLIGO_ISA {

class Arena {
public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { release(); }

  /** `count` zeroed T; null when memory ends or the size does not fit, and then `exhausted` says so for good. 0 items give a valid pointer.
   */
  template <typename T> T* take(int64_t count) {
    static_assert(__is_trivially_copyable(T), "memory is zeroed and freed, nothing is constructed or destroyed");
    if (count < 0 || static_cast<uint64_t>(count) > LARGEST / sizeof(T)) return static_cast<T*>(fail());
    return static_cast<T*>(bytes(static_cast<size_t>(count) * sizeof(T)));
  }

  /** The same for each of several pointers. */
  template <typename T, typename... More> void takeEach(int64_t count, T*& first, More*&... more) {
    first = take<T>(count);
    if constexpr (sizeof...(more) > 0) takeEach(count, more...);
  }

  /** A T in the arena with its members' own initial values. */
  template <typename T> T* make() {
    T* place = take<T>(1);
    if (place != nullptr) *place = T{};
    return place;
  }

  bool exhausted() const { return exhausted_; }
  size_t size() const { return size_; }

  void release() {
    while (last_ != nullptr) {
      Block* before = last_->before;
      loligo_free_block(last_, last_->capacity);
      last_ = before;
    }
    size_ = 0;
    exhausted_ = false;
  }

private:
  static constexpr size_t ALIGNMENT = 64;
  /** Blocks double from here, so that a small cohort is small and a large one takes few of them. */
  static constexpr size_t SMALLEST_BLOCK = size_t{1} << 16;
  static constexpr size_t LARGEST = ~size_t{0} / 4;

  struct alignas(ALIGNMENT) Block {
    Block* before;
    size_t capacity;
    size_t used;
  };

  void* bytes(size_t count) {
    const size_t need = (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if ((last_ == nullptr || last_->capacity - last_->used < need) && !grow(need)) return fail();
    char* place = reinterpret_cast<char*>(last_) + last_->used;
    last_->used += need;
    return place;
  }

  bool grow(size_t need) {
    const size_t doubled = last_ == nullptr ? SMALLEST_BLOCK : last_->capacity * 2;
    const size_t capacity = larger(smaller(doubled, size_t{1} << 24), need + sizeof(Block));
    Block* block = static_cast<Block*>(loligo_take_block(capacity));
    if (block == nullptr) return false;
    *block = Block{last_, capacity, sizeof(Block)};
    last_ = block;
    size_ += capacity;
    return true;
  }

  void* fail() {
    exhausted_ = true;
    return nullptr;
  }

  Block* last_ = nullptr;
  size_t size_ = 0;
  bool exhausted_ = false;
};

} // namespace loligo::inline LOLIGO_ISA
