# build - compiles the programs with meson and ninja.

build_ensure() {
	local log=$LOG_DIR/build.log options=(--buildtype=release)
	if [[ ${FIRSTCOME_SANITIZE:-0} == 1 ]]; then
		options=(--buildtype=debugoptimized '-Db_sanitize=address,undefined')
	fi
	if [[ ! -f $BUILD_DIR/build.ninja ]]; then
		run_logged build "$log" meson setup "${options[@]}" "$BUILD_DIR" "$CHECKOUT_DIR" ||
			die_with_log "$log" "meson could not configure $BUILD_DIR. Remove it and try again"
	fi
	run_logged build "$log" ninja -C "$BUILD_DIR" ||
		die_with_log "$log" "the build failed. Look at the first error in $log"
	step build "$BUILD_DIR is up to date"
}

# The executable of a program: ingress, sequencer, fulfiller, notifier, or cli.
build_program() { # PROGRAM
	local name=$1
	[[ $1 != cli ]] || name=firstcome
	printf '%s\n' "$BUILD_DIR/$1/$name"
}

build_require_program() { # PROGRAM
	[[ -x $(build_program "$1") ]] ||
		die "$(build_program "$1") is not there. Build it with deploy/up, or name a build folder" \
			"in FIRSTCOME_BUILD"
}
