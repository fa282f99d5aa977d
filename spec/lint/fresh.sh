# Fails if gen/ is not what `go generate` makes of spec/ now; part of `make lint`.
# The generator runs in a copy of the tree, so that no file of the checkout is touched.
set -e
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -co --exclude-standard | while read -r file; do [ ! -e "$file" ] || echo "$file"; done | tar -cf - -T - | tar -xf - -C "$copy"
# Without the old output, a file that no document asks for any longer shows up too.
find "$copy/gen" -name '*.gen.go' -delete
(cd "$copy" && ${GO:-go} generate ./...)
if ! diff -r gen "$copy/gen" >"$copy/diff"; then
	head -n 40 "$copy/diff"
	echo "make lint: gen/ is stale (above, < is what is there, > what it should be): run make generate" >&2
	exit 1
fi
untracked=$(git ls-files --others gen)
if [ -n "$untracked" ]; then
	echo "make lint: generated, but not added to git: $untracked" >&2
	exit 1
fi
