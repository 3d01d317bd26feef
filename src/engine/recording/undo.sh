
# ---- Setting everything back -------------------------------------------------------------------

# What was changed, as FILE|FORMER VALUE, the newest first.
undo=
newline='
'

# A trace instance of our own, to be removed at the end.
instance=

# The process that waits for the end of the recording.
sleeper=

# What to write into a tracing file to have it as it is now. (read takes single bytes, and a filter file answers once.)
former() {
	line=$(cat "$1")
	line=${line%%"$newline"*}
	case $1 in
	*/trace_clock)
		line=${line#*\[}
		line=${line%%\]*}
		;;
	*/filter) if [ "$line" = none ]; then line=0; fi ;;
	*/buffer_size_kb) line=${line%% *} ;;
	*/enable) line=${line%"${line#?}"} ;;
	esac
	printf '%s' "$line"
}

# put FILE VALUE: changes a tracing file, and remembers how it was.
put() {
	was=$(former "$1")
	if ! printf '%s\n' "$2" >"$1"; then
		say "cannot write $2 to $1"
		return 1
	fi
	undo="$1|$was$newline$undo"
}

restore() {
	status=$?
	trap - EXIT
	trap '' HUP INT TERM
	if [ -n "$sleeper" ]; then kill "$sleeper" 2>/dev/null || true; fi
	printf '%s' "$undo" | while IFS='|' read -r file was; do
		printf '%s\n' "$was" >"$file" || say "could not set $file back to $was"
	done
	# Whoever was killed while reading it may take a moment to let go.
	if [ -d "$instance" ] && ! rmdir "$instance" 2>/dev/null; then
		sleep 1
		rmdir "$instance" || say "could not remove $instance"
	fi
	exit "$status"
}
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Android's page_pinner writes into files of its own.
if [ -n "$pinner_files" ]; then
	if [ -n "$threshold_us" ] && [ -e "$pinner_files/threshold" ]; then
		put "$pinner_files/threshold" "$threshold_us"
	fi
	if [ -e "$pinner_files/failure_tracking" ]; then put "$pinner_files/failure_tracking" 1; fi
fi
