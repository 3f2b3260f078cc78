// The register tile, for one width of vectors. No include guard: coterie/tiles/each_width.hpp includes it once for
// each.

template <typename Element, int kBytes>
struct VectorOf {
  typedef Element Type __attribute__((vector_size(kBytes)));
  typedef Element Unaligned __attribute__((vector_size(kBytes), aligned(alignof(Element)), may_alias));
};

/// kCount numbers of GCC's vector extension: operators act on each, conditions choose for each.
template <typename Element, int kCount>
using Vector = typename VectorOf<Element, kCount* static_cast<int>(sizeof(Element))>::Type;

template <typename Vector, typename Element>
[[gnu::always_inline]] inline Vector load(const Element* from) {
  return *reinterpret_cast<const typename VectorOf<Element, sizeof(Vector)>::Unaligned*>(from);
}

template <typename Vector, typename Element>
[[gnu::always_inline]] inline void store(Element* to, Vector value) {
  *reinterpret_cast<typename VectorOf<Element, sizeof(Vector)>::Unaligned*>(to) = value;
}

/// Subtracting zero changes no bit, of -0 neither, and is compiled to nothing.
template <typename Vector, typename Element>
[[gnu::always_inline]] inline Vector broadcast(Element value) {
  return value - Vector{};
}

