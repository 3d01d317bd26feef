#!/bin/sh
# `page-holders` on the PATH: the command line in Node, with the tables of large captures in huge pages where the system
# has them for who asks (/sys/kernel/mm/transparent_hugepage/enabled: madvise). glibc asks, if it is told to when a program
# starts; nothing from within can. Without it the first writes to 150 MB are a quarter of the time that a report on
# 2.4 million events takes. Other C libraries pass over the variable.
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
case ${GLIBC_TUNABLES-} in
  *glibc.malloc.hugetlb=*) ;;
  *) export GLIBC_TUNABLES="${GLIBC_TUNABLES:+$GLIBC_TUNABLES:}glibc.malloc.hugetlb=1" ;;
esac
# Nothing here opens a connection, and Node 20 reads the certificates of a whole system for 70 ms when it starts.
unset NODE_EXTRA_CA_CERTS
exec node "${self%/*}/page-holders.js" "$@"
