# Says which direct dependencies are behind: of each module, of the tools that are run by version, and
# of the npm packages; `make outdated` runs it. It changes nothing.
for mod in $(git ls-files '*go.mod' | grep -v /testdata/); do
	dir=$(dirname "$mod")
	(cd "$dir" && $GO list -m -f '{{if not (or .Indirect .Main .Replace)}}{{.Path}}{{end}}' all | while read -r path; do
		$GO list -m -u -f "$dir: {{with .Update}}{{\$.Path}} {{\$.Version}}, newest is {{.Version}}{{end}}" "$path" | grep 'newest is'
	done)
done
for tool in $TOOLS; do
	newest=$($GO list -m -f '{{.Version}}' "$(echo "${tool%@*}" | sed 's,/cmd/.*,,')@latest")
	[ "$newest" = "${tool#*@}" ] || echo "Makefile: ${tool%@*} ${tool#*@}, newest is $newest"
done
if command -v "$NPM" >/dev/null; then
	for lock in $(git ls-files '*package-lock.json'); do
		dir=$(dirname "$lock")
		(cd "$dir" && $NPM outdated --json 2>/dev/null) | node -e '
			const found = JSON.parse(require("fs").readFileSync(0, "utf8") || "{}");
			for (const [name, it] of Object.entries(found)) {
				if (it.wanted !== it.latest) console.log(`${process.argv[1]}: ${name} ${it.wanted}, newest is ${it.latest}`);
			}' "$dir"
	done
fi
exit 0
