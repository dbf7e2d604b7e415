# copy - a copy of everything for one kind of check, and tests of tests/pipeline on it. Only defines.
#
# The caller sets CHECK (a word) and PORT, then:
#	copy_prepare    its folder is .test-$CHECK, its ports begin at PORT; wiped if it was there
#	copy_up         starts it, with what build_program says
#	copy_tests TEST...    runs them, as "module" or "module.Class"; false if one fails
#	copy_down       stops it; the logs stay

source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib/load.sh"
TESTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

COPY_PROGRAMS=(
	cli/firstcome ingress/ingress sequencer/sequencer fulfiller/fulfiller notifier/notifier cashier/cashier
	tests/pipeline/bus_probe
)

copy_prepare() {
	export FIRSTCOME_HOME=${FIRSTCOME_HOME:-$TESTS_DIR/../.test-$CHECK}
	export FIRSTCOME_PORT=${FIRSTCOME_PORT:-$PORT}
	export FIRSTCOME_BUILD=${FIRSTCOME_BUILD:-$TESTS_DIR/../build-$CHECK}
	"$TESTS_DIR/../deploy/down" --wipe >/dev/null 2>&1 || true
	settings_load
	settings_make_folders
	packages_ensure
}

# A build folder with options of its own.
copy_build() { # MESON-OPTION...
	local log=$LOG_DIR/build.log
	if [[ ! -f $BUILD_DIR/build.ninja ]]; then
		run_logged build "$log" meson setup "$@" "$BUILD_DIR" "$CHECKOUT_DIR" ||
			die_with_log "$log" "meson could not configure $BUILD_DIR. Remove it and try again"
	fi
	run_logged build "$log" ninja -C "$BUILD_DIR" "${COPY_PROGRAMS[@]}" ||
		die_with_log "$log" "the build failed. Look at the first error in $log"
	step build "$BUILD_DIR is up to date"
}

copy_up() {
	secrets_ensure
	settings_save
	nats_ensure
	postgres_ensure
	sandbox_ensure
	programs_configure
	programs_migrate
	programs_ensure
	programs_await_ready
	programs_write_run_env
}

copy_tests() { # TEST...
	(cd "$TESTS_DIR/pipeline" && PYTHONPATH=$TESTS_DIR/tools /usr/bin/python3 -m unittest "$@")
}

# Here and not in deploy/down, because the caller may have set STOP_SECONDS.
copy_down() {
	process_stop "${PROGRAMS[@]}"
	"$DEPLOY_DIR/down" >"$LOG_DIR/down.log" 2>&1 || show_log_tail "$LOG_DIR/down.log"
}
