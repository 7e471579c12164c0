#!/bin/sh
# Installs Debian's packages for the browser and switch tests and for the demo's switch.
# No service of theirs is started: the tests and the demo start what they need themselves.
set -eu

PACKAGES="chromium kamailio kamailio-redis-modules kamailio-postgres-modules
kamailio-tls-modules kamailio-utils-modules kamailio-json-modules kamailio-extra-modules
sip-tester rtpengine-daemon"
SERVICES="kamailio rtpengine-daemon"
POLICY=/usr/sbin/policy-rc.d

missing=""
for package in $PACKAGES; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "All of Debian's packages are installed."
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null; then
        echo "Installing as root, through sudo:$missing"
        exec sudo "$0"
    fi
    echo "These packages are missing, and only root can install them:$missing" >&2
    exit 1
fi

echo "Installing:$missing"
made_policy=""
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod +x "$POLICY"
    made_policy=yes
    trap 'rm -f "$POLICY"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet --quiet
# shellcheck disable=SC2086 # a list of names
apt-get install --yes --quiet --quiet --no-install-recommends $missing

# Nor at the next boot, for services that came with this installation.
if command -v systemctl >/dev/null; then
    for service in $SERVICES; do
        case "$missing" in
            *"$service"*) systemctl disable --quiet "$service" 2>/dev/null || true ;;
        esac
    done
fi
[ -z "$made_policy" ] || echo "No service was started."
