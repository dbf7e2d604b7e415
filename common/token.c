/*
 * token - packs a person, and checks who packed it.
 *
 *	key id		1
 *	account		16
 *	expiry, s	5	little-endian
 *	channel		1	} once or twice: the size says it
 *	identity	16	}
 *	MAC		16	over all of the above
 */
#include "common/token.h"

#include <assert.h>
#include <string.h>

#include "common/crypto.h"
#include "common/pure/base64.h"
#include "common/pure/bytes.h"

#define TOKEN_PREFIX "fc1."
#define TOKEN_PREFIX_BYTES (sizeof TOKEN_PREFIX - 1)
#define EXPIRY_BYTES 5u
#define MAC_BYTES 16u
#define HEAD_BYTES (1u + ACCOUNT_BYTES + EXPIRY_BYTES)
#define ENTRY_BYTES (1u + IDENTITY_BYTES)
#define PACKED_BYTES_MAX (HEAD_BYTES + IDENTITIES_MAX * ENTRY_BYTES + MAC_BYTES)

static_assert(TOKEN_SIZE == TOKEN_PREFIX_BYTES + BASE64URL_SIZE(PACKED_BYTES_MAX),
	"the longest token fits exactly");

static void compute_mac(
	uint8_t mac[MAC_BYTES], const struct key *key, const uint8_t *bytes, size_t size) {
	struct part part = {.bytes = bytes, .size = size};
	crypto_mac(mac, MAC_BYTES, key, "token", &part, 1);
}

static void write_expiry(struct bytes_writer *writer, int64_t expires_at_ms) {
	assert(expires_at_ms >= 0);
	uint64_t seconds = (uint64_t)expires_at_ms / 1000;
	assert(seconds < UINT64_C(1) << (8 * EXPIRY_BYTES));
	bytes_write_u32(writer, (uint32_t)seconds);
	bytes_write_u8(writer, (uint8_t)(seconds >> 32));
}

static int64_t read_expiry_ms(struct bytes_reader *reader) {
	uint64_t seconds = bytes_read_u32(reader);
	seconds |= (uint64_t)bytes_read_u8(reader) << 32;
	return (int64_t)seconds * 1000;
}

void token_write(
	char target[TOKEN_SIZE], const struct token_keys *keys, const struct token *token) {
	assert(keys->count >= 1);
	assert(token->person.identities_count >= 1);
	assert(token->person.identities_count <= IDENTITIES_MAX);
	uint8_t packed[PACKED_BYTES_MAX];
	struct bytes_writer writer = bytes_writer_init(packed, sizeof packed);
	bytes_write_u8(&writer, keys->keys[0].id);
	bytes_write(&writer, token->person.account.bytes, ACCOUNT_BYTES);
	write_expiry(&writer, token->expires_at_ms);
	for (uint8_t i = 0; i < token->person.identities_count; i++) {
		bytes_write_u8(&writer, (uint8_t)token->channels[i]);
		bytes_write(&writer, token->person.identities[i].bytes, IDENTITY_BYTES);
	}
	uint8_t mac[MAC_BYTES];
	compute_mac(mac, &keys->keys[0].key, packed, writer.used);
	bytes_write(&writer, mac, sizeof mac);
	assert(!writer.failed);
	memcpy(target, TOKEN_PREFIX, TOKEN_PREFIX_BYTES);
	base64url_encode(target + TOKEN_PREFIX_BYTES, packed, writer.used);
}

static const struct key *find_key(const struct token_keys *keys, uint8_t id) {
	for (uint32_t i = 0; i < keys->count; i++) {
		if (keys->keys[i].id == id) {
			return &keys->keys[i].key;
		}
	}
	return NULL;
}

static bool mac_is_right(const struct token_keys *keys, const uint8_t *packed, size_t size) {
	const struct key *key = find_key(keys, packed[0]);
	if (key == NULL) {
		return false;
	}
	uint8_t mac[MAC_BYTES];
	compute_mac(mac, key, packed, size - MAC_BYTES);
	return crypto_equal(mac, packed + size - MAC_BYTES, MAC_BYTES);
}

static bool channel_is_known(enum channel channel) {
	return channel == CHANNEL_EMAIL || channel == CHANNEL_SMS;
}

/* The bytes between key id and MAC, which were made by a program of ours; checked all the same. */
static bool unpack(struct token *token, const uint8_t *bytes, size_t size) {
	*token = (struct token){0};
	struct bytes_reader reader = bytes_reader_init(bytes, size);
	bytes_read(&reader, token->person.account.bytes, ACCOUNT_BYTES);
	token->expires_at_ms = read_expiry_ms(&reader);
	uint8_t count = (uint8_t)((size - reader.used) / ENTRY_BYTES);
	assert(count <= IDENTITIES_MAX);
	for (uint8_t i = 0; i < count; i++) {
		token->channels[i] = (enum channel)bytes_read_u8(&reader);
		bytes_read(&reader, token->person.identities[i].bytes, IDENTITY_BYTES);
		if (!channel_is_known(token->channels[i])) {
			return false;
		}
	}
	token->person.identities_count = count;
	bool twice = count == 2 && memcmp(&token->person.identities[0],
					   &token->person.identities[1], IDENTITY_BYTES) == 0;
	return bytes_finished(&reader) && count >= 1 && !twice;
}

enum token_outcome token_read(struct token *token, const struct token_keys *keys, const char *text,
	size_t size, int64_t now_ms) {
	if (size >= TOKEN_SIZE || size < TOKEN_PREFIX_BYTES ||
		memcmp(text, TOKEN_PREFIX, TOKEN_PREFIX_BYTES) != 0) {
		return TOKEN_INVALID;
	}
	uint8_t packed[PACKED_BYTES_MAX];
	size_t packed_size = base64url_decode(
		packed, sizeof packed, text + TOKEN_PREFIX_BYTES, size - TOKEN_PREFIX_BYTES);
	if (packed_size == SIZE_MAX || packed_size < HEAD_BYTES + ENTRY_BYTES + MAC_BYTES ||
		!mac_is_right(keys, packed, packed_size) ||
		!unpack(token, packed + 1, packed_size - 1 - MAC_BYTES)) {
		return TOKEN_INVALID;
	}
	return now_ms < token->expires_at_ms ? TOKEN_VALID : TOKEN_EXPIRED;
}
