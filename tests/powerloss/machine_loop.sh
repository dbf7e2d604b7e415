# machine_loop - broker and database run here, on a file system of their own that forgets what was not
# synced: ext4 on a loop device, ended by EXT4_IOC_SHUTDOWN. Wants root, and loop devices.
#
# That call is what the developers of ext4 test power cuts with: from one moment to the next nothing is
# written any more, neither from the page cache nor from the journal. What ext4 had sent to its disk
# without a flush survives here, and may not on a real disk: machine_qemu.sh forgets that too.

PACKAGES_MACHINE=(e2fsprogs mount)

machine_make() { # FILTER...
	((EUID == 0)) || die "--machine loop mounts a file system, so it wants root. Take --machine qemu"
	_machine_make_disk "$@"
	step machine "a disk of $(du --human-readable "$MACHINE_IMAGE.new" | cut -f 1) in $MACHINE_DIR"
}

machine_boot() { # [KEEP-SEED]
	(($# == 0)) || die "only the disk of --machine qemu can keep some of what was not synced"
	mkdir -p "$MACHINE_DIR/mount"
	mount -t ext4 -o loop "$MACHINE_IMAGE" "$MACHINE_DIR/mount"
	mount --bind "$MACHINE_DIR/mount/nats" "$NATS_DIR"
	mount --bind "$MACHINE_DIR/mount/postgres" "$POSTGRES_PLACE"
	# A machine that starts has no such process. Here the one that was killed may not be reaped yet.
	rm -f "$POSTGRES_PLACE/data/postmaster.pid"
	process_ensure nats -- "$NATS_SERVER" --config "$NATS_DIR/nats-server.conf"
	process_ensure postgres -- setpriv --reuid="${POSTGRES_OWNER%:*}" --regid="${POSTGRES_OWNER#*:}" \
		--clear-groups -- "$POSTGRES_BIN/postgres" -D "$POSTGRES_PLACE/data"
	await "$MACHINE_BOOT_SECONDS" postgres _machine_is_well ||
		die "broker or database did not come up. See nats.log and postgres.log in $LOG_DIR"
}

# Prints when the power went, and what was forgotten.
machine_cut() {
	local at=$EPOCHREALTIME
	process_signal KILL nats postgres
	/usr/bin/python3 "$POWERLOSS_DIR/shutdown.py" "$MACHINE_DIR/mount"
	machine_off
	printf '%s all that was not synced\n' "$at"
}
