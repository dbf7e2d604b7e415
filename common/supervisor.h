/*
 * supervisor - tells systemd how the program is, where systemd asks for it (sd_notify protocol).
 *
 * Does nothing where NOTIFY_SOCKET is not set. A message that cannot be sent is not worth a failure.
 */
#ifndef COMMON_SUPERVISOR_H
#define COMMON_SUPERVISOR_H

#include <stdint.h>

void supervisor_ready(void);
void supervisor_stopping(void);
/* One sentence for `systemctl status`. */
void supervisor_status(const char *sentence);
void supervisor_alive(void);
/* How often to call supervisor_alive; 0: never. */
uint64_t supervisor_alive_ms(void);

#endif
