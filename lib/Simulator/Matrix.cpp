//===- Matrix.cpp - ldmatrix, stmatrix and mma.sync -----------------------===//

#include "Accesses.h"
#include "Collectives.h"
#include "EntryPoints.h"
#include "Fragment.h"
#include "Multiply.h"
#include "NumberFormat.h"

#include <bit>
#include <cstring>

using namespace mlir::moe::sim;

//===----------------------------------------------------------------------===//
// Rows of eight 16-bit elements
//===----------------------------------------------------------------------===//

namespace {
struct MatrixMove {
  char *row;
  uint32_t *registers;
};
} // namespace

/// Moves elements between the rows and registers of a warp.
template <typename Move>
static void forEachElement(Rendezvous &meeting, uint32_t count, bool transposed,
                           Move move) {
  auto get = [&](uint32_t lane) {
    return static_cast<MatrixMove *>(meeting.operands[lane]);
  };
  for (uint32_t matrix = 0; matrix < count; ++matrix)
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (uint32_t half = 0; half < 2; ++half) {
        uint32_t row = lane / 4, column = lane % 4 * 2 + half;
        if (transposed)
          std::swap(row, column);
        move(get(matrix * 8 + row)->row + column * 2,
             reinterpret_cast<char *>(get(lane)->registers + matrix) +
                 half * 2);
      }
}

static MatrixMove makeMove(uint64_t pointer, uint32_t *registers,
                           uint32_t count, bool write) {
  MatrixMove move{nullptr, registers};
  if (self->lane >= count * 8)
    return move;
  Access access = makeAccess(write);
  access.allowUnwritten = machine->options.allowUnwrittenOperands;
  move.row =
      accessShared(resolveShared(pointer, Space::Shared), 16, 16, access);
  return move;
}

void entry::loadMatrix(uint64_t pointer, uint32_t *registers, uint32_t count,
                       uint32_t transposed, int32_t location) {
  self->location = location;
  MatrixMove move = makeMove(pointer, registers, count, /*write=*/false);
  meetAligned("ldmatrix", &move, [=](Rendezvous &meeting) {
    forEachElement(meeting, count, transposed, [](char *memory, char *reg) {
      std::memcpy(reg, memory, 2);
    });
  });
}

void entry::storeMatrix(uint64_t pointer, const uint32_t *registers,
                        uint32_t count, uint32_t transposed, int32_t location) {
  self->location = location;
  MatrixMove move = makeMove(pointer, const_cast<uint32_t *>(registers), count,
                             /*write=*/true);
  meetAligned("stmatrix", &move, [=](Rendezvous &meeting) {
    forEachElement(meeting, count, transposed, [](char *memory, char *reg) {
      std::memcpy(memory, reg, 2);
    });
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {
struct Product {
  const uint32_t *a, *b, *c;
  uint32_t *d;
};
} // namespace

static void multiplyWarp(Rendezvous &meeting, uint32_t k, NumberFormat typeA,
                         NumberFormat typeB, bool halfAccumulator) {
  static constexpr uint32_t m = 16, n = 8;
  float a[m * 64], b[64 * n], c[m * n];
  uint32_t perA = 4 / getBytes(typeA), perB = 4 / getBytes(typeB);
  uint32_t registersA = m * k / perA / 32, registersB = n * k / perB / 32;
  auto forEach = [&](auto visit) {
    for (uint32_t lane = 0; lane < 32; ++lane)
      visit(lane, *static_cast<Product *>(meeting.operands[lane]));
  };
  forEach([&](uint32_t lane, Product &product) {
    for (uint32_t reg = 0; reg < registersA; ++reg)
      for (uint32_t i = 0; i < perA; ++i) {
        Place place = getAPlace(lane, reg, i, perA);
        a[place.row * k + place.column] =
            decode(typeA, reinterpret_cast<const char *>(product.a + reg) +
                              i * getBytes(typeA));
      }
    for (uint32_t reg = 0; reg < registersB; ++reg)
      for (uint32_t i = 0; i < perB; ++i) {
        Place place = getBPlace(lane, reg, i, perB);
        b[place.row * n + place.column] =
            decode(typeB, reinterpret_cast<const char *>(product.b + reg) +
                              i * getBytes(typeB));
      }
    for (uint32_t i = 0; i < 4; ++i) {
      Place place = getAccumulatorPlace(lane, i);
      c[place.row * n + place.column] =
          halfAccumulator
              ? decode(NumberFormat::F16,
                       reinterpret_cast<const uint16_t *>(product.c) + i)
              : std::bit_cast<float>(product.c[i]);
    }
  });
  multiply(c, a, b, m, n, k);
  forEach([&](uint32_t lane, Product &product) {
    for (uint32_t i = 0; i < 4; ++i) {
      Place place = getAccumulatorPlace(lane, i);
      float value = c[place.row * n + place.column];
      if (halfAccumulator)
        reinterpret_cast<uint16_t *>(product.d)[i] = encodeF16(value);
      else
        product.d[i] = std::bit_cast<uint32_t>(value);
    }
  });
  ++machine->statistics.matrixOps;
}

void entry::mma(const uint32_t *a, const uint32_t *b, const uint32_t *c,
                uint32_t *d, uint32_t n, uint32_t k, uint32_t typeA,
                uint32_t typeB, uint32_t halfAccumulator, int32_t location) {
  self->location = location;
  Product product{a, b, c, d};
  meetAligned("mma.sync", &product, [=](Rendezvous &meeting) {
    multiplyWarp(meeting, k, NumberFormat(typeA), NumberFormat(typeB),
                 halfAccumulator);
  });
}
