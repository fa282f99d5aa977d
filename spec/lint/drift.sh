# Compares spec/channels.yaml with what the vendor publishes; `make drift` runs it.
# Without a URL: the newest npm package of its client, read by tests/drift. With one: a published
# OpenAPI document, compared by oasdiff, a tool that others wrote. Ends with 0 if both say the same, 1 if
# they differ (make turns that into its own 2), 2 if they cannot be compared.
url=$1
if [ -n "$url" ]; then
	echo "spec/channels.yaml, then $url:"
	$OASDIFF changelog --flatten-allof --allow-external-refs=false --match-path '^/channels' --fail-on INFO --color never spec/channels.yaml "$url"
	exit
fi
command -v "$NPM" >/dev/null || { echo "make drift: no npm found, which fetches the package: install Node, or give URL=<a published OpenAPI document>" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
$NPM pack pipedrive@latest --silent --pack-destination "$dir" >/dev/null && tar -xzf "$dir"/pipedrive-*.tgz -C "$dir" || { echo "make drift: the package cannot be fetched" >&2; exit 2; }
$GO run ./tests/drift "$dir/package"
