/* ---------------------------------------------------------------- SHA-256 (FIPS 180-4) */

typedef struct sha256_state {
  uint32_t hash[8];
  uint64_t length; /* in bytes */
  unsigned char block[64];
} sha256_state;

static uint32_t rotate_right(uint32_t word, int bits) {
  return (word >> bits) | (word << (32 - bits));
}

static void sha256_start(sha256_state *state) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(state->hash, initial, sizeof initial);
  state->length = 0;
}

static void sha256_block(sha256_state *state) {
  static const uint32_t constants[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  uint32_t words[64], v[8];
  for (int i = 0; i < 16; ++i)
    words[i] = (uint32_t)state->block[4 * i] << 24 | (uint32_t)state->block[4 * i + 1] << 16 |
               (uint32_t)state->block[4 * i + 2] << 8 | (uint32_t)state->block[4 * i + 3];
  for (int i = 16; i < 64; ++i) {
    uint32_t a = words[i - 15], b = words[i - 2];
    words[i] = words[i - 16] + words[i - 7] +
               (rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3)) +
               (rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10));
  }
  memcpy(v, state->hash, sizeof v);
  for (int i = 0; i < 64; ++i) {
    uint32_t a = v[0], e = v[4];
    uint32_t t1 = v[7] + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +
                  ((e & v[5]) ^ (~e & v[6])) + constants[i] + words[i];
    uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
                  ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; ++i)
    state->hash[i] += v[i];
}

static void sha256_add(sha256_state *state, const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    state->block[state->length++ % 64] = bytes[i];
    if (state->length % 64 == 0)
      sha256_block(state);
  }
}

/* Writes 64 digits and a zero. */
static void sha256_finish(sha256_state *state, char text[65]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char padding[72] = {0x80};
  uint64_t bits = state->length * 8;
  size_t zeros = 64 - (size_t)((state->length + 8) % 64);
  for (int i = 0; i < 8; ++i)
    padding[zeros + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
  sha256_add(state, padding, zeros + 8);
  for (int i = 0; i < 64; ++i)
    text[i] = digits[state->hash[i / 8] >> (28 - 4 * (i % 8)) & 15];
  text[64] = 0;
}

