#!/bin/sh
# Run the stand-alone driver of the kernels under AddressSanitizer with UBSan, under ThreadSanitizer, and in a release build
# (guard pages only): tools/sanitize.sh [calls per level]. Any report ends the script with an error.
set -eu
cd "$(dirname "$0")/.."
calls="${1:-150}"
out=build/sanitize
mkdir -p "$out"

levels="portable"
case "$(uname -m)" in x86_64) levels="portable avx2 avx512" ;; esac

flags_of() {
  case "$1" in
    avx2) echo "-mavx2 -mfma" ;;
    avx512) echo "-mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma" ;;
  esac
}

check() {
  name="$1"
  shift
  objects=""
  for level in $levels; do
    # shellcheck disable=SC2046
    ${CXX:-c++} -std=gnu++20 -Icsrc -ffp-contract=off -fno-math-errno "$@" $(flags_of "$level") -c "csrc/isa/$level.cpp" -o "$out/$name-$level.o"
    objects="$objects $out/$name-$level.o"
  done
  # shellcheck disable=SC2086
  ${CXX:-c++} -std=gnu++20 -Icsrc "$@" -DELMAN_KEEP_NO_BLOCKS csrc/tests/*.cpp csrc/ctc/*.cpp csrc/isa/level.cpp \
    csrc/memory/pool.cpp csrc/ngrams/mixture.cpp csrc/ragged/ragged.cpp csrc/stack/stack.cpp $objects -o "$out/$name" -pthread
  echo "$name:"
  "$out/$name" "$calls"
}

check release -O3 -w
check address -O1 -g1 -w -fsanitize=address,undefined -fno-sanitize=null,object-size -fno-sanitize-recover=all
check thread -O1 -g1 -w -fsanitize=thread
