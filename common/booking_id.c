/*
 * booking_id - permutes, spells and checks.
 */
#include "common/booking_id.h"

#include <assert.h>
#include <string.h>

#include "common/pure/limits.h"

#define HALF_BITS 30u
#define HALF_MASK ((UINT32_C(1) << HALF_BITS) - 1u)
#define SYMBOL_BITS 5u
#define SYMBOLS_COUNT 12u /* without the check symbol */
#define GROUP_SYMBOLS 4u

/* Crockford's: digits and letters without I, L, O and U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static_assert(sizeof alphabet - 1 == 1u << SYMBOL_BITS, "a symbol for each value");
static_assert(SYMBOLS_COUNT * SYMBOL_BITS == 2 * HALF_BITS, "the symbols hold both halves");
static_assert(CAMPAIGN_ORDINAL_MAX < UINT64_C(1) << (2 * HALF_BITS - 32), "an ordinal fits");
static_assert(BOOKING_ID_SIZE == SYMBOLS_COUNT + SYMBOLS_COUNT / GROUP_SYMBOLS + 1 + 1,
	"symbols, a '-' after each group, check symbol, NUL");

/* ---- permutation ------------------------------------------------------------------------------- */

struct halves {
	uint32_t left;
	uint32_t right;
};

static struct halves split(uint64_t value) {
	return (struct halves){
		.left = (uint32_t)(value >> HALF_BITS),
		.right = (uint32_t)value & HALF_MASK,
	};
}

static uint64_t join(struct halves halves) {
	return (uint64_t)halves.left << HALF_BITS | halves.right;
}

static uint32_t round_function(const struct key *key, uint32_t round, uint32_t half) {
	uint8_t input[] = {(uint8_t)round, (uint8_t)half, (uint8_t)(half >> 8),
		(uint8_t)(half >> 16), (uint8_t)(half >> 24)};
	return (uint32_t)crypto_short_mac(key, input, sizeof input) & HALF_MASK;
}

static struct halves permute(struct halves halves, const struct key *key) {
	for (uint32_t round = 0; round < BOOKING_ID_ROUNDS; round++) {
		uint32_t mixed = halves.left ^ round_function(key, round, halves.right);
		halves = (struct halves){.left = halves.right, .right = mixed};
	}
	return halves;
}

static struct halves permute_back(struct halves halves, const struct key *key) {
	for (uint32_t round = BOOKING_ID_ROUNDS; round-- > 0;) {
		uint32_t mixed = halves.right ^ round_function(key, round, halves.left);
		halves = (struct halves){.left = mixed, .right = halves.left};
	}
	return halves;
}

/* ---- check symbol ------------------------------------------------------------------------------ */

/* In GF(32) as polynomials over GF(2) modulo x^5 + x^2 + 1, with which x generates all 31 elements but
 * zero. */
static uint8_t times_x(uint8_t element) {
	uint8_t doubled = (uint8_t)(element << 1);
	return (doubled & 0x20) != 0 ? doubled ^ 0x25 : doubled;
}

/* The sum of symbol i times x^(12-i), by Horner's rule. The check symbol counts with x^0, so all 13
 * weights differ and none is zero: that is what catches a wrong symbol and a swap. */
static uint8_t check_symbol(const uint8_t symbols[SYMBOLS_COUNT]) {
	uint8_t sum = 0;
	for (size_t i = 0; i < SYMBOLS_COUNT; i++) {
		sum = times_x(sum ^ symbols[i]);
	}
	return sum;
}

/* ---- spelling ---------------------------------------------------------------------------------- */

void booking_id_write(
	char target[BOOKING_ID_SIZE], const struct key *key, struct booking_name name) {
	assert(name.campaign_ordinal >= 1);
	assert(name.campaign_ordinal <= CAMPAIGN_ORDINAL_MAX);
	assert(name.number >= 1);
	uint64_t plain = (uint64_t)name.campaign_ordinal << 32 | name.number;
	uint64_t permuted = join(permute(split(plain), key));

	uint8_t symbols[SYMBOLS_COUNT];
	char *next = target;
	for (size_t i = 0; i < SYMBOLS_COUNT; i++) {
		symbols[i] = permuted >> (SYMBOL_BITS * (SYMBOLS_COUNT - 1 - i)) & 0x1f;
		*next++ = alphabet[symbols[i]];
		if ((i + 1) % GROUP_SYMBOLS == 0) {
			*next++ = '-';
		}
	}
	*next++ = alphabet[check_symbol(symbols)];
	*next = '\0';
}

/* 0 to 31, or -1 for what is no symbol. */
static int symbol_value(char c) {
	if (c >= 'a' && c <= 'z') {
		c = (char)(c - 'a' + 'A');
	}
	if (c == 'O') {
		c = '0';
	} else if (c == 'I' || c == 'L') {
		c = '1';
	}
	const char *found = c == '\0' ? NULL : strchr(alphabet, c);
	return found == NULL ? -1 : (int)(found - alphabet);
}

/* All 13 symbols and nothing else but '-' and blanks. */
static bool read_symbols(uint8_t symbols[SYMBOLS_COUNT + 1], const char *text, size_t size) {
	size_t count = 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '-' || text[i] == ' ') {
			continue;
		}
		int value = symbol_value(text[i]);
		if (value < 0 || count == SYMBOLS_COUNT + 1) {
			return false;
		}
		symbols[count++] = (uint8_t)value;
	}
	return count == SYMBOLS_COUNT + 1;
}

bool booking_id_read(
	struct booking_name *name, const struct key *key, const char *text, size_t size) {
	uint8_t symbols[SYMBOLS_COUNT + 1];
	if (!read_symbols(symbols, text, size) || check_symbol(symbols) != symbols[SYMBOLS_COUNT]) {
		return false;
	}
	uint64_t permuted = 0;
	for (size_t i = 0; i < SYMBOLS_COUNT; i++) {
		permuted = permuted << SYMBOL_BITS | symbols[i];
	}
	uint64_t plain = join(permute_back(split(permuted), key));
	name->campaign_ordinal = (uint32_t)(plain >> 32);
	name->number = (uint32_t)plain;
	return name->campaign_ordinal >= 1 && name->number >= 1;
}
