# machine - what the broker and the database of a copy run on, with a power that can be cut. Only
# defines; wants deploy/lib/load.sh before it, and MACHINE: qemu or loop.
#
#	machine_qemu.sh   a virtual machine: its kernel dies, and its disk forgets what it was not told to
#	                  keep. Everything that a power cut takes
#	machine_loop.sh   only a file system of their own, which forgets what was not synced. Many times
#	                  faster where there is no KVM
#
# Each gives PACKAGES_MACHINE and machine_make, machine_boot, machine_cut.
# The disk begins as what deploy/up made in this copy, and is found at the same paths, so that every
# line of the configuration is the deployment's.

POWERLOSS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MACHINE_BOOT_SECONDS=600
MACHINE_DISK=4G # sparse; most of it may be PostgreSQL's log
# shellcheck source=/dev/null
source "$POWERLOSS_DIR/machine_$MACHINE.sh"

# After settings_load.
machine_settings() {
	MACHINE_DIR=$LOCAL_DIR/machine
	MACHINE_IMAGE=$MACHINE_DIR/disk
	# shellcheck source=/dev/null
	[[ ! -f $MACHINE_DIR/parts ]] || source "$MACHINE_DIR/parts"
}

# What the copy runs, while it does.
machine_learn() {
	NATS_SERVER=$(readlink "/proc/$(process_pid nats)/exe")
	POSTGRES_BIN=$(dirname "$(readlink "/proc/$(process_pid postgres)/exe")")
	POSTGRES_PLACE=$(dirname "$(readlink "/proc/$(process_pid postgres)/cwd")")
	POSTGRES_OWNER=$(stat -c %u:%g "$POSTGRES_PLACE/data")
	mkdir -p "$MACHINE_DIR"
	declare -p NATS_SERVER POSTGRES_BIN POSTGRES_PLACE POSTGRES_OWNER >"$MACHINE_DIR/parts"
	sed -i 's/^declare --/declare -g --/' "$MACHINE_DIR/parts"
}

# Everything runs, and the disk is as machine_make made it.
machine_fresh() {
	process_stop "${PROGRAMS[@]}"
	machine_off
	cp --sparse=always "$MACHINE_IMAGE.new" "$MACHINE_IMAGE"
	machine_boot
	sandbox_ensure
	programs_ensure
	machine_await "$MACHINE_BOOT_SECONDS" _machine_programs_are_ready ||
		die_with_log "$LOG_DIR/status.log" "not all programs are ready. Their logs are in $LOG_DIR"
}

# Nothing runs or is mounted any more, on whichever machine.
machine_off() {
	process_signal KILL machine nats postgres
	# The disk ends by itself, when it has lost its machine and forgotten.
	machine_await 60 _machine_have_ended machine nats postgres disk || process_signal KILL disk
	# Processes of PostgreSQL end when they find that the first one is gone.
	machine_await 60 _machine_unmount ||
		die "$MACHINE_DIR/mount is still in use. See by whom with: fuser -vm $MACHINE_DIR/mount"
	rm -f "$RUN_DIR"/{machine,disk,nats,postgres}.{pid,identity}
}

# The names of the programs that do not run any more.
programs_ended() {
	local name
	for name in "${PROGRAMS[@]}"; do
		process_is_running "$name" || printf '%s ' "$name"
	done
}

machine_await() { # SECONDS COMMAND...
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}

_machine_programs_are_ready() {
	firstcome status --wait 60 >"$LOG_DIR/status.log" 2>&1
}

# That the broker has read its streams, and that the database has recovered. Whether all streams are
# there is for the trial to find out: a broker that lost one is never healthy again.
_machine_is_well() {
	http_is_ok "$NATS_MONITOR_PORT" '/healthz?js-server-only=true' &&
		"$POSTGRES_BIN/pg_isready" --quiet --host=127.0.0.1 --port="$POSTGRES_PORT" && return
	sleep 0.5 # being asked is work too, in software emulation
	return 1
}

_machine_have_ended() { # NAME...
	local name
	for name in "$@"; do
		! process_is_running "$name" || return 1
	done
}

_machine_unmount() {
	local place
	for place in "$NATS_DIR" "${POSTGRES_PLACE:-$POSTGRES_DIR}" "$MACHINE_DIR/mount"; do
		! mountpoint --quiet "$place" || umount --quiet "$place" || return 1
	done
}

# Out of a copy that is down, after machine_learn. FILTER edits the broker's configuration.
_machine_make_disk() { # FILTER...
	local content=$MACHINE_DIR/content
	rm -rf "$content" "$MACHINE_IMAGE.new" && mkdir -p "$content"
	cp --archive "$NATS_DIR" "$content/nats"
	cp --archive "$POSTGRES_PLACE" "$content/postgres"
	"$@" <"$NATS_DIR/nats-server.conf" >"$content/nats/nats-server.conf"
	truncate --size "$MACHINE_DISK" "$MACHINE_IMAGE.new"
	/usr/sbin/mkfs.ext4 -q -F -d "$content" "$MACHINE_IMAGE.new"
	rm -rf "$content"
}
