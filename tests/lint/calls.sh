#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calls that have one home: paths go to the kernel in src/os alone, memory comes from src/base/alloc.c alone, the processor
# is asked in src/base/cpu.c alone, the process's own state is nobody's.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
bad=0

# forbid WHAT PATTERN FILE...: prints the lines that call one of PATTERN.
forbid() {
  what=$1 pattern=$2
  shift 2
  if grep -nE "(^|[^A-Za-z0-9_>.\"])($pattern)\\(" "$@" /dev/null | grep -vE '^[^:]*:[0-9]+: *(/?\*|//)'; then
    echo "^ $what"
    bad=1
  fi
}

sources=$(find src -name '*.c' -o -name '*.h' | sort)
outside_os=$(printf '%s\n' $sources | grep -v '^src/os/')
outside_cpu=$(printf '%s\n' $sources $(find cmd -name '*.c') | grep -v '^src/base/cpu\.c$')
outside_alloc=$(printf '%s\n' $sources | grep -vE '^src/base/(alloc\.c|map\.c)$')

forbid "only src/os passes paths to the kernel" \
  'open|openat|creat|stat|lstat|fstatat|mkdir|mkdirat|unlink|unlinkat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|mknod|mknodat|mkfifo|chmod|fchmodat|chown|lchown|fchownat|readlink|readlinkat|opendir|truncate|setxattr|lsetxattr|getxattr|lgetxattr|utimensat|realpath|access|faccessat|fopen' \
  $outside_os
forbid "memory comes from base/alloc.h" 'malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf' $outside_alloc
forbid "only base/cpu.c asks the processor, which costs time at every start" \
  '__builtin_cpu_supports|__builtin_cpu_is|__builtin_cpu_init|__cpuid|__cpuid_count|__get_cpuid|__get_cpuid_count|__get_cpuid_max|target_clones|_xgetbv' \
  $outside_cpu
forbid "the process belongs to the program, not to the library" \
  'umask|chdir|fchdir|chroot|setlocale|signal|sigaction|exit|_exit|abort|getenv|setenv|putenv|system|popen|fork|vfork|execve|execvp|printf|fprintf|puts|perror' \
  $sources
forbid "this cannot be made safe" 'strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|atoi|atol|mktemp|tmpnam|strtol|strtoul|strtoull|strtoll' \
  $sources $(find cmd -name '*.c')
exit $bad
