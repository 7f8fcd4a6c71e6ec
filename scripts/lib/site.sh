# Makes .venv-site, in which the documentation is built and the workflows are checked. Sourced; sets SITE.
# shellcheck shell=bash

SITE="$ROOT/.venv-site"

find_site_tools() {
  local wanted uv
  wanted=$(sha256sum <"$ROOT/requirements/site.txt")
  [ "$(cat "$SITE/.requirements.sha256" 2>/dev/null)" != "$wanted" ] || return 0
  uv=$(command -v uv || echo "$ROOT/.uv/bin/uv")
  if [ ! -x "$uv" ]; then
    python3 -m venv "$ROOT/.uv" && "$ROOT/.uv/bin/python" -m pip install --quiet uv || fail "uv could not be installed."
  fi
  step "Environment: .venv-site"
  "$uv" venv --quiet --clear --python ">=3.11" "$SITE"
  "$uv" pip sync --quiet --python "$SITE/bin/python" --require-hashes "$ROOT/requirements/site.txt"
  printf '%s' "$wanted" >"$SITE/.requirements.sha256"
}
