
# ---- When it ends ------------------------------------------------------------------------------

# Enter is read from the terminal: standard input may be this script itself, or at its end at once.
terminal=
if [ $# -eq 0 ] && [ -z "$seconds" ]; then
	if (: </dev/tty) 2>/dev/null; then
		terminal=/dev/tty
	else
		die "there is no terminal on which Enter could end it: give a COMMAND to record, or set seconds."
	fi
fi

# ---- Tracing, in a buffer of its own -----------------------------------------------------------

# An instance has buffers, events, filters and options of its own: whoever else traces is not disturbed.
buffer=$tracefs/instances/page_holders
if mkdir "$buffer" 2>/dev/null; then
	instance=$buffer
	# What is not a kernel's tracefs makes an empty folder.
	if [ ! -d "$buffer/events" ]; then
		rmdir "$buffer"
		instance=
		buffer=$tracefs
	fi
elif [ -d "$buffer" ]; then
	die "$buffer is in use: another recording runs, or one was killed. Then: rmdir $buffer"
else
	buffer=$tracefs
fi
if [ "$buffer" = "$tracefs" ]; then
	say "WARNING: no instance can be made: the main trace buffer is used, and what is in it is lost."
	put "$buffer/tracing_on" 0
	put "$buffer/current_tracer" nop
else
	put "$buffer/tracing_on" 0
fi
put "$buffer/trace_clock" "$clock"
put "$buffer/buffer_size_kb" "$buffer_kb"
: >"$buffer/trace"
# With offsets, debug info gives the exact line of each frame.
if [ -e "$buffer/options/sym-offset" ]; then put "$buffer/options/sym-offset" 1; fi
if [ "$stack" = option ]; then put "$buffer/options/stacktrace" 1; fi

# files SYSTEM:EVENT: its folder.
files() {
	printf '%s/events/%s' "$buffer" "$(printf '%s' "$1" | tr : /)"
}

recorded=
for event in $page_events; do
	folder=$(files "$event")
	only=$(filter_of "$event")
	if [ -n "$only" ]; then put "$folder/filter" "$only"; fi
	if [ "$stack" = trigger ]; then
		# A trigger knows nothing of the filter: without its own, stacks of all pages would be written.
		text="stacktrace${only:+ if $only}"
		printf '%s\n' "$text" >"$folder/trigger" || die "no stacktrace trigger for $event: set stack=option."
		undo="$folder/trigger|!$text$newline$undo"
	fi
	put "$folder/enable" 1
	recorded="$recorded $event"
done
for event in $context_events; do
	put "$(files "$event")/enable" 1
	recorded="$recorded $event"
done

# ---- Recording ---------------------------------------------------------------------------------

# Ctrl+C ends what is recorded, not the script: it has yet to save it.
trap : INT
put "$buffer/tracing_on" 1
say "recording events:$recorded"
status=0
if [ $# -gt 0 ]; then
	"$@" || status=$?
	say "the command ended with status $status"
elif [ -n "$seconds" ]; then
	say "make the pages fail to move now; the recording ends after $seconds s, or at Ctrl+C."
	# A signal ends wait at once, and a program in the foreground not.
	sleep "$seconds" &
	sleeper=$!
	wait "$sleeper" || true
else
	say "make the pages fail to move now; Enter or Ctrl+C ends the recording."
	IFS= read -r _ <"$terminal" || true
fi
printf '0\n' >"$buffer/tracing_on"

# ---- Saving ------------------------------------------------------------------------------------

# The text says neither which kernel it is of nor what each CPU lost; Page Holders reads the former.
{
	printf '# kernel: %s\n' "$(uname -r)"
	cat "$buffer/trace"
	for cpu in "$buffer"/per_cpu/cpu*; do sed "s|^|# ${cpu##*/} |" "$cpu/stats" 2>/dev/null || true; done
} >"$output/trace.txt"
lost=$(cat "$buffer"/per_cpu/cpu*/stats 2>/dev/null | sed -n -e 's/^overrun: //p' -e 's/^dropped events: //p' | {
	sum=0
	while read -r count; do sum=$((sum + count)); done
	echo "$sum"
})
if [ "$lost" -gt 0 ]; then
	say "WARNING: $lost events were overwritten or dropped: make buffer_kb larger, or name fewer pages."
fi
if ! grep -q '<stack trace' "$output/trace.txt"; then
	say "WARNING: no event has a stack: nothing happened on these pages, or CONFIG_STACKTRACE is missing."
fi
