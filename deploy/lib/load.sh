# load - brings in every part of the deployment, for deploy/* and for tests/run. Only defines.
#
#	messages  settings  files       no part knows more than those to its left, and
#	ports  process                  the rows above it
#	packages  build  secrets
#	nats_program  nats  postgres  sandbox  programs  demo
#
# A copy for a test, piece by piece, with FIRSTCOME_HOME and FIRSTCOME_PORT of its own:
#	settings_load; settings_make_folders; settings_lock; settings_save; secrets_ensure
#	nats_ensure; programs_configure; program_ensure sequencer-1; process_signal KILL sequencer-1

LIBRARY_DIR=$(dirname "${BASH_SOURCE[0]}")
for LIBRARY_PART in messages settings files ports process packages build secrets \
	nats_program nats postgres sandbox programs demo; do
	# shellcheck source=/dev/null
	source "$LIBRARY_DIR/$LIBRARY_PART.sh"
done
unset LIBRARY_DIR LIBRARY_PART
