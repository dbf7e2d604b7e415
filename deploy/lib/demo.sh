# demo - publishes the demo campaign and opens it, once.

DEMO_CAMPAIGN=burger

demo_ensure() {
	local log=$LOG_DIR/demo.log
	: >"$log"
	if ! firstcome campaign get "$DEMO_CAMPAIGN" >>"$log" 2>&1; then
		firstcome campaign publish "$DEPLOY_DIR/demo/$DEMO_CAMPAIGN.json" >>"$log" 2>&1 ||
			die_with_log "$log" "the demo campaign could not be published"
	fi
	# Also after an up that ended between the two.
	if _demo_is_scheduled; then
		firstcome campaign start "$DEMO_CAMPAIGN" >>"$log" 2>&1 ||
			die_with_log "$log" "the demo campaign could not be started"
		step demo "campaign $DEMO_CAMPAIGN is open"
	else
		step demo "campaign $DEMO_CAMPAIGN is there"
	fi
}

_demo_is_scheduled() {
	firstcome campaign get "$DEMO_CAMPAIGN" -o json 2>/dev/null |
		grep --quiet --extended-regexp '"state" *: *"scheduled"'
}
