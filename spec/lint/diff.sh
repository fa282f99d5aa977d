# Says what changed in the documents of spec/ since a revision, for people; `make spec-diff` runs it.
# Ends with 0 if nobody breaks, 1 on a breaking change (make turns that into its own 2), 2 if
# the question cannot be answered. OASDIFF is the command that compares; severity.txt raises
# what it takes lightly: that deprecated operations may go, and that nobody misses a field.
base=$1
if [ -z "$base" ]; then
	echo "make spec-diff: say since when: make spec-diff BASE=<revision>, as BASE=main or BASE=v0.1.0" >&2
	exit 2
fi
if ! git rev-parse --quiet --verify "$base^{commit}" >/dev/null; then
	echo "make spec-diff: BASE=$base is no revision of this repository: see git log and git tag" >&2
	exit 2
fi

# Of every document, then or now; *.cfg.yaml are the generator's settings.
documents=$( { git ls-tree --name-only "$base" spec/; ls spec/*.yaml; } | grep '\.yaml$' | grep -v '\.cfg\.yaml$' | sort -u)
status=0
for document in $documents; do
	if [ ! -e "$document" ]; then
		echo "$document: was there at $base and is gone: breaking"
		status=1
	elif ! git cat-file -e "$base:$document" 2>/dev/null; then
		echo "$document: not there at $base: all of it is new"
	elif git show "$base:$document" | cmp -s - "$document"; then
		echo "$document: as at $base"
	else
		echo "$document, since $base:"
		if $OASDIFF changelog --flatten-allof --fail-on ERR --severity-levels spec/lint/severity.txt "$base:$document" "$document"; then
			echo "$document: nothing breaking since $base"
		else
			echo "$document: breaking since $base (or not comparable, if an error stands above)"
			status=1
		fi
	fi
done
exit $status
