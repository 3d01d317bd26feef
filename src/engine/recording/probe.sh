say() {
	printf 'record: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# No command begins with a dash: that is an option that somebody expects here.
case ${1:-} in
-h | --help)
	sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
	exit
	;;
-*) die "$1 is no command, and there are no options: what to record stands at the top of this file. Expected: $0 [COMMAND [ARGUMENT]...]" ;;
esac

# ---- What this kernel offers -------------------------------------------------------------------

if [ -z "$tracefs" ]; then
	for tracefs in /sys/kernel/tracing /sys/kernel/debug/tracing; do
		if [ -e "$tracefs/available_events" ]; then break; fi
	done
fi
if [ ! -r "$tracefs/available_events" ]; then
	die "no events in $tracefs. Run this as root; if tracefs is not mounted: mount -t tracefs nodev /sys/kernel/tracing"
fi
if [ ! -w "$tracefs/tracing_on" ]; then die "$tracefs cannot be written. Run this as root."; fi

# Events of a system, as SYSTEM:EVENT.
events_of() {
	sed -n "/^$1:/p" "$tracefs/available_events"
}

# Those of the given events that this kernel has.
offered() {
	for event in "$@"; do
		sed -n "/^$event\$/p" "$tracefs/available_events"
	done
}

# A switch of the kernel's command line: these features only work when the kernel was booted with them.
booted_with() {
	grep -q -w -e "$1=on" -e "$1=1" -e "$1=y" "$cmdline" 2>/dev/null
}

page_ref=$(events_of page_ref && events_of folio_ref)
pin_owner=$(events_of page_pin_owner)
pinner=$(events_of page_pinner)
pinner_files=$debugfs/page_pinner
if [ ! -d "$pinner_files" ]; then pinner_files=; fi

yes_no() {
	if [ -n "$1" ]; then echo yes; else echo no; fi
}

say "kernel $(uname -r)"
say "  page_ref events, every get and put (CONFIG_DEBUG_PAGE_REF): $(yes_no "$page_ref")"
say "  page_pin_owner events, puts of pages that failed to move (RFC v2): $(yes_no "$pin_owner")"
say "  page_pinner events, the same (RFC v1): $(yes_no "$pinner")"
say "  page_pinner files, the same (Android): $(yes_no "$pinner_files")"

if [ "$events" = auto ]; then
	if [ -n "$page_ref" ]; then
		events=page_ref
	elif [ -n "$pin_owner" ]; then
		events=page_pin_owner
	elif [ -n "$pinner$pinner_files" ]; then
		events=page_pinner
	else
		events=nearest
	fi
fi

# Events with a pfn field: they get the filter, and a stack each.
page_events=
case $events in
page_ref)
	if [ -z "$page_ref" ]; then die "no page_ref events: build the kernel with CONFIG_DEBUG_PAGE_REF=y, or set events=auto."; fi
	# The marks of the RFCs say why a page failed; their puts would tell of each put a second time.
	page_events="$page_ref $(offered page_pin_owner:report_page_pinners page_pinner:page_pinner_failure)"
	say "records every get and put of a page."
	;;
page_pin_owner)
	if [ -z "$pin_owner" ]; then die "no page_pin_owner events: the kernel lacks the RFC's patch. Set events=auto."; fi
	page_events=$pin_owner
	say "records the puts after each failed migration: who held a page is told by who lets it go."
	if ! booted_with page_pin_owner; then say "WARNING: not booted with page_pin_owner=on, without which its events stay silent."; fi
	;;
page_pinner)
	if [ -z "$pinner$pinner_files" ]; then die "neither page_pinner events nor its files in $debugfs. Set events=auto."; fi
	page_events=$pinner
	say "records the puts after each failed migration: who held a page is told by who lets it go."
	if ! booted_with page_pinner; then say "WARNING: not booted with page_pinner=on, without which it stays silent."; fi
	;;
nearest)
	say "WARNING: no event of this kernel shows references. What is recorded says which pages and attempts failed,"
	say "WARNING: not who held them. For that build the kernel with CONFIG_DEBUG_PAGE_REF=y."
	;;
*) die "events=$events: expected auto, page_ref, page_pin_owner or page_pinner." ;;
esac
page_events="$page_events $(offered kmem:mm_page_alloc kmem:mm_page_free)"

# Few events, which say what was tried and how it ended: never filtered.
context_events="$(events_of cma) $(offered migrate:mm_migrate_pages_start migrate:mm_migrate_pages \
	page_isolation:test_pages_isolated compaction:mm_compaction_begin compaction:mm_compaction_end \
	compaction:mm_compaction_migratepages ras:memory_failure_event memory_failure:memory_failure_event)"

# ---- Which pages -------------------------------------------------------------------------------

if [ -n "$cma_area" ]; then
	# Older kernels put cma- before the name (mm/cma_debug.c).
	for area in "$debugfs/cma/$cma_area" "$debugfs/cma/cma-$cma_area" ''; do
		if [ -r "$area/base_pfn" ]; then break; fi
	done
	if [ -z "$area" ]; then
		say "CMA areas in $debugfs/cma (CONFIG_CMA_DEBUGFS):" "$(ls "$debugfs/cma" 2>/dev/null || echo none)"
		die "no CMA area $cma_area. Set pfn_first and pfn_last instead; the kernel log says where areas were reserved."
	fi
	pfn_first=$(cat "$area/base_pfn")
	pfn_last=$((pfn_first + $(cat "$area/count") - 1))
fi

filter=
if [ -n "$pfn_first" ]; then
	pfn_last=${pfn_last:-$pfn_first}
	# An event names the head page of a folio, which may stand before the first page: as many pages as a page of
	# page table entries maps. 64 KiB pages, the largest, where getconf is missing.
	page_size=$(getconf PAGESIZE 2>/dev/null || echo 65536)
	folio_pages=$((page_size / 8))
	head=$((pfn_first / folio_pages * folio_pages))
	filter=$(printf 'pfn >= 0x%x && pfn <= 0x%x' "$head" "$((pfn_last))")
	say "only pages with $filter"
else
	say "all pages: the buffer of $buffer_kb KiB per CPU may be full within a second; a filter by pages helps most."
fi

# Only the report of the RFC has a reason; the puts of pages that failed for other reasons are recorded all the same.
reason_filter=$filter
if [ -n "$reason" ]; then reason_filter="${filter:+$filter && }reason == \"$reason\""; fi

# The filter of an event.
filter_of() {
	case $1 in
	page_pin_owner:report_page_pinners) printf '%s' "$reason_filter" ;;
	*) printf '%s' "$filter" ;;
	esac
}

if ! grep -q -w -e "$clock" "$tracefs/trace_clock"; then
	die "no trace clock $clock: expected one of $(cat "$tracefs/trace_clock")"
fi

cpus=$(($(printf '%s\n' "$tracefs"/per_cpu/cpu* | wc -l)))
say "memory while it records: $((buffer_kb * cpus / 1024)) MiB ($buffer_kb KiB of buffer for each of $cpus CPUs)"

# A folder that is not there yet: nothing is ever overwritten.
mkdir "$output" || die "cannot make the folder $output: set output to one that does not exist."
