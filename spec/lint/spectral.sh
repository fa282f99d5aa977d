# Lints the documents with Spectral, a linter that others wrote; part of `make lint`.
# NPM_CI is the command that installs exactly what package-lock.json says.
set -e
cd spec/lint
# npm writes this file last, so it is newer than the lock file only after a whole installation.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then $NPM_CI; touch node_modules/.package-lock.json; fi
for document in ../*.yaml; do
	case $document in *.cfg.yaml) ;; *) node_modules/.bin/spectral lint --quiet --fail-severity warn --ruleset .spectral.yaml "$document" ;; esac
done
