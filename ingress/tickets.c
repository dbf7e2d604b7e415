/*
 * tickets - 14 bytes of place, 16 bytes of MAC.
 */
#include "ingress/tickets.h"

#include <assert.h>
#include <string.h>

#include "common/pure/base64.h"
#include "common/pure/bytes.h"
#include "common/pure/limits.h"

#define PLACE_BYTES 14u
#define MAC_BYTES 16u
#define PREFIX "t1."
#define PREFIX_SIZE (sizeof PREFIX - 1)

static_assert(PREFIX_SIZE + BASE64URL_SIZE(PLACE_BYTES + MAC_BYTES) == TICKET_SIZE,
	"a ticket has one length");

static void mac_of(uint8_t mac[MAC_BYTES], const struct key *key, const uint8_t *place) {
	struct part part = {place, PLACE_BYTES};
	crypto_mac(mac, MAC_BYTES, key, "ticket", &part, 1);
}

void tickets_write(char target[TICKET_SIZE], const struct key *key, const struct ticket *ticket) {
	uint8_t bytes[PLACE_BYTES + MAC_BYTES];
	struct bytes_writer writer = bytes_writer_init(bytes, PLACE_BYTES);
	bytes_write_u32(&writer, ticket->campaign_ordinal);
	bytes_write_u64(&writer, ticket->n);
	bytes_write_u16(&writer, ticket->index);
	assert(!writer.failed);
	mac_of(bytes + PLACE_BYTES, key, bytes);
	memcpy(target, PREFIX, PREFIX_SIZE);
	base64url_encode(target + PREFIX_SIZE, bytes, sizeof bytes);
}

bool tickets_read(struct ticket *ticket, const struct key *key, const char *text, size_t size) {
	if (size != TICKET_SIZE - 1 || memcmp(text, PREFIX, PREFIX_SIZE) != 0) {
		return false;
	}
	uint8_t bytes[PLACE_BYTES + MAC_BYTES];
	size_t decoded =
		base64url_decode(bytes, sizeof bytes, text + PREFIX_SIZE, size - PREFIX_SIZE);
	if (decoded != sizeof bytes) {
		return false;
	}
	uint8_t mac[MAC_BYTES];
	mac_of(mac, key, bytes);
	if (!crypto_equal(mac, bytes + PLACE_BYTES, MAC_BYTES)) {
		return false;
	}
	struct bytes_reader reader = bytes_reader_init(bytes, PLACE_BYTES);
	ticket->campaign_ordinal = bytes_read_u32(&reader);
	ticket->n = bytes_read_u64(&reader);
	ticket->index = bytes_read_u16(&reader);
	return bytes_finished(&reader) && ticket->n > 0 && ticket->index < BATCH_REQUESTS_MAX &&
	       ticket->campaign_ordinal - 1 < CAMPAIGN_ORDINAL_MAX;
}