/// a * b + c, rounded once. A number of int32 is a pair of int16, of which both products are added: exact, as long as
/// the sum fits.
template <typename Vector>
[[gnu::always_inline]] inline Vector fused(Vector a, Vector b, Vector c) {
  using Element = std::remove_cvref_t<decltype(a[0])>;
  constexpr bool kFloat = std::is_same_v<Element, float>, kDouble = std::is_same_v<Element, double>;
  static_assert(kFloat || kDouble || std::is_same_v<Element, std::int32_t>);
#if COTERIE_VECTOR_BYTES == 64
  if constexpr (sizeof(Vector) == 64 && kFloat) return _mm512_fmadd_ps(a, b, c);
  if constexpr (sizeof(Vector) == 64 && kDouble) return _mm512_fmadd_pd(a, b, c);
  if constexpr (sizeof(Vector) == 64 && !kFloat && !kDouble)
    return (Vector)_mm512_dpwssd_epi32((__m512i)c, (__m512i)a, (__m512i)b);
#endif
#if COTERIE_VECTOR_BYTES >= 32
  if constexpr (sizeof(Vector) == 32 && kFloat) return _mm256_fmadd_ps(a, b, c);
  if constexpr (sizeof(Vector) == 32 && kDouble) return _mm256_fmadd_pd(a, b, c);
  if constexpr (sizeof(Vector) == 32 && !kFloat && !kDouble)
    return (Vector)_mm256_madd_epi16((__m256i)a, (__m256i)b) + c;
#else
#if defined(__FMA__)
  if constexpr (kFloat) return _mm_fmadd_ps(a, b, c);
  if constexpr (kDouble) return _mm_fmadd_pd(a, b, c);
#endif
#if defined(__SSE2__)
  if constexpr (!kFloat && !kDouble) return (Vector)_mm_madd_epi16((__m128i)a, (__m128i)b) + c;
#endif
  for (std::size_t lane = 0; lane < sizeof(Vector) / sizeof(Element); ++lane)
    if constexpr (kFloat)
      c[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
    else if constexpr (kDouble)
      c[lane] = __builtin_fma(a[lane], b[lane], c[lane]);
    else
      c[lane] +=
          static_cast<std::int16_t>(a[lane]) * static_cast<std::int16_t>(b[lane]) + (a[lane] >> 16) * (b[lane] >> 16);
  return c;
#endif
}

/// kRows x kColumns sums of products, which stay in registers where kRows is at most kTallest<Element, kColumns>.
/// kColumns numbers must fill 32 bytes a few times. A tile is a local variable; a kernel sets it, adds products, and
/// does with the sums what it wants (each(), part()) before they leave the registers. Kernels are [[gnu::flatten]],
/// lest a function that is called, not inlined, want the sums in memory.
template <typename Element, int kRows, int kColumns>
class Tile {
  static constexpr int kBytes = kColumns * static_cast<int>(sizeof(Element));
  static_assert(kBytes % 32 == 0);  // so that there remain 32 bytes beside vectors of 64, or none
  // Where rows of a panel are no whole cache lines, vectors of 64 bytes straddle two; few rows do not hide that.
  static constexpr int kVectorBytes =
      COTERIE_VECTOR_BYTES == 64 && kBytes % 64 != 0 && kRows < 4 ? 32 : COTERIE_VECTOR_BYTES;
  static constexpr int kWhole = kBytes / kVectorBytes, kRest = kBytes % kVectorBytes;
  static constexpr int kWide = kVectorBytes / static_cast<int>(sizeof(Element));

 public:
  using Wide = Vector<Element, kWide>;
  using Rest = Vector<Element, 32 / static_cast<int>(sizeof(Element))>;

  /// Vectors that a row of sums takes.
  static constexpr int kVectors = kWhole + (kRest > 0 ? 1 : 0);

  void set_zero() {
    each([](auto& sums, int, int) { sums = std::remove_reference_t<decltype(sums)>{}; });
  }

  /// Begins with what is there: rows `stride` apart.
  void set(const Element* from, std::int64_t stride) {
    each([&](auto& sums, int row, int column) {
      sums = load<std::remove_reference_t<decltype(sums)>>(from + row * stride + column);
    });
  }

  /// Adds what is there, once; a stride of 0 adds the same to each row.
  void add(const Element* from, std::int64_t stride) {
    each([&](auto& sums, int row, int column) {
      sums += load<std::remove_reference_t<decltype(sums)>>(from + row * stride + column);
    });
  }

  void store_to(Element* to, std::int64_t stride) {
    each([&](auto& sums, int row, int column) { store(to + row * stride + column, sums); });
  }

  /// sums(r, c) += left(r, i) * panel[kColumns i + c] for i = 0, ..., terms - 1: for each sum one chain of fused
  /// multiply-adds in the order of i, whatever the width. Cost: 2 kRows kColumns terms flops, for which
  /// sizeof(Element) (kRows + kColumns) terms bytes are read, from the first-level cache where it is to be fast; the
  /// sums themselves stay in registers.
  template <typename Left>
  [[gnu::always_inline]] void add_products(const Left& left, const Element* panel, std::int64_t terms) {
    for (std::int64_t i = 0; i < terms; ++i, panel += kColumns) {
      Wide lanes[kMost];
      [[maybe_unused]] Rest last{};
#pragma GCC unroll 8
      for (int v = 0; v < kWhole; ++v) lanes[v] = load<Wide>(panel + v * kWide);
      if constexpr (kRest > 0) last = load<Rest>(panel + kWhole * kWide);
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row) {
        const Element factor = left(row, i);
#pragma GCC unroll 8
        for (int v = 0; v < kWhole; ++v) wide_[row][v] = fused(broadcast<Wide>(factor), lanes[v], wide_[row][v]);
        if constexpr (kRest > 0) rest_[row] = fused(broadcast<Rest>(factor), last, rest_[row]);
      }
    }
  }

  /// visit(sums, row, column) for each vector of sums, a Wide or a Rest, by reference, with the column of its first.
  template <typename Visit>
  [[gnu::always_inline]] void each(const Visit& visit) {
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int v = 0; v < kWhole; ++v) visit(wide_[row][v], row, v * kWide);
      if constexpr (kRest > 0) visit(rest_[row], row, kWhole * kWide);
    }
  }

  /// The sums of a row from `column` on, as one vector of 32 bytes, of which `column` begins one: for arithmetic across
  /// columns, which must not depend on the width.
  [[gnu::always_inline]] Rest part(int row, int column) const {
    const int v = column / kWide;
    constexpr bool kDouble = sizeof(Element) == sizeof(double);
    if constexpr (kVectorBytes == 32) {
      return wide_[row][v];
    } else if constexpr (kVectorBytes == 16) {
      const Wide &low = wide_[row][v], &high = wide_[row][v + 1];
      if constexpr (kDouble) return __builtin_shufflevector(low, high, 0, 1, 2, 3);
      if constexpr (!kDouble) return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
    } else {
      if (v == kWhole) return rest_[row];
      const Wide& all = wide_[row][v];
      const bool low = column % kWide == 0;
      if constexpr (kDouble)
        return low ? __builtin_shufflevector(all, all, 0, 1, 2, 3) : __builtin_shufflevector(all, all, 4, 5, 6, 7);
      if constexpr (!kDouble)
        return low ? __builtin_shufflevector(all, all, 0, 1, 2, 3, 4, 5, 6, 7)
                   : __builtin_shufflevector(all, all, 8, 9, 10, 11, 12, 13, 14, 15);
    }
  }

 private:
  static constexpr int kMost = kWhole > 0 ? kWhole : 1;
  Wide wide_[kRows][kMost];
  Rest rest_[kRest > 0 ? kRows : 1];
};

/// The most rows whose sums stay in the registers: 12 of 16, or 24 of AVX-512's 32, hold sums. Pointers to more than
/// kMostTileRows rows would want more registers than there are.
template <typename Element, int kColumns>
inline constexpr int kTallest = std::min(static_cast<int>(kMostTileRows),
                                         (COTERIE_VECTOR_BYTES == 64 ? 24 : 12) / Tile<Element, 4, kColumns>::kVectors);
