package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operation is one call of the API, however it was described.
type operation struct {
	route      string // method and path, such as DELETE /channels/{id}
	deprecated bool
	request    model // nil if it has no body
	response   model // of its success
}

// model maps the JSON paths of a body to their fields; "attachments[].id" is one.
type model map[string]field

type field struct {
	kind     string // string, number, boolean, object or array
	required bool
	enum     []string // sorted
}

// compare says in words where the two differ, in the order of names.
func compare(published, document map[string]operation) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, name := range union(published, document) {
		p, inPackage := published[name]
		d, inDocument := document[name]
		switch {
		case !inDocument:
			say("%s: the package has it (%s), the document lacks it", name, p.route)
			continue
		case !inPackage:
			say("%s: the document has it (%s), the package lacks it", name, d.route)
			continue
		}
		if p.route != d.route {
			say("%s: the package calls %s, the document says %s", name, p.route, d.route)
		}
		if p.deprecated != d.deprecated {
			say("%s: deprecated is %v in the package, %v in the document", name, p.deprecated, d.deprecated)
		}
		found = append(found, compareModels(name+" request", p.request, d.request, true)...)
		found = append(found, compareModels(name+" answer", p.response, d.response, false)...)
	}
	return found
}

// compareModels asks less of answers: the package lets every field of one be missing, and the
// document leaves their enums open so that a new value breaks nobody.
func compareModels(where string, published, document model, isRequest bool) []string {
	var found []string
	for _, path := range union(published, document) {
		p, inPackage := published[path]
		d, inDocument := document[path]
		switch {
		case !inDocument:
			found = append(found, fmt.Sprintf("%s: the package has %s (%s), the document lacks it", where, path, p.kind))
			continue
		case !inPackage:
			found = append(found, fmt.Sprintf("%s: the document has %s (%s), the package lacks it", where, path, d.kind))
			continue
		}
		if p.kind != d.kind {
			found = append(found, fmt.Sprintf("%s: %s is a %s in the package, a %s in the document", where, path, p.kind, d.kind))
		}
		if isRequest && p.required != d.required {
			found = append(found, fmt.Sprintf("%s: %s: required is %v in the package, %v in the document", where, path, p.required, d.required))
		}
		if (isRequest || len(d.enum) > 0) && !slices.Equal(p.enum, d.enum) {
			found = append(found, fmt.Sprintf("%s: %s is one of [%s] in the package, one of [%s] in the document",
				where, path, strings.Join(p.enum, " "), strings.Join(d.enum, " ")))
		}
	}
	return found
}

func union[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
