/*
 * credentials - what a person sends to register and to log in: the body of both calls.
 *
 * Pure. {"email" or "phone", "locale" (may be left out), "code" (to log in only)}. Whatever is read
 * here can be stored and sent: the messages of common/pure/messages.h and the notifier take it.
 */
#ifndef INGRESS_CREDENTIALS_H
#define INGRESS_CREDENTIALS_H

#include <stdbool.h>

#include "common/json.h"
#include "common/pure/messages.h"
#include "ingress/http_slice.h"

#define CREDENTIALS_CODE_BYTES_MAX 16u

struct credentials {
	enum channel channel;
	char normalised[CONTACT_BYTES_MAX + 1];    /* who it is: this is hashed */
	char contact[CONTACT_BYTES_MAX + 1];       /* where messages go */
	char locale[8];                            /* a language in lower case, "en" */
	char code[CREDENTIALS_CODE_BYTES_MAX + 1]; /* log in: as typed */
};

/* What the rest of the request says. */
struct credentials_call {
	bool is_login;
	struct http_slice accept_language; /* decides where the body has no locale */
};

enum credentials_outcome {
	CREDENTIALS_READ,
	CREDENTIALS_BAD_BODY,    /* error says why */
	CREDENTIALS_BAD_CONTACT, /* neither one email address nor one phone number */
};

enum credentials_outcome credentials_read(struct credentials *credentials,
	char error[JSON_ERROR_BYTES], struct http_slice body, const struct credentials_call *call);

#endif
