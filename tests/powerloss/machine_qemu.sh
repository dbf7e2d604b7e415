# machine_qemu - broker and database run in a virtual machine, whose disk forgets what was not flushed.
#
#	 the host: programs, people                    the machine (qemu)
#	    127.0.0.1:NATS_PORT, POSTGRES_PORT ──────▶ nats-server, PostgreSQL
#	                                                    │ ext4
#	    disk.py: IMAGE, and a cache that forgets ◀──NBD─┘ /dev/vda
#
# The machine has the host's own nats-server, PostgreSQL and libraries in its initramfs, with a kernel
# of Debian that is only unpacked, never installed.

PACKAGES_MACHINE=(qemu-system-x86 busybox-static cpio e2fsprogs)
MACHINE_MEMORY=1536M
# What takes a third of the boot in software emulation, and is not needed here.
MACHINE_KERNEL_OPTIONS='cryptomgr.notests mitigations=off ipv6.disable=1'
MACHINE_MODULES=(
	kernel/drivers/virtio kernel/drivers/block/virtio_blk.ko kernel/drivers/net/virtio_net.ko
	kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko modules.builtin modules.order
)

machine_make() { # FILTER...
	[[ $(dpkg --print-architecture) == amd64 ]] ||
		die "the machine is an amd64 one, so it needs an amd64 host. Take --machine loop"
	_machine_kernel_ensure
	_machine_make_root
	_machine_make_disk "$@"
	step machine "$(du --human-readable --total "$MACHINE_DIR" | tail -n 1 | cut -f 1) in $MACHINE_DIR"
}

# KEEP-SEED: what the disk keeps though it was not flushed, see disk.py.
machine_boot() { # [KEEP-SEED]
	local port=$((WEB_PORT + PORTS_COUNT - 1))
	process_ensure disk -- /usr/bin/python3 "$POWERLOSS_DIR/disk.py" "$MACHINE_IMAGE" "$port" "$@"
	await 60 disk _machine_disk_listens "$port" ||
		die_with_log "$LOG_DIR/disk.log" "the disk of the machine did not start. Its log says why"
	process_ensure machine -- qemu-system-x86_64 \
		-accel "$(_machine_accelerator)" -cpu max -smp 2 -m "$MACHINE_MEMORY" \
		-nodefaults -no-user-config -display none -no-reboot -serial stdio \
		-kernel "$(_machine_kernel_dir)"/boot/vmlinuz-* -initrd "$MACHINE_DIR/initramfs" \
		-append "console=ttyS0 quiet panic=-1 $MACHINE_KERNEL_OPTIONS" \
		-blockdev "driver=nbd,node-name=disk,server.type=inet,server.host=127.0.0.1,server.port=$port" \
		-device virtio-blk-pci,drive=disk \
		-netdev "user,id=net$(_machine_forward "$NATS_PORT" "$NATS_MONITOR_PORT" "$POSTGRES_PORT")" \
		-device virtio-net-pci,netdev=net,romfile=
	await "$MACHINE_BOOT_SECONDS" machine _machine_is_well ||
		die_with_log "$LOG_DIR/machine.log" "broker or database did not come up in the machine. Its" \
			"console is $LOG_DIR/machine.log"
}

# The power goes: whatever the machine did is not done any further, and the disk forgets. Prints when
# that was, in seconds, and what was forgotten.
machine_cut() {
	local at=$EPOCHREALTIME
	machine_off
	printf '%s %s\n' "$at" "$(tail -n 1 "$LOG_DIR/disk.log")"
}

_machine_disk_listens() { # PORT
	[[ -n $(_listening_sockets "$1") ]]
}

# KVM where it is that of the processor. Else software emulation, some ten times slower: also on hosts
# that have a /dev/kvm which runs only kernels made for it.
_machine_accelerator() {
	if [[ -w /dev/kvm && (-d /sys/module/kvm_intel || -d /sys/module/kvm_amd) ]]; then
		printf 'kvm\n'
	else
		printf 'tcg,thread=multi\n'
	fi
}

_machine_forward() { # PORT...
	local port
	for port in "$@"; do
		printf ',hostfwd=tcp:127.0.0.1:%s-:%s' "$port" "$port"
	done
}

_machine_kernel_dir() {
	printf '%s\n' "$TOOLS_DIR/linux-cloud"
}

# A kernel with virtio, fetched once for all copies.
_machine_kernel_ensure() {
	local log=$LOG_DIR/kernel.log folder new package
	folder=$(_machine_kernel_dir)
	new=$folder.new
	[[ ! -d $folder ]] || return 0
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
	[[ -n $package ]] || die "apt knows no linux-image-cloud-amd64. Try: apt-get update"
	rm -rf "$new" && mkdir -p "$new"
	(cd "$new" && apt-get --quiet download "$package" && dpkg-deb --extract ./*.deb . && rm ./*.deb) \
		>"$log" 2>&1 ||
		die_with_log "$log" "the kernel for the machine could not be fetched. Is the network there?"
	mv "$new" "$folder"
}

_machine_make_root() {
	local root=$MACHINE_DIR/root
	rm -rf "$root" && mkdir -p "$root"/{bin,etc}
	_machine_copy_modules "$root"
	cp /bin/busybox "$root/bin"
	cp "$NATS_SERVER" "$root/bin/nats-server"
	cp "$POWERLOSS_DIR/init" "$root/init"
	_machine_copy "$root" "$POSTGRES_BIN/postgres" "${POSTGRES_BIN%/bin}"/lib/*.so \
		/usr/share/postgresql /usr/share/zoneinfo /usr/lib/locale/C.utf8
	_machine_copy_libraries "$root" "$NATS_SERVER" "$POSTGRES_BIN/postgres"
	printf 'root:x:0:0::/:\npostgres:x:%s::/:\n' "$POSTGRES_OWNER" >"$root/etc/passwd"
	printf '%s=%q\n' NATS_DIR "$NATS_DIR" POSTGRES_PLACE "$POSTGRES_PLACE" \
		POSTGRES_BIN "$POSTGRES_BIN" POSTGRES_OWNER "$POSTGRES_OWNER" >"$root/machine.env"
	(cd "$root" && find . | cpio --create --format=newc --quiet) >"$MACHINE_DIR/initramfs"
	rm -rf "$root"
}

_machine_copy_modules() { # ROOT
	local version folder
	folder=$(printf '%s\n' "$(_machine_kernel_dir)"/lib/modules/*)
	version=$(basename "$folder")
	mkdir -p "$1/lib/modules/$version"
	(cd "$folder" && cp --recursive --parents "${MACHINE_MODULES[@]}" "$1/lib/modules/$version")
	busybox depmod -b "$1" "$version"
}

_machine_copy() { # ROOT PATH...
	cp --recursive --dereference --parents "${@:2}" "$1"
	# Compiles queries to machine code; switched off by deploy/postgres, and as large as all the rest.
	find "$1" -name 'llvmjit*' -delete
}

_machine_copy_libraries() { # ROOT PROGRAM...
	local libraries
	mapfile -t libraries < <(ldd "${@:2}" | grep --only-matching '/[^ ]*\.so[^ ]*' | sort --unique)
	_machine_copy "$1" "${libraries[@]}"
}
