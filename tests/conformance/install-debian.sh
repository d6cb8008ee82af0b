#!/bin/sh
# Installs the programs that tests/conformance drives against hw_sim, mosquitto, swaks and tshark for the bridges, and the
# PHP of docs/examples, from Debian (bookworm or later), as root.
# No service is started: policy-rc.d forbids it while the packages are configured.
set -eu

POLICY=/usr/sbin/policy-rc.d
KEPT=""
if [ -e "$POLICY" ]; then
    KEPT=$(mktemp)
    cp -p "$POLICY" "$KEPT"
fi
restore() {
    if [ -n "$KEPT" ]; then mv "$KEPT" "$POLICY"; else rm -f "$POLICY"; fi
}
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' > "$POLICY"
chmod 755 "$POLICY"

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends gammu gammu-smsd smstools kannel gnokii-cli php-cli php-curl \
    mosquitto mosquitto-clients tshark swaks

# What a package's own unit would start at the next boot is not wanted either.
for unit in gammu-smsd smstools kannel mosquitto; do
    systemctl disable "$unit" 2>/dev/null || true
    update-rc.d "$unit" disable 2>/dev/null || true
done
