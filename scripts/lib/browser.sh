# What the tests of the dashboard card need beside Python: Chromium, Node.js, and the packages of frontend/. Sourced.
# shellcheck shell=bash

install_from_debian() { # what it is for, packages...
  local purpose=$1
  shift
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    fail "$purpose is missing. Install it (Debian: sudo apt-get install $*), then run this again."
  fi
  step "$purpose: installing it"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } > /dev/null ||
    fail "$purpose could not be installed. Install it ($*), then run this again."
}

find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    command -v "$name" > /dev/null && return 0
  done
  install_from_debian Chromium chromium
}

check_frontend() {
  if ! command -v npm > /dev/null || ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
    install_from_debian "Node.js (20.19 or newer) with npm" nodejs npm
  fi
  local stamp=frontend/node_modules/.package-lock.sha256 wanted
  wanted=$(sha256sum < frontend/package-lock.json)
  if [ "$(cat "$stamp" 2> /dev/null)" != "$wanted" ]; then
    step "Card: installing the packages of frontend/"
    npm ci --prefix frontend --no-audit --no-fund --silent || fail "npm ci failed in frontend/ (see above)."
    printf '%s' "$wanted" > "$stamp"
  fi
  step "Card: types, style, unit tests, and whether the bundle is what its source gives"
  npm run --prefix frontend --silent check
}
