#!/bin/sh
# Build the kernels and their stand-alone driver for aarch64 and run them under qemu-user: tools/qemu.sh [calls].
# Needs a cross compiler and an emulator; on Debian: apt-get install g++-aarch64-linux-gnu qemu-user.
set -eu
cd "$(dirname "$0")/.."
calls="${1:-200}"
compiler="${CROSS_CXX:-aarch64-linux-gnu-g++}"
emulator="${QEMU:-qemu-aarch64}"
for tool in "$compiler" "$emulator"; do
  command -v "$tool" >/dev/null || { echo "$tool was not found. On Debian: apt-get install g++-aarch64-linux-gnu qemu-user" >&2; exit 1; }
done
out=build/qemu
mkdir -p "$out"
flags="-std=gnu++20 -Icsrc -ffp-contract=off -fno-math-errno -w -static -pthread -DELMAN_KEEP_NO_BLOCKS"
# shellcheck disable=SC2086
"$compiler" $flags -O3 csrc/tests/*.cpp csrc/ctc/*.cpp csrc/isa/portable.cpp csrc/isa/level.cpp csrc/memory/pool.cpp csrc/ngrams/mixture.cpp csrc/ragged/ragged.cpp csrc/stack/stack.cpp -o "$out/driver"
"$compiler" --version | head -1
"$emulator" --version | head -1
"$emulator" "$out/driver" "$calls"
