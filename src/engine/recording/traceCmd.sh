
# ---- Recording, by trace-cmd in a buffer of its own --------------------------------------------

command -v trace-cmd >/dev/null || die "there is no trace-cmd: install it, or use the script for tracefs alone."

# An instance has buffers, events, filters and options of its own: whoever else traces is not disturbed.
buffer=$tracefs/instances/page_holders
if [ -d "$buffer" ]; then
	die "$buffer is in use: another recording runs, or one was killed. Then: rmdir $buffer"
fi
# trace-cmd removes it by itself, unless it is killed.
instance=$buffer

# Ctrl+C is for trace-cmd: it ends the recording and writes the file.
trap : INT

# Options are put before the command that is recorded, so the last of them is put first.
if [ $# -eq 0 ] && [ -n "$seconds" ]; then set -- sleep "$seconds"; fi
for event in $context_events; do set -- -e "$event" "$@"; done
for event in $page_events; do
	only=$(filter_of "$event")
	# A trigger knows nothing of the filter: without its own, stacks of all pages would be written.
	if [ "$stack" = trigger ]; then set -- -R "stacktrace${only:+ if $only}" "$@"; fi
	if [ -n "$only" ]; then set -- -f "$only" "$@"; fi
	set -- -e "$event" "$@"
done
if [ "$stack" = option ]; then set -- -T "$@"; fi
# Without -d it writes to /proc/sys/kernel/ftrace_enabled, which is everybody's.
set -- record -d -o "$output/trace.dat" -B page_holders -C "$clock" -b "$buffer_kb" "$@"

say "trace-cmd $*"
status=0
trace-cmd "$@" || status=$?
if [ ! -s "$output/trace.dat" ]; then die "trace-cmd wrote nothing: status $status"; fi

# ---- Saving ------------------------------------------------------------------------------------

