/*
 * identity - contacts as typed, as normalised, and as the keyed hash that the line knows.
 *
 * Normalising decides who counts as the same person, so the rules are part of the product
 * (docs/api.md, with test vectors) and change only with a new campaign's `rules`:
 *	email	blanks around it go; the whole address in lower case; what follows '+' in the local part
 *		goes; at gmail.com and googlemail.com dots in the local part go and the domain is
 *		gmail.com. Local part and domain must be printable ASCII and have the shape of an
 *		address; no quoted local parts, no address literals.
 *	phone	blanks, '-', '.', '(' and ')' go; a leading 00 becomes '+'; ten digits beginning with
 *		6 to 9 get +91; the result is '+' and 8 to 15 digits (E.164), not beginning with 0.
 */
#ifndef COMMON_IDENTITY_H
#define COMMON_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/crypto.h"
#include "common/pure/messages.h"

/* Writes the normalised contact, NUL-terminated. False if it is not one. */
bool identity_normalise_email(char target[CONTACT_BYTES_MAX + 1], const char *text, size_t size);
bool identity_normalise_phone(char target[CONTACT_BYTES_MAX + 1], const char *text, size_t size);

/* The address that mail goes to is what the person typed, in lower-case domain, tag and dots kept:
 * only the identity is folded. Writes the deliverable form. False if it is not an address. */
bool identity_deliverable_email(char target[CONTACT_BYTES_MAX + 1], const char *text, size_t size);

/* The keyed hash of a normalised contact. Email addresses and phone numbers never collide. */
struct identity identity_of(const struct key *key, enum channel channel, const char *normalised);

#endif
