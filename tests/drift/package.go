package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// published is what an npm package of the vendor says of the Channels API.
type published struct {
	name       string // with its version
	operations map[string]operation
}

// The package is made by OpenAPI Generator, so its shape is the generator's. What of it cannot be
// read is an error rather than a difference: the shape has changed then, not the API.
var (
	signature  = regexp.MustCompile(`(?m)^    (\w+)\(requestParameters\??: ChannelsApi\w+\): Promise<(\w+)>;`)
	body       = regexp.MustCompile(`\b([A-Z]\w+)\?: ([A-Z]\w+)\)`)
	methodOf   = regexp.MustCompile(`Object\.assign\({ method: '([A-Z]+)' }`)
	property   = regexp.MustCompile(`(?m)^    '([^']+)'(\??): ([^;]+);`)
	enumValues = regexp.MustCompile(`readonly \w+: "([^"]*)"`)
)

func readPackage(dir string) (published, error) {
	var about struct{ Name, Version string }
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err == nil {
		err = json.Unmarshal(text, &about)
	}
	if err != nil {
		return published{}, fmt.Errorf("the package's package.json: %w", err)
	}
	r := reader{models: filepath.Join(dir, "dist", "versions", "v1", "models")}
	p := published{name: about.Name + " " + about.Version, operations: map[string]operation{}}
	api := filepath.Join(dir, "dist", "versions", "v1", "api", "channels-api")
	types, err := os.ReadFile(api + ".d.ts")
	if errors.Is(err, os.ErrNotExist) {
		return p, nil // all four operations are gone
	} else if err != nil {
		return published{}, err
	}
	code, err := os.ReadFile(api + ".js")
	if err != nil {
		return published{}, err
	}
	for _, s := range signature.FindAllStringSubmatch(string(types), -1) {
		op, err := r.operation(s[1], s[2], string(types), string(code))
		if err != nil {
			return published{}, fmt.Errorf("%s: %s: %w", p.name, s[1], err)
		}
		p.operations[s[1]] = op
	}
	if len(p.operations) == 0 {
		return published{}, fmt.Errorf("%s: channels-api.d.ts has no operation that can be read: its shape has changed", p.name)
	}
	return p, nil
}

type reader struct{ models string }

// operation reads one operation: its types from the declarations, its route from the code.
func (r reader) operation(name, response, types, code string) (operation, error) {
	_, declared, ok := strings.Cut(types, "\n    "+name+": (")
	_, made, ok2 := strings.Cut(code, "\n        "+name+": (")
	if !ok || !ok2 {
		return operation{}, errors.New("its declaration cannot be found")
	}
	parameters, _, _ := strings.Cut(declared, "\n")
	path, method := regexp.MustCompile("localVarPath = `([^`]+)`").FindStringSubmatch(made), methodOf.FindStringSubmatch(made)
	if path == nil || method == nil {
		return operation{}, errors.New("its path cannot be found")
	}
	before, _, _ := strings.Cut(types, "\n    "+name+": (")
	comment := before[strings.LastIndex(before, "/**")+1:]
	op := operation{route: method[1] + " " + path[1], deprecated: strings.Contains(comment, "@deprecated"), response: model{}}
	if b := body.FindStringSubmatch(parameters); b != nil {
		op.request = model{}
		if err := r.add(op.request, "", b[2], 0); err != nil {
			return operation{}, err
		}
	}
	return op, r.add(op.response, "", response, 0)
}

// add adds the properties of a model of the package, and theirs, below a path.
func (r reader) add(to model, prefix, name string, depth int) error {
	if depth > 8 {
		return fmt.Errorf("the model %s contains itself", name)
	}
	text, err := os.ReadFile(filepath.Join(r.models, fileOf(name)+".d.ts"))
	if err != nil {
		return err
	}
	_, declared, ok := strings.Cut(string(text), "export interface "+name+" {")
	if !ok {
		return fmt.Errorf("the model %s is no interface: its shape has changed", name)
	}
	declared, rest, _ := strings.Cut(declared, "\n}")
	for _, p := range property.FindAllStringSubmatch(declared, -1) {
		path, kind := prefix+p[1], p[3]
		f := field{kind: kind, required: p[2] == ""}
		element, isArray := strings.CutPrefix(kind, "Array<")
		element = strings.TrimSuffix(element, ">")
		switch {
		case strings.HasSuffix(kind, "Const"):
			_, values, _ := strings.Cut(rest, "const "+kind+": {")
			values, _, _ = strings.Cut(values, "}")
			for _, v := range enumValues.FindAllStringSubmatch(values, -1) {
				f.enum = append(f.enum, v[1])
			}
			slices.Sort(f.enum)
			f.kind = "string"
		case isArray:
			f.kind = "array"
			if isModel(element) {
				if err := r.add(to, path+"[].", element, depth+1); err != nil {
					return err
				}
			}
		case isModel(kind):
			f.kind = "object"
			if err := r.add(to, path+".", kind, depth+1); err != nil {
				return err
			}
		}
		to[path] = f
	}
	return nil
}

func isModel(kind string) bool { return kind[0] >= 'A' && kind[0] <= 'Z' }

// fileOf spells AddChannelRequest as add-channel-request, and DeleteChannel200Response as
// delete-channel200-response.
func fileOf(name string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(name, "$1-$2"))
}
