/*
 * files - the web page, from memory.
 *
 * All files of one folder are read once at the start, and compressed where that makes them smaller:
 * a page of some kilobytes on a slow phone is the one place where the bytes count. After that
 * nothing in the file system can be reached through HTTP, because nothing is opened any more.
 * Every file has a strong ETag (a hash of its bytes, another one for the compressed form) and
 * "no-cache": a client asks each time and is mostly told 304, and a new version is seen at once.
 * Fatal: a folder that cannot be read, or has no index.html. Skipped with a warning: files of
 * unknown type, or too large. Ignored: hidden files and folders.
 */
#ifndef INGRESS_FILES_H
#define INGRESS_FILES_H

#include <stdbool.h>

#include "ingress/http.h"

#define FILES_MAX 64u
#define FILE_BYTES_MAX 1048576u

struct files;

struct files *files_load(const char *folder);
/* NULL is allowed. */
void files_free(struct files *files);

/* Fills in the response to GET or HEAD, 200 or 304, or 405 for other methods. "/" is index.html.
 * False, and nothing filled in, if there is no such file. The response borrows from files. */
bool files_respond(const struct files *files, const struct http_request *request,
	struct http_response *response);

#endif
