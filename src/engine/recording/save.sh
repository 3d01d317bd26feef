if [ -n "$pinner_files" ]; then
	for file in buffer alloc_contig_failed longterm_pinner; do
		if [ ! -r "$pinner_files/$file" ]; then continue; fi
		copy=$output/page_pinner-$file.txt
		cat "$pinner_files/$file" >"$copy"
		if [ ! -s "$copy" ]; then rm "$copy"; fi
	done
fi

# save FILE NAME: a copy, compressed where that can be done.
save() {
	say "copies $1"
	if command -v gzip >/dev/null; then
		# Of files in /proc gzip knows no size, and complains when they have one in the end.
		# shellcheck disable=SC2002
		cat "$1" | gzip -c >"$output/$2.gz" || say "WARNING: $1 could not be copied whole."
	else
		cat "$1" >"$output/$2" || say "WARNING: $1 could not be copied whole."
	fi
}

# Who allocated the pages, as of now.
if [ "$page_owner" = yes ]; then
	if [ -r "$debugfs/page_owner" ]; then
		save "$debugfs/page_owner" page_owner.txt
	else
		say "no $debugfs/page_owner: boot with page_owner=on (CONFIG_PAGE_OWNER) to see who allocated the pages."
	fi
fi
# Names of the addresses of this boot.
if [ "$kallsyms" = yes ] && [ -r "$proc_kallsyms" ]; then
	if grep -q -v '^00* ' "$proc_kallsyms"; then
		save "$proc_kallsyms" kallsyms
	else
		say "WARNING: $proc_kallsyms has no addresses and was not copied: in this boot, sysctl kernel.kptr_restrict=1 and"
		say "WARNING: cat $proc_kallsyms >kallsyms. Only captures with bare addresses need it."
	fi
fi

say "done. Open all files of $output together, on any machine: page-holders report $output/*"
ls -l "$output" >&2
(exit "$status")
